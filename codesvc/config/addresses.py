"""Rules for addresses of this service, of WeChat, of websites and of the store."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from codesvc.config.faults import UnfitError, suggestion
from codesvc.config.hosts import in_punycode, is_host_name, require_host
from codesvc.config.store_address import StoreAddress
from codesvc.domain.address_guard import is_public
from codesvc.domain.listener import parse_listener
from codesvc.domain.outbound_proxy import NO_PROXY, OutboundProxy
from codesvc.domain.service_address import DEFAULT_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network, IPv6Network

    from codesvc.domain.secret import Secret

# WECHAT.md section 1: the main host, its disaster-recovery alias, and the three regional access points.
WECHAT_API_URLS = frozenset(f"https://{host}.weixin.qq.com" for host in ("api", "api2", "sh.api", "sz.api", "hk.api"))
WECHAT_OPEN_URLS = frozenset({"https://open.weixin.qq.com"})

_IPV6_INTERNET = ipaddress.ip_network("2000::/3")  # global unicast (RFC 4291)
# RFC 3986 appendix B: the part between the slashes and what follows.
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:@\[\]]+)(?=[:/?#]|$)")
_PORT = re.compile(r"[1-9][0-9]{0,4}")


def loopback(url: str) -> bool:
    """Whether a valid web address can be reached only from the same machine."""
    return loopback_host(urlsplit(url).hostname or "")


def loopback_host(host: str) -> bool:
    """Whether a host name or an IP address can be reached only from the same machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def private(url: str) -> bool:
    """Whether the host of a valid web address is an IP address that is not public."""
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not is_public(host)


def unspecified(url: str) -> bool:
    """Whether the host of a valid web address stands for all addresses of a machine."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_unspecified
    except ValueError:
        return False


def covers_much(networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether networks together hold half of all IPv4 addresses, or of the IPv6 addresses of the internet, or more."""
    for space in (ipaddress.ip_network("0.0.0.0/0"), _IPV6_INTERNET):
        same = [each for each in networks if each.version == space.version]
        held = 0
        for each in ipaddress.collapse_addresses(same):  # type: ignore[type-var]  # all of one version
            if each.overlaps(space):
                held += min(each.num_addresses, space.num_addresses)
        if held >= space.num_addresses // 2:
            return True
    return False


def web_address(value: str) -> None:
    """Accept `http(s)://host[:port][/path]` with a lower-case host and no slash at the end.

    Raises:
        UnfitError: any other form.
    """
    parts = _split(value)
    if parts.query or parts.fragment or "?" in value or "#" in value:
        raise UnfitError("must not have a query or a fragment")
    if value.endswith("/"):
        raise UnfitError("must not end with a slash")


def public_address(value: str) -> None:
    """Accept `web_address` with a path in its normal form: one spelling, that of every address below it.

    The path begins cookies' `Path`, headers and pages. Browsers and proxies compare it as text, so it must be as they
    write it (RFC 3986 section 6.2.2).

    Raises:
        UnfitError: any other form.
    """
    web_address(value)
    if unspecified(value):
        raise UnfitError("must have a host that browsers can reach; 0.0.0.0 and [::] are addresses to listen on")
    path = urlsplit(value).path
    segments = path.split("/")[1:]
    if not all(segments):
        raise UnfitError("must not have an empty segment (//) in its path")
    if not {".", ".."}.isdisjoint(segments):
        raise UnfitError("must not have . or .. as a segment of its path")
    decoded = unquote(path, errors="replace")
    if decoded.count("/") != len(segments) or "\\" in decoded or not decoded.isprintable():
        raise UnfitError("must not have a backslash, an encoded slash or a control character in its path")
    if quote(decoded) != path:
        raise UnfitError(
            "must have a path of letters, digits and -._~; everything else must be percent-encoded as UTF-8, with "
            "capital letters, such as /%E7%99%BB"
        )


def receiver_url(value: str) -> None:
    """Accept the URL of a webhook's receiver: as `web_address`, but with a query allowed. Raises `UnfitError`."""
    _split(value)
    if "#" in value:
        raise UnfitError("must not have a fragment")


def origin(value: str) -> None:
    """Accept `http(s)://host[:port]` as it is in a browser's `Origin` header. Raises `UnfitError`."""
    parts = _split(value)
    if value != f"{parts.scheme}://{parts.netloc}":
        raise UnfitError("must be scheme://host or scheme://host:port, with nothing after it")
    if parts.port == DEFAULT_PORTS[parts.scheme]:
        raise UnfitError("has the default port, which browsers omit from an origin; omit it")


def listening_host(value: str) -> None:
    """Accept a host name or an IP address to listen on. Raises `UnfitError`."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not is_host_name(value.lower()):
            raise UnfitError("must be a host name or an IP address") from None


def operators_listener(value: str) -> None:
    """Accept `unix:/path`, or an IP address and a port (`codesvc.domain.listener`). Raises `UnfitError`."""
    try:
        parse_listener(value)
    except ValueError as error:
        raise UnfitError(str(error)) from None


def store_url(value: Secret) -> None:
    """Accept the address of a Redis-protocol server; it may contain a password. Raises `UnfitError`."""
    text = value.reveal()
    try:
        StoreAddress.parse(text)
    except ValueError as error:
        raise UnfitError(str(error)) from None
    if not text.isprintable() or " " in text:
        raise UnfitError("has a space or an unprintable character")


def proxy_address(value: Secret) -> None:
    """Accept the address of an HTTP proxy, which may contain a login, or `none`. Raises `UnfitError`."""
    text = value.reveal()
    if text == NO_PROXY:
        return
    try:
        OutboundProxy.parse(text)
    except ValueError as error:
        raise UnfitError(str(error)) from None


def token_way(value: str) -> None:
    """Accept `stable`, `ordinary`, or the URL of a server that issues access tokens. Raises `UnfitError`."""
    if value in {"stable", "ordinary"}:
        return
    if "://" not in value:
        known = suggestion(value, ("stable", "ordinary"))
        raise UnfitError(f'must be "stable", "ordinary" or the https address of a token server{known}')
    _split(value)


def _split(value: str) -> SplitResult:
    """Split a web address, after checking its scheme, host and port. Raises `UnfitError`."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise UnfitError(f"must be ASCII without spaces{_in_ascii(value)}")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise UnfitError("is not a web address") from None
    scheme = value.partition("://")[0]
    if parts.scheme not in {"http", "https"} or scheme.lower() != parts.scheme:
        raise UnfitError("must begin with https:// (or http://)")
    if scheme != parts.scheme:
        raise UnfitError(f'must have its scheme in lower case; write "{parts.scheme}://"')
    if "@" in parts.netloc:
        raise UnfitError("must not contain a user name or password")
    if not parts.netloc:
        raise UnfitError("must have a host name in lower case, or an IP address")
    host, colon, digits = parts.netloc.rpartition(":") if port is not None else (parts.netloc, "", "")
    if parts.netloc.endswith(":") or (colon and not _PORT.fullmatch(digits)):
        raise UnfitError("has an invalid port: use 1 to 65535 without leading zeros, or none")
    require_host(host)
    return parts


def _in_ascii(value: str) -> str:
    """How an address with characters of other scripts is written."""
    found = _AUTHORITY.match(value)
    if found and not found[1].isascii() and (host := in_punycode(found[1])):
        return f'; write the host in punycode: "{host}"'
    return " (a host in punycode, a path percent-encoded)"
