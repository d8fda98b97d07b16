"""Living beside another back end on the same account: what is not ours is passed on, signed as it came.

WeChat knows one callback address per account. Where something else lived there before, it goes on working: pushes that
are not ours are relayed with their query and body untouched, so that the other side checks WeChat's own signature, and
its answer goes back within WeChat's five seconds (WECHAT.md 9.4). Our scenes carry a prefix, so the two never mix.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp
import structlog

from codesvc.runtime.tasks import end

if TYPE_CHECKING:
    from codesvc.sites.directory import AccountEntry

_log = structlog.get_logger(__name__)
_TIMEOUT: Final = aiohttp.ClientTimeout(total=4.0)
_LARGEST_ANSWER: Final = 65_536
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Relayed:
    """What the other side answered.

    Attributes:
        body: as it came.
        content_type: as it came.
    """

    body: bytes
    content_type: str


class CallbackForwarding:
    """Passes pushes on.

    Args:
        http: the shared session.
    """

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._copies: set[asyncio.Task[Relayed | None]] = set()

    async def ask(self, account: AccountEntry, query: str, body: bytes) -> Relayed | None:
        """Pass a push on and wait for the answer; None if there is no other side, or it does not answer well."""
        target = account.config.forward_to
        if target is None:
            return None
        url = f"{target}{'&' if '?' in target else '?'}{query}"
        try:
            async with self._http.post(
                url, data=body, headers={"Content-Type": "text/xml"}, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                answer = await response.content.read(_LARGEST_ANSWER)
                if response.status == _OK and response.content.at_eof():
                    return Relayed(answer, response.content_type)
                why = f"status {response.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Not the error's text: it may hold the query, and with it a signature that is good for a while.
            why = type(error).__name__
        _log.warning("relay_failed", account=account.name, why=why)
        return None

    def copy(self, account: AccountEntry, query: str, body: bytes) -> None:
        """Pass on a copy of what is ours, if wanted; the answer is not used."""
        if account.config.forward_to is None or not account.config.forward_copies:
            return
        task = asyncio.create_task(self.ask(account, query, body), name="relay copy")
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def aclose(self) -> None:
        """Give up the copies that are still under way."""
        await end(self._copies)
