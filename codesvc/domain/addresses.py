"""Addresses of people's browsers: reading them, the texts that stand for them in keys and limits, and masking them.

An address is one IPv4 address or one IPv6 /64 network, because a subscriber line usually has a /64.
"""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from codesvc.domain.errors import Invalid

NO_ADDRESS: Final = "-"
"""Stands for the address if the site sends none."""

_PORT: Final = r"(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?"
_BRACKETED: Final = re.compile(rf"\[([^\[\]]*)\]{_PORT}", re.ASCII)
_WITH_PORT: Final = re.compile(rf"([^:\[\]]+){_PORT}", re.ASCII)


def parse_address(text: str) -> IPv4Address | IPv6Address:
    """Parse an address. An IPv4-mapped IPv6 address becomes IPv4.

    Raises:
        Invalid: it is not an address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        raise Invalid("not an IPv4 or IPv6 address", "/client_ip") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        # A zone is only meaningful on one machine (RFC 4007 section 11).
        raise Invalid("an address with a zone cannot be reached from other machines", "/client_ip")
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def without_port(text: str) -> str | None:
    """An address as proxies write it, without its port and its brackets; None for a text of another form."""
    found = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    return found[1] if found else None


def stated_address(text: str) -> IPv4Address | IPv6Address:
    """The address that a site states for its visitor; a port and brackets are left out, as proxies write them.

    Raises:
        Invalid: it is not one address.
    """
    try:
        return parse_address(text)
    except Invalid as error:
        bare = text.strip(" \t")
        if "," in bare:
            raise Invalid(
                "more than one address; send only the visitor's, as seen by your own proxy", "/client_ip"
            ) from None
        host = without_port(bare)
        if host is None or host == text:
            raise error from None
        return parse_address(host)


def bucket(address: IPv4Address | IPv6Address | None) -> str:
    """The text that stands for an address in keys: the IPv4 address or the /64, without colons; `-` for none."""
    if address is None:
        return NO_ADDRESS
    if isinstance(address, IPv4Address):
        return str(address)
    return IPv6Network((int(address), 64), strict=False).network_address.packed[:8].hex()


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """An address with this bucket: of an IPv6 network its first one; None for none."""
    if text == NO_ADDRESS:
        return None
    return IPv4Address(text) if "." in text else IPv6Address(int(text, 16) << 64)


def network(address: IPv4Address | IPv6Address | None) -> str:
    """The text for the network around an address, which one customer may have whole: an IPv4 /24 or an IPv6 /48."""
    if address is None:
        return NO_ADDRESS
    if isinstance(address, IPv4Address):
        first, second, third, _ = address.packed
        return f"{first}.{second}.{third}"
    return address.packed[:6].hex()


def region(address: IPv4Address | IPv6Address) -> str:
    """The text for the block that a provider usually has: an IPv4 /16 or an IPv6 /32."""
    if isinstance(address, IPv4Address):
        first, second, _, _ = address.packed
        return f"{first}.{second}"
    return address.packed[:4].hex()


def masked_bucket(text: str) -> str:
    """The result of `masked` for an address given by its bucket; "" for none."""
    if text == NO_ADDRESS:
        return ""
    if "." in text:
        first, second, *_ = text.split(".")
        return f"{first}.{second}.*.*"
    return f"{text[:4]}:{text[4:8]}:*"


def masked(address: IPv4Address | IPv6Address) -> str:
    """An address as a message may show it: its owner recognises it, but it does not identify another person."""
    return masked_bucket(bucket(address))
