"""Forwards callbacks to another back end that uses the same account.

WeChat knows one callback address per account. Events that do not belong to this service are forwarded with their query
and body unchanged, so that the other back end can check WeChat's own signature. Its answer goes back within WeChat's
five seconds (WECHAT.md 9.4). The scenes of this service have a prefix, so that the two do not mix.

An attacker who has read one callback can repeat it for five minutes, in plaintext mode with any body. So callbacks with
the same signed timestamp and nonce are forwarded only as often as WeChat itself repeats a callback. They are those that
were checked: a query may name each twice.

The owner of an account signs as many callbacks as it likes. So there is a number of them that its other back end may
hold at once; what is past it is dropped.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import aiohttp
import structlog

from codesvc.domain.errors import StoreUnavailable
from codesvc.runtime import repeated_lines
from codesvc.runtime.answer_bodies import read_at_most
from codesvc.runtime.work_under_way import WorkUnderWay
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from codesvc.sites.directory import AccountEntry
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_LARGEST_ANSWER: Final = 65_536
_OK: Final = 200


class CallbackForwarding:
    """Forwards callbacks.

    Attributes:
        most_under_way: callbacks of an account that wait for its other back end at once, in a process.
        most_copies: with so many under way a copy is dropped. The rest is for callbacks for whose answer a person
            waits.
        timeout_seconds: for an answer. The service's own has to reach WeChat within five seconds.

    Args:
        http: the session for the addresses of the configuration file.
        public: the session for those of the store's live accounts.
        store: counts how often a callback was forwarded.
    """

    def __init__(self, http: aiohttp.ClientSession, public: aiohttp.ClientSession, store: Store) -> None:
        self._http, self._public = http, public
        self._store = store.chat
        self._work = WorkUnderWay()
        self.most_under_way, self.most_copies, self.timeout_seconds = 128, 64, 4.0

    async def ask(self, account: AccountEntry, query: str, body: bytes, *, stamp: str) -> bytes | None:
        """Forward a callback and wait for the answer's body. `stamp` is `Inbound.stamp`.

        None if there is no other back end, no usable answer, or if it has come too often.
        """
        target = account.config.forward_to
        if target is None:
            return None
        with self._work.counted(account.name, self.most_under_way) as admitted:
            if admitted:
                return await self._forward(account, target, query, body, stamp)
        _note_failure(account, "too many")
        return None

    async def _forward(self, account: AccountEntry, target: str, query: str, body: bytes, stamp: str) -> bytes | None:
        if (await self._store.admit(account.store_keys, stamp, act="forwards")).outcome is Outcome.LIMITED:
            _note_failure(account, "repeated")
            return None
        return await self._post(account, target, query, body)

    async def _post(self, account: AccountEntry, target: str, query: str, body: bytes) -> bytes | None:
        url = f"{target}{'&' if '?' in target else '?'}{query}"
        timeout = aiohttp.ClientTimeout(total=self.timeout_seconds)
        try:
            async with (self._public if account.guarded else self._http).post(
                url, data=body, headers={"Content-Type": "text/xml"}, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await read_at_most(response.content, _LARGEST_ANSWER + 1)
                if response.status == _OK and len(answer) <= _LARGEST_ANSWER:
                    return answer
                why = f"status {response.status}" if response.status != _OK else "too long"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # The error's text is not logged. It may hold the query, whose signature stays valid for some time.
            why = type(getattr(error, "os_error", error)).__name__
        _note_failure(account, why)
        return None

    def copy(self, account: AccountEntry, query: str, body: bytes, *, stamp: str) -> None:
        """Forward a copy of a callback that this service handles, if configured. The answer is not used."""
        target = account.config.forward_to
        if target is None or not account.config.forward_copies:
            return
        work = partial(self._copy, account, target, query, body, stamp)
        if not self._work.start(account.name, self.most_copies, work, "callback copy"):
            _note_failure(account, "too many")

    async def _copy(self, account: AccountEntry, target: str, query: str, body: bytes, stamp: str) -> None:
        try:
            await self._forward(account, target, query, body, stamp)
        except StoreUnavailable as error:
            _note_failure(account, type(error).__name__)

    async def aclose(self) -> None:
        """Cancel the copies that are still being sent."""
        await self._work.aclose()


def _note_failure(account: AccountEntry, why: str) -> None:
    repeated_lines.note(_log_failure, f"{account.name} {why}", account=account.name, why=why)


def _log_failure(*, account: str, why: str, count: int) -> None:
    _log.warning("callback_not_forwarded", account=account, why=why, count=count)
