"""The operators' own listener (`admin.listen`): an address of this machine, or a unix socket. Pure."""

import re
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

_UNIX: Final = "unix:"
_LONGEST_PATH: Final = 107
"""Bytes of a unix socket's path (Linux, unix(7))."""
_TCP: Final = re.compile(r"(?:\[([0-9a-fA-F:]+)\]|([0-9.]+)):([1-9][0-9]{0,4})")
_OWN_NAME: Final = "codesvc.localhost"
_LOOPBACK: Final = ("127.0.0.1", "::1")
"""Where browsers look for a name below `localhost`, Chromium at ::1 first."""
_HIGHEST_PORT: Final = 65_535
_LOCALHOST: Final = "localhost"
"""It and the names below it lead to the browser's own machine, whatever the network says (RFC 6761)."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where operators are listened to.

    Attributes:
        path: the path of a unix socket, "" for TCP.
        host: an IP address, "" for a unix socket.
        port: TCP port, 0 for a unix socket.
    """

    path: str = ""
    host: str = ""
    port: int = 0

    def is_name(self, name: object) -> bool:
        """Whether this is the name of the socket, as `getsockname` returns it, that a connection came in by."""
        if self.path:
            return name in (self.path, self.path.encode())
        return isinstance(name, tuple) and name[1] == self.port

    @staticmethod
    def may_be_called(host: str, public: str) -> bool:
        """Whether a `Host` cannot be a stranger's name: an address, the public host, or `localhost` and names below it.

        Names outside of the public DNS (`.local`, `.internal`, without a dot) are anybody's: who is in the operator's
        network answers for them by mDNS, LLMNR or a search domain, and leads them to the operator's machine later.
        """
        try:
            name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
        except ValueError:
            return False
        if name == public or name.rpartition(".")[2] == _LOCALHOST:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses to open. Of two loopback addresses, another user of the machine may take the one left free."""
        return _LOOPBACK if self.host in _LOOPBACK else (self.host,)

    def own_host(self, host: str) -> str:
        """The `Host` to lead operators to from a shared one; "" where another user's program may listen at it.

        A browser finds names below `localhost` at both loopback addresses, and keeps cookies for each of them apart.
        """
        held = self.host in _LOOPBACK and host.endswith(f":{self.port}")
        return f"{_OWN_NAME}:{self.port}" if held and is_shared(host) else ""


def is_shared(host: str) -> bool:
    """Whether a `Host` is `localhost` or a loopback address, whose cookies a browser sends to every port there."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == _LOCALHOST or ip_address(name).is_loopback
    except ValueError:
        return False


@cache
def parse_listener(text: str) -> Listener:
    """Parse `unix:/path`, `127.0.0.1:9080` or `[::1]:9080`.

    Raises:
        ValueError: any other form, or an address that stands for all addresses of the machine.
    """
    if text.startswith(_UNIX):
        path = text.removeprefix(_UNIX)
        if not PurePosixPath(path).is_absolute() or not path.isprintable() or path.endswith("/"):
            raise ValueError("must name an absolute path, such as unix:/run/codesvc/admin.sock")
        if len(path.encode()) > _LONGEST_PATH:
            raise ValueError(f"has a path of more than {_LONGEST_PATH} bytes, which is too long for a unix socket")
        return Listener(path=path)
    found = _TCP.fullmatch(text)
    try:
        address = ip_address((found[1] or found[2]) if found else "")
    except ValueError:
        raise ValueError("must be unix:/path, or an IP address and a port, such as 127.0.0.1:9080") from None
    if found is None or int(found[3]) > _HIGHEST_PORT:
        raise ValueError("must have a port between 1 and 65535")
    if address.is_unspecified:
        raise ValueError("means every address of this machine; name one that only operators can reach")
    return Listener(host=str(address), port=int(found[3]))
