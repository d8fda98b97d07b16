"""One access token of an account, shared by all processes and fetched by one process at a time.

Most series of errcode 40001 occur because several workers each fetch a token (WECHAT.md 17). So the token is in the
shared store. A process that finds it missing, due for renewal, or rejected takes the store's lock and fetches a new
one. Meanwhile the other processes use the present token if it still works, otherwise they wait for the new one.

Three rules prevent endless fetching. After each rejected token the next fetch waits longer (0, 1, 3, 9, 27, 60 s; 4 s
at most where the source allows so many fetches), until ten minutes have passed without a rejection. A failed fetch is
remembered, so that a thousand waiting sends cause one attempt and not a thousand. And force_refresh is never used:
WeChat allows it 20 times a day.

No time of a wall clock is compared with another: such a clock can be set back, and those of two machines differ. A
process measures by its monotonic clock, and reads from the TTL in the store how old a shared token is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from codesvc.wechat.errors import NotSent, TokenRefused, TokenUnavailable, WeChatError, WeChatFault, WeChatTimeout
from codesvc.wechat.issuer import Issuer

_log = structlog.get_logger(__name__)

AHEAD: Final = 300.0  # seconds before expiry when a token is renewed; old and new both work then (WECHAT.md 3.1)
COOL_DOWN: Final = 3.0  # seconds without another fetch after a refused one; work that waits is tried every 5 s
LONGEST_COOL_DOWN: Final = 60.0  # an ordinary token may be fetched 2,000 times a day
QUICK_COOL_DOWN: Final = 4.0  # a stable token 500,000 times (WECHAT.md 3)
FORGET_REFUSALS_AFTER: Final = 600.0  # seconds after which earlier rejections no longer count
BRIEF_PAUSE: Final = 1.0  # seconds after a fetch without an answer, or when WeChat was busy
_LOCK_TTL: Final = 20.0  # longer than any fetch; short, so that a killed process does not hold it for long
_POLL: Final = 0.1
_POLLS: Final = 100
_BUSY: Final = -1


class SharedStore(Protocol):
    """The store shared by all processes. Values are secrets."""

    async def get(self, name: str) -> tuple[str, float] | None:
        """The value and the seconds until it expires, or None."""
        ...

    async def put(self, name: str, value: str, ttl: float) -> None:
        """Store a value for `ttl` seconds, replacing any other."""
        ...

    async def lock(self, name: str, ttl: float) -> bool:
        """Take a lock for at most `ttl` seconds. Returns False at once if another process holds it."""
        ...

    async def unlock(self, name: str) -> None:
        """Release a lock that this process took. Nothing happens if it has expired or belongs to another process."""
        ...


@dataclass(frozen=True, kw_only=True)
class _SharedToken:
    """A token; its times are seconds of this process's monotonic clock."""

    token: str = field(repr=False)
    fetched_at: float
    renew_at: float
    expires_at: float
    refusals: int = 0

    @classmethod
    def fresh(cls, token: str, *, now: float, life: float, refusals: int) -> "_SharedToken":
        """A token that was fetched now."""
        # stable_token may return a token that expires soon; then half of its remaining time is used.
        renew_at = now + life - min(AHEAD, life / 2)
        return cls(token=token, fetched_at=now, renew_at=renew_at, expires_at=now + life, refusals=refusals)

    def text(self) -> str:
        return f"0 {self.renew_at - self.fetched_at:.3f} {self.refusals} {self.token}"

    def cool_down(self, longest: float) -> float:
        """Seconds after the fetch during which a rejection does not cause another fetch."""
        return min(longest, 3.0 ** (self.refusals - 1)) if self.refusals else 0.0

    @classmethod
    def read(cls, kept: tuple[str, float] | None, now: float) -> "_SharedToken | None":
        """A shared token. None if the store's clock was set back since: then nothing says how old it is."""
        if kept is None:
            return None
        try:
            # Another version wrote two times of a wall clock; only their difference counts.
            fetched, renew, refusals, token = kept[0].split(" ")
            unrenewed = float(renew) - float(fetched)
            life = max(min(2 * unrenewed, unrenewed + AHEAD), 0.0)
            age = life - kept[1]
            if age < -_LOCK_TTL:
                return None
            return cls.fresh(token, now=now - max(age, 0.0), life=life, refusals=int(refusals))
        except ValueError:
            return None  # written by another version of the service; fetching again is cheap


@dataclass(frozen=True, kw_only=True)
class _Failure:
    text: str
    errcode: int | None
    until: float


