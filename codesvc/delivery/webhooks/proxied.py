"""What an outbound proxy is asked to reach for a webhook.

The rule of `address_guard` has to hold for the proxy's connection too, and the proxy would resolve a name again,
perhaps to another address (DNS rebinding). So the name is resolved and checked here, and the proxy is asked for the
address. TLS still proves the name. A receiver that may be private is not checked, and the proxy is asked for its name.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from codesvc.domain.address_guard import PrivateAddress
from codesvc.domain.outbound_proxy import leaving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aiohttp.abc import AbstractResolver
    from yarl import URL

    from codesvc.domain.outbound_proxy import OutboundProxy

_MOST_ADDRESSES: Final = 3


@dataclass(frozen=True, slots=True)
class Target:
    """A request through a proxy.

    Attributes:
        url: the URL that the proxy is asked for.
        headers: to add to the request.
        arguments: further arguments of aiohttp's request.
    """

    url: URL
    headers: Mapping[str, str] = field(repr=False)
    arguments: Mapping[str, Any] = field(repr=False)


async def targets(
    url: URL, proxy: OutboundProxy, *, resolver: AbstractResolver | None, public: Callable[[str], bool]
) -> Sequence[Target]:
    """The requests to try in turn, the next one where the proxy does not reach the one before.

    Args:
        url: the receiver.
        proxy: the proxy.
        resolver: resolves the receiver's name; None: it is not checked, and the proxy is asked for the name.
        public: whether an address is public.

    Raises:
        PrivateAddress: the name has no public address.
        OSError: it cannot be resolved.
    """
    arguments, login = leaving(proxy, url.scheme)
    if resolver is None:
        return [Target(url, login, arguments)]
    name = url.raw_host or ""
    found = await resolver.resolve(name, url.port or 0, family=socket.AF_UNSPEC)
    # IPv4 first: many proxies have no IPv6.
    addresses = sorted((each["host"] for each in found if public(each["host"])), key=lambda address: ":" in address)
    if not addresses:
        raise PrivateAddress
    headers = {**login, "Host": url.raw_authority if url.explicit_port else url.host_subcomponent or name}
    if url.scheme == "https":
        arguments = {**arguments, "server_hostname": name.rstrip(".")}
    return [Target(url.with_host(address), headers, arguments) for address in addresses[:_MOST_ADDRESSES]]
