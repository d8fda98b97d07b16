"""What an outbound proxy is asked to reach for a webhook.

The rule of `public_sockets` has to hold for the proxy's connection too, and the proxy would resolve a name again,
perhaps to another address (DNS rebinding). So the name is resolved and checked here, and the proxy is asked for the
address. TLS still proves the name. A receiver that may be private is not checked, and the proxy is asked for its name.
Which addresses are the proxy's own is not known: its own rules have to keep it from those.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from codesvc.domain.address_guard import PrivateAddress
from codesvc.domain.outbound_proxy import leaving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp.abc import AbstractResolver
    from yarl import URL

    from codesvc.domain.outbound_proxy import OutboundProxy
    from codesvc.runtime.public_sockets import AddressRule

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
    url: URL, proxy: OutboundProxy, *, resolver: AbstractResolver | None, rule: AddressRule
) -> Sequence[Target]:
    """The requests to try in turn, the next one where the proxy does not reach the one before.

    Args:
        url: the receiver.
        proxy: the proxy.
        resolver: resolves the receiver's name; None: it is not checked, and the proxy is asked for the name.
        rule: which addresses the proxy is asked for.

    Raises:
        PrivateAddress: the name has no address that is allowed.
        OSError: it cannot be resolved.
    """
    arguments, login = leaving(proxy, url.scheme)
    if resolver is None:
        return [Target(url, login, arguments)]
    name, port = url.raw_host or "", url.port or 0
    found = await resolver.resolve(name, port, family=socket.AF_UNSPEC)
    allowed = partial(rule.allows, port=port, https=url.scheme == "https")
    # IPv4 first: many proxies have no IPv6.
    addresses = sorted((each["host"] for each in found if allowed(each["host"])), key=lambda address: ":" in address)
    if not addresses:
        raise PrivateAddress
    headers = {**login, "Host": url.raw_authority if url.explicit_port else url.host_subcomponent or name}
    if url.scheme == "https":
        arguments = {**arguments, "server_hostname": name.rstrip(".")}
    return [Target(url.with_host(address), headers, arguments) for address in addresses[:_MOST_ADDRESSES]]