class StoredTokens:
    """A `TokenSource` with a shared store.

    Args:
        name: name of the token and of its lock in the store; one for each account and kind of issuer.
        now: seconds of a monotonic clock.
        sleep: how to wait while another process fetches.
        longest_cool_down: seconds that must pass at most between two fetches after rejected tokens.
    """

    def __init__(
        self,
        *,
        name: str,
        issuer: Issuer,
        store: SharedStore,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        longest_cool_down: float = LONGEST_COOL_DOWN,
    ) -> None:
        """Does not fetch yet."""
        self._longest_cool_down = longest_cool_down
        self._name = name
        self._issuer = issuer
        self._store = store
        self._now = now
        self._sleep = sleep
        self._gate = asyncio.Lock()
        self._held: _SharedToken | None = None
        self._failure: _Failure | None = None

    async def get(self) -> str:
        """A token that should be valid.

        Raises:
            TokenUnavailable: there is none, and none could be fetched.
        """
        held, now = self._held, self._now()
        if held is not None and (now < held.renew_at or (now < held.expires_at and self._gate.locked())):
            return held.token
        return await self._next(bad=None)

    async def ages(self) -> tuple[float, float] | None:
        """Seconds since the shared token was fetched, and until it expires; None if there is none. Does not fetch."""
        held = await self._shared()
        return (self._now() - held.fetched_at, held.expires_at - self._now()) if held else None

    async def _shared(self) -> _SharedToken | None:
        kept = await self._store.get(self._name)
        return _SharedToken.read(kept, self._now())

    async def replace(self, bad: str) -> str:
        """Another token than `bad`.

        Raises:
            TokenRefused: `bad` was just fetched, or a new fetch returned it again.
            TokenUnavailable: none could be fetched.
        """
        return await self._next(bad=bad)

    async def _next(self, bad: str | None) -> str:
        if self._held is not None and self._held.token == bad:
            self._held = None  # no other task of this process should use it again
        async with self._gate:
            held = self._held
            if held is None or held.token == bad or self._now() >= held.renew_at:
                held = self._held = await self._look(bad) or await self._obtain(bad)
            return held.token

    async def _look(self, bad: str | None) -> _SharedToken | None:
        """The shared token, unless it is due for renewal or is the rejected one."""
        held = await self._shared()
        if held is None or self._now() >= held.renew_at:
            return None
        if held.token != bad:
            return held
        if self._now() - held.fetched_at < held.cool_down(self._longest_cool_down):
            raise TokenRefused("WeChat refuses a token that it has just issued")
        return None

    async def _spare(self, bad: str | None) -> _SharedToken | None:
        """A token that is due for renewal but still works, so that a failed renewal has no effect yet."""
        held = await self._shared()
        return held if held is not None and held.token != bad and self._now() < held.expires_at else None

    async def _obtain(self, bad: str | None) -> _SharedToken:
        spare = await self._spare(bad)
        if self._failure is not None and self._now() < self._failure.until:
            if spare is not None:
                return spare
            raise TokenUnavailable(self._failure.text, errcode=self._failure.errcode)
        for _ in range(_POLLS):
            if await self._store.lock(self._name, _LOCK_TTL):
                return await self._renew(bad, spare)
            if spare is not None:
                return spare
            await self._sleep(_POLL)
            found = await self._look(bad)
            if found is not None:
                return found
        raise TokenUnavailable("another process holds the lock for fetching a token, but has not fetched one")

    async def _renew(self, bad: str | None, spare: _SharedToken | None) -> _SharedToken:
        try:
            # Another process may have fetched a token between the last look and the lock.
            found = await self._look(bad)
            if found is not None:
                return found
            try:
                held = await self._fetch(await self._refusals(bad))
            except WeChatFault as fault:
                failure = self._failure = self._remember(fault)
            else:
                self._failure = None
                if held.token == bad:
                    raise TokenRefused("WeChat refuses its own token, and issues the same one again")
                return held
        finally:
            await self._store.unlock(self._name)
        if spare is None:
            raise TokenUnavailable(failure.text, errcode=failure.errcode)
        _log.warning("token_not_renewed", error=failure.text)
        return spare

    async def _refusals(self, bad: str | None) -> int:
        """How many fetches in a row followed a rejection, including the coming one."""
        if bad is None:
            return 0
        held = await self._shared()
        recent = held is not None and self._now() - held.fetched_at < FORGET_REFUSALS_AFTER
        return 1 + (held.refusals if held is not None and recent else 0)

    async def _fetch(self, refusals: int) -> _SharedToken:
        issued = await self._issuer.issue()
        held = _SharedToken.fresh(issued.token, now=self._now(), life=issued.expires_in, refusals=refusals)
        await self._store.put(self._name, held.text(), issued.expires_in)
        return held

    def _remember(self, fault: WeChatFault) -> _Failure:
        errcode = fault.errcode if isinstance(fault, WeChatError) else None
        brief = isinstance(fault, (NotSent, WeChatTimeout)) or errcode == _BUSY
        pause = BRIEF_PAUSE if brief else COOL_DOWN
        return _Failure(text=f"no access token: {fault}", errcode=errcode, until=self._now() + pause)
