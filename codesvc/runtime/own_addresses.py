"""Whether an address is one of this machine's own.

A connection to one never leaves the machine, so no firewall in front of the machine sees it: it reaches what is kept
from everybody else. The kernel is asked each time, because addresses come and go (DHCP, keepalived). Its list of them
is not read: that takes netlink or `/proc/net`, which the systemd unit denies. UDP sockets send nothing when they
connect.
"""

from __future__ import annotations

import socket
from errno import EADDRNOTAVAIL, EAFNOSUPPORT, EHOSTUNREACH, EINVAL, ENETUNREACH
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from codesvc.domain.address_guard import reached

_NOT_OWN: Final = frozenset({EADDRNOTAVAIL, EAFNOSUPPORT, EHOSTUNREACH, EINVAL, ENETUNREACH})
_PORT: Final = 9
"""Any port: nothing is sent to it."""


def is_own(text: str) -> bool:
    """Whether this machine has an address, as a socket gets it, or an address that is embedded in it.

    Raises:
        OSError: the kernel does not say.
        ValueError: it is not an address.
    """
    return any(_is_own(each) for each in reached(text))


def _is_own(address: IPv4Address | IPv6Address) -> bool:
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            if family == socket.AF_INET:
                # With ip_nonlocal_bind any address can be bound, but a route begins at own addresses only. An unbound
                # socket would not do: for a second address of a network its source is the first one.
                asked.bind((str(address), 0))
            asked.connect((str(address), _PORT))
            # Where the destination is an own address of IPv6, it is the source too (RFC 6724 section 5, rule 1).
            return ip_address(asked.getsockname()[0]) == address
    except OSError as error:
        if error.errno in _NOT_OWN:
            return False
        raise
