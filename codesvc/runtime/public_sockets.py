"""Connections to public addresses only, for addresses that others than the operator name.

The address is checked where the socket is made, so that the checked address is the one that is connected to. This also
covers a name that resolves to another address a moment later (DNS rebinding), an address in an unusual notation and a
second address of the same name.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from codesvc.domain.address_guard import PrivateAddress, is_public
from codesvc.domain.service_address import DEFAULT_PORTS
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.own_addresses import is_own
from codesvc.runtime.site_names import SiteNames

if TYPE_CHECKING:
    from collections.abc import Callable

_WEBSITES: Final = DEFAULT_PORTS["https"]


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Which addresses are connected to for others than the operator.

    Attributes:
        public: whether an address is public.
        own: whether it is one of this machine's own.
    """

    public: Callable[[str], bool] = is_public
    own: Callable[[str], bool] = is_own

    def allows(self, address: str, port: int, *, https: bool) -> bool:
        """Whether it may be connected to.

        An own address only as everybody reaches it: a website's, whose certificate is checked. This lets a website be
        on the machine of the service, and nothing else there.

        Raises:
            OSError: whether it is an own address is not known.
        """
        return self.public(address) and ((https and port == _WEBSITES) or not self.own(address))


PUBLIC: Final = AddressRule()


def public_socket(info: tuple[Any, ...], rule: AddressRule, *, https: bool) -> socket.socket:
    """A socket for a connection to this address, as `aiohttp.TCPConnector` asks for it.

    Raises:
        PrivateAddress: the address is not allowed.
        OSError: there is no socket for it.
    """
    family, kind, protocol, _, address = info
    if not rule.allows(address[0], address[1], https=https):
        raise PrivateAddress
    return socket.socket(family, kind, protocol)


def public_session(*traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    """A session without cookies, for https to public addresses only. The caller closes it."""
    factory = partial(public_socket, rule=PUBLIC, https=True)
    return aiohttp.ClientSession(
        connector=BoundedConnector(limit=0, socket_factory=factory, resolver=SiteNames()),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[*traces],
    )
