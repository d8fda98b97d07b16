"""One attempt to send one event: a POST that follows no redirect, has short timeouts and goes to no private address.

`guarded_sessions` makes the connections. The receiver's answer is not kept: if the list of deliveries showed it, it
could be used to read internal addresses.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from codesvc import __version__
from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions
from codesvc.delivery.webhooks.signature import signature
from codesvc.domain.address_guard import PrivateAddress
from codesvc.domain.outbound_proxy import ProxyProblem
from codesvc.domain.webhook import Result, judge
from codesvc.runtime.answer_bodies import read_at_most
from codesvc.runtime.public_sockets import PUBLIC
from codesvc.wechat.proxy_faults import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from aiohttp.abc import AbstractResolver

    from codesvc.config import Webhook
    from codesvc.delivery.webhooks.proxied import Target
    from codesvc.domain.outbound_proxy import OutboundProxy
    from codesvc.runtime.public_sockets import AddressRule

TIMEOUT_SECONDS: Final = 15.0
_DRAIN_SECONDS: Final = 0.5
_DRAIN_BYTES: Final = 4_096
_SLOW_DOWN: Final = frozenset({429, 503})
"""Statuses by which a receiver asks for a pause."""
_PROXY_LOGIN: Final = 407


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended.

    Attributes:
        status: HTTP status, None if there was none.
        retry_after_seconds: seconds of pause that the receiver asks for, 0 for none.
        proxy_problem: what is wrong with the outbound proxy, None if that is not the reason.
    """

    result: Result
    status: int | None
    retry_after_seconds: int
    took_ms: int
    proxy_problem: ProxyProblem | None = None


@dataclass(slots=True)
class _Answer:
    """What is known of an attempt so far; the names are those of `Attempt`."""

    result: Result = Result.UNREACHABLE
    status: int | None = None
    retry_after_seconds: int = 0
    problem: ProxyProblem | None = None


class Sender:
    """Makes attempts.

    Args:
        timeout: seconds for a whole attempt.
        resolver: resolves names; None for the system's resolver.
        rule: which addresses are called; endpoints may call others only if configured.
        now: the time of the signature, seconds since 1970.
        proxy: the outbound proxy; None: connect directly.
        note: called after an attempt that shows the proxy's state, with its fault.
    """

    def __init__(
        self,
        *,
        timeout: float = TIMEOUT_SECONDS,
        resolver: AbstractResolver | None = None,
        rule: AddressRule = PUBLIC,
        now: Callable[[], float] = time.time,
        proxy: OutboundProxy | None = None,
        note: Callable[[ProxyProblem | None], None] = lambda _: None,
    ) -> None:
        self._timeout = timeout
        self._http = GuardedSessions(timeout=timeout, resolver=resolver, rule=rule, proxy=proxy)
        self._proxy = proxy
        self._note = note
        self._now = now

    def open(self) -> AbstractAsyncContextManager[None]:
        """Keep connections as long as this context is open: some for public addresses only, one for all."""
        return self._http.open()

    async def send(self, webhook: Webhook, event: str, body: bytes) -> Attempt:
        """Make one attempt.

        Args:
            webhook: the address, and the secrets that sign.
            event: its id.
            body: JSON.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        answer = _Answer()
        try:
            async with asyncio.timeout(self._timeout):
                await self._post(webhook, event, body, answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: an answer that is no HTTP, an invalid name.
            if answer.status is None:
                answer.problem = problem_of(error, self._proxy)
                # Sites do not know of the operator's proxy: its faults are `unreachable` to them.
                answer.result = Result.UNREACHABLE if answer.problem else _result_of(error)
        if self._proxy is not None and (answer.problem or answer.status is not None):
            self._note(answer.problem)
        took = round((clock() - began) * 1000)
        return Attempt(answer.result, answer.status, answer.retry_after_seconds, took, answer.problem)

    async def _post(self, webhook: Webhook, event: str, body: bytes, answer: _Answer) -> None:
        headers, url = self._headers(webhook, event, body), URL(webhook.url, encoded=True)
        async with self._http.request("POST", url, body=body, headers=headers, allow_private=webhook.allow_private) as (
            response,
            target,
        ):
            self._read_status(response, target, answer)
            await _drain(response)

    def _read_status(self, response: aiohttp.ClientResponse, target: Target, answer: _Answer) -> None:
        if self._proxy is not None and target.url.scheme == "http" and response.status == _PROXY_LOGIN:
            # Only a proxy answers so (RFC 9110 section 15.5.8), here without a tunnel.
            answer.problem = ProxyProblem.LOGIN
            return
        answer.status = response.status
        answer.result = judge(answer.status)
        answer.retry_after_seconds = self._retry_after(response.headers) if answer.status in _SLOW_DOWN else 0

    def _headers(self, webhook: Webhook, event: str, body: bytes) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": f"codesvc/{__version__} (webhooks)",
            **signature(event, body, webhook.secrets, self._now()),
        }

    def _retry_after(self, headers: Mapping[str, str]) -> int:
        """Retry-After in seconds, 0 if it is missing or cannot be read (RFC 9110 section 10.2.3)."""
        text = headers.get("Retry-After", "")
        if text.isascii() and text.isdigit():
            return int(text[:9])
        with suppress(ValueError, OverflowError):
            return max(0, round(parsedate_to_datetime(text).timestamp() - self._now()))
        return 0


def _result_of(error: Exception) -> Result:
    """The result of an attempt without an answer."""
    match error:
        case PrivateAddress() | aiohttp.ClientConnectorError(os_error=PrivateAddress()):
            return Result.PRIVATE_ADDRESS
        case TimeoutError():
            return Result.TIMEOUT
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Result.BAD_CERTIFICATE
        case _:
            return Result.UNREACHABLE


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short answer to its end, so that the connection can be used again. Abort a long or slow one."""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            await read_at_most(response.content, _DRAIN_BYTES)
    if not response.content.at_eof():
        response.close()
