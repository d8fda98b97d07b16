"""HTTP calls to gateways: no redirects, short timeouts, only to addresses that a site may name.

The guard is that of webhooks (`codesvc.delivery.webhooks.guarded_sessions`). Connections are not kept: on a connection
that the other side has just closed it would be unknown whether a request arrived, and a code must not be sent twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from codesvc import __version__
from codesvc.delivery.gateways.protocol import GatewayAnswer, Taken
from codesvc.delivery.webhooks.address_guard import PrivateAddress
from codesvc.domain.outbound_proxy import ProxyProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions

MOST_ANSWER_BYTES: Final = 65_536
USER_AGENT: Final = f"codesvc/{__version__} (gateways)"
_LATER: Final = frozenset({408, 425, 429, 503})
_SERVER_ERRORS: Final = 500
_LONGEST_WISH: Final = 60


@dataclass(frozen=True, slots=True, repr=False)
class HttpAnswer:
    """What a gateway answered. It is judged and not kept.

    Attributes:
        status: HTTP status.
        body: its first bytes.
        wish: seconds of its Retry-After, 0 for none.
    """

    status: int
    body: bytes
    wish: int


async def call(
    sessions: GuardedSessions,
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str],
    allow_private: bool,
) -> HttpAnswer | GatewayAnswer:
    """Make one call. An answer of HTTP comes back to be judged; without one, what that means."""
    sent = {"User-Agent": USER_AGENT, **headers}
    try:
        async with (
            asyncio.timeout(sessions.timeout),
            sessions.request(method, URL(url, encoded=True), body=body, headers=sent, allow_private=allow_private) as (
                response,
                _,
            ),
        ):
            text = response.headers.get("Retry-After", "")
            wish = min(int(text[:4]), _LONGEST_WISH) if text.isascii() and text.isdigit() else 0
            return HttpAnswer(response.status, await response.content.read(MOST_ANSWER_BYTES), wish)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _unanswered(error)


def _unanswered(error: Exception) -> GatewayAnswer:
    """What a call without an answer means. Only what fails before the request is sent is known not to have arrived."""
    match error:
        case PrivateAddress() | aiohttp.ClientConnectorError(os_error=PrivateAddress()):
            return GatewayAnswer(Taken.NO, "private-address")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return GatewayAnswer(Taken.LATER, "bad-certificate")
        case aiohttp.ClientHttpProxyError():
            return GatewayAnswer(Taken.LATER, f"proxy-{ProxyProblem.GATEWAY.value}")
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError() | aiohttp.InvalidURL():
            return GatewayAnswer(Taken.LATER, "unreachable")
        case TimeoutError():
            return GatewayAnswer(Taken.UNKNOWN, "timeout")
        case _:
            return GatewayAnswer(Taken.UNKNOWN, "broken-off")


def judge_status(answer: HttpAnswer) -> GatewayAnswer | None:
    """What a status that is no success means; None for a success."""
    status, reason = answer.status, f"http-{answer.status}"
    if 200 <= status < 300:  # noqa: PLR2004  successes of HTTP
        return None
    if status in _LATER:
        return GatewayAnswer(Taken.LATER, reason, answer.wish)
    # An error of the server may have come after the message was taken.
    return GatewayAnswer(Taken.UNKNOWN if status >= _SERVER_ERRORS else Taken.NO, reason)
