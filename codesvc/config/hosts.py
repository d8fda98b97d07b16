"""Rule for the host of a web address: one spelling, that of browsers (RFC 3986 section 3.2.2, WHATWG URL "host").

What browsers would spell differently is refused with the spelling that is wanted, because the host is compared as text:
with a browser's `Origin`, with a proxy's `Host`, and with the entry in WeChat's console.
"""

import ipaddress
import re
from typing import Final

from yarl import URL

from codesvc.config.faults import UnfitError
from codesvc.domain.dns_names import may_be_encoded

_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
# Browsers read such a host as an IPv4 address: 127.1 and 0x7f.1 are 127.0.0.1.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


def is_host_name(text: str) -> bool:
    """Whether a text is a host name in lower case, or an IPv4 address."""
    return _HOST.fullmatch(text) is not None


def require_host(text: str) -> None:
    """Accept the host of a web address, without its port; an IPv6 address is in brackets.

    Raises:
        UnfitError: browsers would spell it differently, or it is none.
    """
    if text.startswith("["):
        _require_ipv6(text[1:].removesuffix("]"))
        return
    lower = text.lower()
    if text.endswith(".") and is_host_name(lower[:-1]):
        raise UnfitError(f'has a host with a trailing dot; write "{lower[:-1]}"')
    if is_host_name(lower) and text != lower:
        raise UnfitError(f'must have its host in lower case; write "{lower}"')
    if "_" in text and is_host_name(lower.replace("_", "-")):
        raise UnfitError("has _ in its host, which is not allowed in host names of websites")
    if not is_host_name(text):
        raise UnfitError("must have a host name in lower case, or an IP address")
    if _NUMBER.fullmatch(text.rpartition(".")[2]):
        _require_ipv4(text)
    for label in text.split("."):
        if label.startswith("xn--"):
            _require_punycode(label)


def in_punycode(host: str) -> str:
    """A host name of any script as browsers ask for it; "" if it is none."""
    if not may_be_encoded(host):
        return ""
    try:
        found = URL.build(scheme="http", host=host.rstrip(".。")).raw_host or ""
    except ValueError:
        return ""
    return found if is_host_name(found) else ""


def _require_ipv4(text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        raise UnfitError("has a host that ends in a number but is not an IPv4 address such as 192.0.2.1") from None


def _require_ipv6(text: str) -> None:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise UnfitError("must have an IPv6 address in its brackets, such as [2001:db8::1]") from None
    if address.scope_id is not None:
        raise UnfitError("has a zone (%) in its IPv6 address, which is valid on one machine only; remove it")
    if text != address.compressed:
        raise UnfitError(f'must have its IPv6 address in the standard form; write "[{address.compressed}]"')


def _require_punycode(label: str) -> None:
    try:
        name = label.removeprefix("xn--").encode().decode("punycode")
        sound = not name.isascii() and in_punycode(name) == label
    except (UnicodeError, ValueError):
        sound = False
    if not sound:
        raise UnfitError(f'has "{label}" in its host, which is not valid punycode; copy the name from your registrar')
