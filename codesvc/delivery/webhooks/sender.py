"""One attempt to send one event: a POST that follows no redirect, has short timeouts and goes to no private address.

The address is checked where the socket is made, so that the checked address is the one that is connected to. This also
covers a name that resolves to another address a moment later (DNS rebinding), an address in an unusual notation and a
second address of the same name. The receiver's answer is not kept: if the list of deliveries showed it, it could be
used to read internal addresses.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from errno import EACCES
from typing import TYPE_CHECKING, Final

import aiohttp
from standardwebhooks import Webhook as Signer
from yarl import URL

from codesvc import __version__
from codesvc.delivery.webhooks.address_guard import is_public
from codesvc.domain.webhook import Result, judge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from typing import Any

    from aiohttp.abc import AbstractResolver

    from codesvc.config import Webhook

TIMEOUT_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0
_DRAIN_SECONDS: Final = 0.5
_DRAIN_BYTES: Final = 4_096
_MOST_CONNECTIONS: Final = 512
_SLOW_DOWN: Final = frozenset({429, 503})


class PrivateAddress(PermissionError):
    """The name resolves to an address that only this machine or its network can reach."""

    def __init__(self) -> None:
        super().__init__(EACCES, "not a public address")


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended.

    Attributes:
        result: the kind of result.
        status: HTTP status, None if there was none.
        wish: seconds of pause that the receiver asks for, 0 for none.
        milliseconds: how long it took.
    """

    result: Result
    status: int | None
    wish: int
    milliseconds: int


class Sender:
    """Makes attempts.

    Args:
        timeout: seconds for a whole attempt.
        resolver: resolves names; None for the system's resolver.
        public: whether an address is public; endpoints may call others only if configured.
        now: the time of the signature, seconds since 1970.
    """

    def __init__(
        self,
        *,
        timeout: float = TIMEOUT_SECONDS,
        resolver: AbstractResolver | None = None,
        public: Callable[[str], bool] = is_public,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, _CONNECT_SECONDS))
        self._resolver = resolver
        self._public = public
        self._now = now
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep connections as long as this context is open: one pool for public addresses only, one for all."""
        self._sessions = {private: self._session(private=private) for private in (False, True)}
        try:
            yield
        finally:
            for session in self._sessions.values():
                await session.close()

    def _session(self, *, private: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=_MOST_CONNECTIONS,
            resolver=self._resolver,
            socket_factory=None if private else self._guarded_socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    def _guarded_socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self._public(address[0]):
            raise PrivateAddress
        return socket.socket(family, kind, protocol)

    async def send(self, webhook: Webhook, event: str, body: bytes) -> Attempt:
        """Make one attempt.

        Args:
            webhook: the address, and the secrets that sign.
            event: its id.
            body: JSON.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        result, status, wish = Result.UNREACHABLE, None, 0
        try:
            async with self._sessions[webhook.allow_private].post(
                URL(webhook.url, encoded=True), data=body, headers=self._headers(webhook, event, body),
                allow_redirects=False,
            ) as response:  # fmt: skip
                status = response.status
                result = judge(status)
                wish = self._wish(response.headers) if status in _SLOW_DOWN else 0
                await _drain(response)
        except TimeoutError:
            result = Result.TIMEOUT if status is None else result
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError):
            result = Result.BAD_CERTIFICATE
        except aiohttp.ClientConnectorError as error:
            result = Result.PRIVATE_ADDRESS if isinstance(error.os_error, PrivateAddress) else Result.UNREACHABLE
        except (aiohttp.ClientError, OSError, ValueError):
            # A broken connection, an answer that is no HTTP, an invalid name.
            result = Result.UNREACHABLE if status is None else result
        return Attempt(result, status, wish, round((clock() - began) * 1000))

    def _headers(self, webhook: Webhook, event: str, body: bytes) -> dict[str, str]:
        moment = datetime.fromtimestamp(self._now(), UTC)
        signatures = [
            Signer(secret.reveal()).sign(msg_id=event, timestamp=moment, data=body.decode())
            for secret in webhook.secrets
        ]
        return {
            "Content-Type": "application/json",
            "User-Agent": f"codesvc/{__version__} (webhooks)",
            "webhook-id": event,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    def _wish(self, headers: Mapping[str, str]) -> int:
        """Retry-After in seconds, 0 if it is missing or cannot be read (RFC 9110 section 10.2.3)."""
        text = headers.get("Retry-After", "")
        if text.isascii() and text.isdigit():
            return int(text[:9])
        with suppress(ValueError, OverflowError):
            return max(0, round(parsedate_to_datetime(text).timestamp() - self._now()))
        return 0


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short answer to its end, so that the connection can be used again. Abort a long or slow one."""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            await response.content.read(_DRAIN_BYTES)
    if not response.content.at_eof():
        response.close()
