"""One access token for all processes of an account, fetched by one of them at a time.

Most storms of code 40001 come from several workers that each fetch a token (WECHAT.md 17). Here the token lies in a
shared store. Whoever finds it missing, due or refused takes the store's lock and fetches; the others go on with the
present token while it works, and wait for the new one where it does not.

Three things keep this from turning in circles. Each fetch that follows a refusal makes the next one wait longer (at
once, then 1, 3, 9, 27, 60 s), until ten minutes have passed in peace. A failed fetch is remembered, so that a thousand
waiting sends make one attempt, not a thousand. And nothing is ever forced: WeChat allows 20 forced refreshes a day.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from codesvc.wechat.errors import NotSent, TokenRefused, TokenUnavailable, WeChatError, WeChatFault, WeChatTimeout
from codesvc.wechat.issuer import Issuer

_log = structlog.get_logger(__name__)

AHEAD: Final = 300.0  # seconds before its end that a token is due; both old and new work that long (WECHAT.md 3.1)
COOL_DOWN: Final = 10.0  # seconds after a refused fetch in which none follows
LONGEST_COOL_DOWN: Final = 60.0
PEACE: Final = 600.0  # seconds after which earlier refusals count no more
BRIEF_PAUSE: Final = 1.0  # seconds after a fetch that got no answer, or found WeChat busy
_LOCK_TTL: Final = 20.0  # longer than any fetch takes, short enough not to outlive a killed process for long
_POLL: Final = 0.1
_POLLS: Final = 100
_BUSY: Final = -1


class SharedStore(Protocol):
    """What all processes see. Values are secrets. Times are unix seconds of the clock that `StoredTokens` is given."""

    async def get(self, name: str) -> tuple[str, float] | None:
        """The value and when it ends, or None."""
        ...

    async def put(self, name: str, value: str, ttl: float) -> None:
        """Keep a value for `ttl` seconds, replacing any other."""
        ...

    async def lock(self, name: str, ttl: float) -> bool:
        """Take a lock for at most `ttl` seconds; False, at once, if another holds it."""
        ...

    async def unlock(self, name: str) -> None:
        """Give back a lock taken here; nothing happens if it has run out or is another's by now."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Held:
    token: str = field(repr=False)
    fetched_at: float
    renew_at: float
    expires_at: float
    refusals: int = 0

    def text(self) -> str:
        return f"{self.fetched_at:.3f} {self.renew_at:.3f} {self.refusals} {self.token}"

    def cool_down(self) -> float:
        """Seconds after its fetch in which a refusal is not answered with another one."""
        return min(LONGEST_COOL_DOWN, 3.0 ** (self.refusals - 1)) if self.refusals else 0.0

    @classmethod
    def read(cls, kept: tuple[str, float] | None) -> "_Held | None":
        if kept is None:
            return None
        try:
            fetched, renew, refusals, token = kept[0].split(" ")
            return cls(
                token=token,
                fetched_at=float(fetched),
                renew_at=float(renew),
                expires_at=kept[1],
                refusals=int(refusals),
            )
        except ValueError:
            return None  # written by another version; fetching again is cheap


@dataclass(frozen=True, kw_only=True)
class _Failure:
    text: str
    errcode: int | None
    until: float


class StoredTokens:
    """A `TokenSource` over a shared store.

    Args:
        name: under which the store keeps the token and its lock; one for each account and kind of issuer.
        issuer: whom to ask.
        store: shared by all processes.
        now: unix seconds.
        sleep: how to wait while another process fetches.
    """

    def __init__(
        self,
        *,
        name: str,
        issuer: Issuer,
        store: SharedStore,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Fetch nothing yet."""
        self._name = name
        self._issuer = issuer
        self._store = store
        self._now = now
        self._sleep = sleep
        self._gate = asyncio.Lock()
        self._held: _Held | None = None
        self._failure: _Failure | None = None

    async def get(self) -> str:
        """A token that ought to work.

        Raises:
            TokenUnavailable: there is none, and none could be fetched.
        """
        held, now = self._held, self._now()
        if held is not None and (now < held.renew_at or (now < held.expires_at and self._gate.locked())):
            return held.token
        return await self._next(bad=None)

    async def ages(self) -> tuple[float, float] | None:
        """Seconds since the shared token was fetched, and until it ends; None if there is none. Fetches nothing."""
        held = _Held.read(await self._store.get(self._name))
        return (self._now() - held.fetched_at, held.expires_at - self._now()) if held else None

    async def replace(self, bad: str) -> str:
        """Another token than `bad`.

        Raises:
            TokenRefused: `bad` was fetched a moment ago, or asking again gave the same one.
            TokenUnavailable: none could be fetched.
        """
        return await self._next(bad=bad)

    async def _next(self, bad: str | None) -> str:
        if self._held is not None and self._held.token == bad:
            self._held = None  # nobody else here needs to be refused first
        async with self._gate:
            held = self._held
            if held is None or held.token == bad or self._now() >= held.renew_at:
                held = self._held = await self._look(bad) or await self._obtain(bad)
            return held.token

    async def _look(self, bad: str | None) -> _Held | None:
        """The shared token, if it is neither due nor the refused one."""
        held = _Held.read(await self._store.get(self._name))
        if held is None or self._now() >= held.renew_at:
            return None
        if held.token != bad:
            return held
        if self._now() - held.fetched_at < held.cool_down():
            raise TokenRefused("WeChat refuses a token that it gave a moment ago")
        return None

    async def _spare(self, bad: str | None) -> _Held | None:
        """A token that is due but still works, so that a failed renewal harms nobody yet."""
        held = _Held.read(await self._store.get(self._name))
        return held if held is not None and held.token != bad and self._now() < held.expires_at else None

    async def _obtain(self, bad: str | None) -> _Held:
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
        raise TokenUnavailable("another process holds the lock for fetching a token, and fetches none")

    async def _renew(self, bad: str | None, spare: _Held | None) -> _Held:
        try:
            # Between our last look and the lock, another process may have come and gone.
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
                    raise TokenRefused("WeChat refuses its token, and gives the same one again")
                return held
        finally:
            await self._store.unlock(self._name)
        if spare is None:
            raise TokenUnavailable(failure.text, errcode=failure.errcode)
        _log.warning("token_not_renewed", error=failure.text)
        return spare

    async def _refusals(self, bad: str | None) -> int:
        """How many fetches in a row have followed a refusal, the coming one included."""
        if bad is None:
            return 0
        held = _Held.read(await self._store.get(self._name))
        recent = held is not None and self._now() - held.fetched_at < PEACE
        return 1 + (held.refusals if held is not None and recent else 0)

    async def _fetch(self, refusals: int) -> _Held:
        issued = await self._issuer.issue()
        now = self._now()
        # stable_token may return the last minutes of a token; then half of them are used.
        renew_at = now + issued.expires_in - min(AHEAD, issued.expires_in / 2)
        held = _Held(
            token=issued.token,
            fetched_at=now,
            renew_at=renew_at,
            expires_at=now + issued.expires_in,
            refusals=refusals,
        )
        await self._store.put(self._name, held.text(), issued.expires_in)
        return held

    def _remember(self, fault: WeChatFault) -> _Failure:
        errcode = fault.errcode if isinstance(fault, WeChatError) else None
        brief = isinstance(fault, (NotSent, WeChatTimeout)) or errcode == _BUSY
        pause = BRIEF_PAUSE if brief else COOL_DOWN
        return _Failure(text=f"no access token: {fault}", errcode=errcode, until=self._now() + pause)
