"""HTTP to addresses that a site names: webhooks and gateways. No redirects, no cookies, no private address.

The address is checked where the socket is made (`codesvc.runtime.public_sockets`).
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import aiohttp

from codesvc.delivery.webhooks.proxied import Target, targets
from codesvc.domain.outbound_proxy import ProxyProblem, problem_of_status
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.public_sockets import PUBLIC, AddressRule, public_socket
from codesvc.runtime.sending_trace import sending_trace
from codesvc.runtime.site_names import SiteNames

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from aiohttp.abc import AbstractResolver
    from yarl import URL

    from codesvc.domain.outbound_proxy import OutboundProxy
    from codesvc.domain.request_progress import RequestProgress

_CONNECT_SECONDS: Final = 5.0
_MOST_CONNECTIONS: Final = 512


class GuardedSessions:
    """Pools of connections: for all addresses, and by https and http for those that a rule allows.

    Args:
        timeout: seconds for a whole request.
        resolver: looks names up; None for the system's resolver.
        rule: which addresses are called unless private ones are allowed.
        proxy: the outbound proxy; None: connect directly.
        keep: whether connections are used for several requests.
    """

    def __init__(
        self,
        *,
        timeout: float,
        resolver: AbstractResolver | None = None,
        rule: AddressRule = PUBLIC,
        proxy: OutboundProxy | None = None,
        keep: bool = True,
    ) -> None:
        self.timeout = timeout
        self.proxy = proxy
        self.names = SiteNames()
        self._resolver, self._rule, self._keep = resolver or self.names, rule, keep
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep the pools as long as this context is open."""
        # With a proxy the sockets lead to the proxy, which is mostly in a private network. See `proxied`.
        guarded = ("http", "https") if self.proxy is None else ()
        self._sessions = {name: self._session(guarded=name) for name in ("", *guarded)}
        try:
            yield
        finally:
            for session in self._sessions.values():
                await session.close()

    def _session(self, *, guarded: str) -> aiohttp.ClientSession:
        """A session for URLs of the guarded scheme; for all addresses, if it is ""."""
        connector = BoundedConnector(
            limit=_MOST_CONNECTIONS,
            # Behind a proxy, names are looked up by `targets`; the connector looks up the proxy's.
            resolver=self._resolver if self.proxy is None else None,
            socket_factory=partial(public_socket, rule=self._rule, https=guarded == "https") if guarded else None,
            force_close=not self._keep,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self.timeout, sock_connect=min(self.timeout, _CONNECT_SECONDS)),
            cookie_jar=aiohttp.DummyCookieJar(),
            # A compressed answer could be a thousand times as large as what was received.
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
            trust_env=False,
            trace_configs=[sending_trace()],
        )

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: URL,
        *,
        body: bytes,
        headers: Mapping[str, str],
        allow_private: bool,
        progress: RequestProgress | None = None,
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, Target]]:
        """Send a request, to the next of several addresses if the proxy does not reach the one before.

        `progress` shows whether it may have been sent.

        Raises:
            aiohttp.ClientError, OSError, ValueError: there is no answer.
        """
        session = self._sessions["" if allow_private or self.proxy is not None else url.scheme]
        wanted = await self._targets(url, allow_private=allow_private)
        for left, target in zip(range(len(wanted) - 1, -1, -1), wanted, strict=True):
            try:
                response = await session.request(
                    method, target.url, data=body or None, headers={**headers, **target.headers},
                    allow_redirects=False, trace_request_ctx=progress, **target.arguments,
                )  # fmt: skip
            except aiohttp.ClientHttpProxyError as error:
                if not left or problem_of_status(error.status) is not ProxyProblem.GATEWAY:
                    raise
                continue
            async with response:
                yield response, target
            return

    async def _targets(self, url: URL, *, allow_private: bool) -> Sequence[Target]:
        if self.proxy is None:
            return [Target(url, {}, {})]
        if allow_private:
            return await targets(url, self.proxy, resolver=None, rule=self._rule)
        return await targets(url, self.proxy, resolver=self._resolver, rule=self._rule)
