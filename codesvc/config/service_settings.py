"""The settings of the service itself: where it listens, its public address, and its proxies."""

# No `from __future__ import annotations`: the annotations are read at run time, because they contain the constraints.
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from codesvc.config.addresses import listening_host, proxy_address, public_address
from codesvc.config.constraints import Between
from codesvc.domain.forwarding import ForwardedHeader
from codesvc.domain.outbound_proxy import NO_PROXY, OutboundProxy
from codesvc.domain.secret import Secret

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where the service listens, its public address, and the proxies through which it leaves its network."""

    host: Annotated[str, listening_host] = "127.0.0.1"
    port: Annotated[int, Between(1, 65_535)] = 8080
    public_url: Annotated[str, public_address]
    trusted_proxies: tuple[Network, ...] = ()
    forwarded_header: ForwardedHeader = "X-Forwarded-For"
    outbound_proxy: Annotated[Secret, proxy_address] | None = None
    webhook_proxy: Annotated[Secret, proxy_address] | None = None
    templates_dir: Path | None = None
    workers: Annotated[int, Between(1, 64)] = 1
    deliver: bool = True
    push_delay: Annotated[float, Between(0, 5)] = 1.0  # seconds
    traces: bool = False
    body_limit: Annotated[int, Between(1_024, 1_048_576)] = 65_536  # bytes
    body_timeout: Annotated[float, Between(0.1, 300)] = 10  # seconds

    @property
    def proxy_to_wechat(self) -> OutboundProxy | None:
        """The proxy for calls to WeChat."""
        return _proxy(self.outbound_proxy)

    @property
    def proxy_to_receivers(self) -> OutboundProxy | None:
        """The proxy for webhooks: `webhook_proxy` if it is given, else `outbound_proxy`."""
        return _proxy(self.webhook_proxy or self.outbound_proxy)


def _proxy(address: Secret | None) -> OutboundProxy | None:
    if address is None or address.reveal() == NO_PROXY:
        return None
    return OutboundProxy.parse(address.reveal())
