"""Connections to public addresses only, for addresses that others than the operator name.

The address is checked where the socket is made, so that the checked address is the one that is connected to. This also
covers a name that resolves to another address a moment later (DNS rebinding), an address in an unusual notation and a
second address of the same name.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import aiohttp

from codesvc.domain.address_guard import PrivateAddress, is_public
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.site_names import SiteNames

if TYPE_CHECKING:
    from collections.abc import Callable


def public_socket(info: tuple[Any, ...], public: Callable[[str], bool] = is_public) -> socket.socket:
    """A socket for a connection to this address, as `aiohttp.TCPConnector` asks for it.

    Raises:
        PrivateAddress: the address is not public.
    """
    family, kind, protocol, _, address = info
    if not public(address[0]):
        raise PrivateAddress
    return socket.socket(family, kind, protocol)


def public_session(*traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    """A session without cookies that connects to public addresses only. The caller closes it."""
    return aiohttp.ClientSession(
        connector=BoundedConnector(limit=0, socket_factory=public_socket, resolver=SiteNames()),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[*traces],
    )
