"""The proxy through which the service leaves its network: its address, its login, and what can go wrong with it. Pure.

A proxy opens a tunnel to an https address (CONNECT, RFC 9110 section 9.3.6) and sees only the host and the port. An
http address is asked for in absolute form (RFC 9112 section 3.2.2).
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from codesvc.domain.secret import Secret
from codesvc.domain.service_address import DEFAULT_PORTS

if TYPE_CHECKING:
    from typing import Any

NO_PROXY: Final = "none"
"""In place of an address: go out directly."""
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_AUTHORIZATION: Final = "Proxy-Authorization"
_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
_LOGIN_STATUS: Final = 407


class ProxyProblem(StrEnum):
    """What is wrong with a proxy. The values are results of calls in metrics and states on `/readyz`."""

    DNS = "proxy_dns"
    UNREACHABLE = "proxy_unreachable"
    LOGIN = "proxy_login"
    REFUSED = "proxy_refused"
    GATEWAY = "proxy_gateway"

    @property
    def words(self) -> str:
        """The problem in words, for errors and logs. It names no address and no login."""
        return _WORDS[self]


_WORDS: Final = {
    ProxyProblem.DNS: "the outbound proxy's host name does not resolve",
    ProxyProblem.UNREACHABLE: "the outbound proxy cannot be reached, or does not open a tunnel in time",
    ProxyProblem.LOGIN: "the outbound proxy requires a login, or refuses the configured one (HTTP 407)",
    ProxyProblem.REFUSED: "the outbound proxy refuses to connect to the destination",
    ProxyProblem.GATEWAY: "the outbound proxy cannot reach the destination (HTTP 502, 503 or 504)",
}


def problem_of_status(status: int) -> ProxyProblem:
    """What a proxy's answer to CONNECT means, if it is not 200."""
    if status == _LOGIN_STATUS:
        return ProxyProblem.LOGIN
    return ProxyProblem.GATEWAY if status in _GATEWAY_STATUSES else ProxyProblem.REFUSED


@dataclass(frozen=True, slots=True)
class OutboundProxy:
    """A proxy.

    Attributes:
        address: `http(s)://host:port`, without the login.
        host: its host name or address, without brackets.
        authorization: the value of Proxy-Authorization (Basic, RFC 7617), None without a login.
    """

    address: str
    host: str
    port: int
    authorization: Secret | None = None

    @classmethod
    def parse(cls, text: str) -> OutboundProxy:
        """Read `http(s)://[user:password@]host[:port]`; user and password are percent-decoded.

        Raises:
            ValueError: it is none. The message says why and holds nothing of the text.
        """
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("must be ASCII without spaces; percent-encode other characters in the login")
        try:
            parts = urlsplit(text)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            raise ValueError("is not a valid address; # / ? and @ in the login must be percent-encoded") from None
        if parts.scheme not in DEFAULT_PORTS:
            raise ValueError(
                "must begin with http:// or https:// (other kinds of proxy, such as SOCKS, are not supported)"
            )
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("must end after host and port; # / ? and @ in the login must be percent-encoded")
        if _HOST.fullmatch(host) is None or port == 0:
            raise ValueError(
                "must have a host, and a port unless it is the scheme's default: http://proxy.example:3128"
            )
        port = port or DEFAULT_PORTS[parts.scheme]
        address = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        return cls(address, host, port, _basic(parts.username, parts.password))

    @property
    def shown(self) -> str:
        """The address for people, with a word about the login."""
        return f"{self.address} ({'with a login' if self.authorization else 'without a login'})"


def leaving(proxy: OutboundProxy | None, scheme: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The arguments and headers of an aiohttp request to an http or https address that leaves through `proxy`.

    To https the login goes with CONNECT only. To http it is a header of the request itself, which the proxy removes
    (RFC 9110 section 11.7.2).
    """
    if proxy is None:
        return {}, {}
    login = {_AUTHORIZATION: proxy.authorization.reveal()} if proxy.authorization else {}
    if scheme == "https":
        return {"proxy": proxy.address, "proxy_headers": login}, {}
    return {"proxy": proxy.address}, login


def _basic(user: str | None, password: str | None) -> Secret | None:
    if user is None and password is None:
        return None
    name = unquote(user or "")
    if ":" in name:
        raise ValueError("has a user name with a colon, which Basic authentication does not allow")
    return Secret("Basic " + b64encode(f"{name}:{unquote(password or '')}".encode()).decode())
