"""HTTP calls to gateways: no redirects, short timeouts, only to addresses that a site may name.

The guard is that of webhooks (`codesvc.delivery.webhooks.guarded_sessions`). Connections are not kept: on a connection
that the other side has just closed it would be unknown whether a request arrived, and a code must not be sent twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec
from yarl import URL

from codesvc import __version__
from codesvc.delivery.gateways.gateway import GatewayAnswer, Taken
from codesvc.domain.address_guard import PrivateAddress
from codesvc.domain.outbound_proxy import ProxyProblem
from codesvc.domain.request_progress import RequestProgress
from codesvc.runtime.answer_bodies import read_at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions

_MOST_ANSWER_BYTES: Final = 65_536
_USER_AGENT: Final = f"codesvc/{__version__} (gateways)"
_LATER: Final = frozenset({408, 425, 429, 503})
_SERVER_ERRORS: Final = 500
_LONGEST_RETRY_AFTER_SECONDS: Final = 60


@dataclass(frozen=True, repr=False)
class HttpAnswer:
    """What a gateway answered. It is judged and not kept.

    Attributes:
        body: its first bytes; none if it broke off.
        retry_after_seconds: seconds of its Retry-After, 0 for none.
    """

    status: int
    body: bytes
    retry_after_seconds: int

    @cached_property
    def json(self) -> object:
        """What the body says; None if it cannot be read."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def at(self, path: str) -> str | None:
        """The value at a path of names in a JSON body, as text; None if there is none."""
        found = self.json
        for name in path.split("."):
            if isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                return None
        if isinstance(found, bool):
            return "true" if found else "false"
        return str(found) if isinstance(found, str | int | float) else None


async def call(
    sessions: GuardedSessions,
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str],
    allow_private: bool,
    judge: Callable[[HttpAnswer], GatewayAnswer],
) -> GatewayAnswer:
    """Make one call. `judge` says what an answer means; without an answer, the error does."""
    answer: HttpAnswer | None = None
    sent, progress = {"User-Agent": _USER_AGENT, **headers}, RequestProgress(may_be_sent=False)
    try:
        async with (
            asyncio.timeout(sessions.timeout),
            sessions.request(
                method,
                URL(url, encoded=True),
                body=body,
                headers=sent,
                allow_private=allow_private,
                progress=progress,
            ) as (response, _),
        ):
            text = response.headers.get("Retry-After", "")
            retry_after = min(int(text[:4]), _LONGEST_RETRY_AFTER_SECONDS) if text.isascii() and text.isdigit() else 0
            answer = HttpAnswer(response.status, b"", retry_after)
            answer = replace(answer, body=await read_at_most(response.content, _MOST_ANSWER_BYTES))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Where the body broke off, the status may still say enough.
        if answer is None:
            return _unanswered(error, progress)
    return judge(answer)


def _unanswered(error: Exception, progress: RequestProgress) -> GatewayAnswer:
    """What a call without an answer means. Only what fails before the request is sent is known not to have arrived."""
    match error:
        case PrivateAddress() | aiohttp.ClientConnectorError(os_error=PrivateAddress()):
            return GatewayAnswer(Taken.NO, "private-address")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return GatewayAnswer(Taken.LATER, "bad-certificate")
        case aiohttp.ClientHttpProxyError():
            return GatewayAnswer(Taken.LATER, f"proxy-{ProxyProblem.GATEWAY.value}")
        case _ if not progress.may_be_sent:
            # Also if the whole time passed before that: with a look-up, the wait for a free connection, or TLS.
            return GatewayAnswer(Taken.LATER, "unreachable")
        case TimeoutError():
            return GatewayAnswer(Taken.UNKNOWN, "timeout")
        case _:
            return GatewayAnswer(Taken.UNKNOWN, "broken-off")


def judge_status(answer: HttpAnswer) -> GatewayAnswer | None:
    """What a status that is not a success means; None for a success."""
    status, reason = answer.status, f"http-{answer.status}"
    if 200 <= status < 300:  # noqa: PLR2004  successes of HTTP
        return None
    if status in _LATER:
        return GatewayAnswer(Taken.LATER, reason, answer.retry_after_seconds)
    # An error of the server may have come after the message was taken.
    return GatewayAnswer(Taken.UNKNOWN if status >= _SERVER_ERRORS else Taken.NO, reason)
