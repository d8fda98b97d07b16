"""Checks a network address that a site or an entry of the registry names: only public ones are allowed. Pure.

Somebody other than the operator chooses such an address. Without this rule it could make the service call internal
addresses: a cloud's metadata, a database's console, the store (server-side request forgery, SSRF).
"""

from collections.abc import Iterator
from errno import EACCES
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_CLOSED: Final = (
    IPv4Network("192.0.0.0/24"),  # RFC 6890: protocol assignments; 192.0.0.192 is the metadata of a cloud
    IPv4Network("192.88.99.0/24"),  # RFC 7526: the former relays of 6to4
    IPv4Network("168.63.129.16/32"),  # a public form, but every virtual machine of Azure reaches its host by it
    IPv6Network("3fff::/20"),  # RFC 9637: documentation
    IPv6Network("5f00::/16"),  # RFC 9602: segment routing inside a network
)
"""What the interpreter's tables call global, though no server of the internet is behind it."""


class PrivateAddress(PermissionError):
    """The name resolves to an address that only this machine or its network can reach, or to this machine itself."""

    def __init__(self) -> None:
        super().__init__(EACCES, "not a public address of another machine")


def is_public(text: str) -> bool:
    """Whether an address as a socket gets it is public, and with it every address embedded in it."""
    try:
        return all(_is_global(each) for each in reached(text))
    except ValueError:
        return False


def reached(text: str) -> list[IPv4Address | IPv6Address]:
    """An address as a socket gets it, and the IPv4 addresses that packets to it may reach.

    Raises:
        ValueError: it is not an address.
    """
    address = ip_address(text.partition("%")[0])
    return [address, *_embedded(address)]


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    # is_global alone allows multicast, IPv6's reserved blocks and the old site-local addresses (RFC 3879).
    if any(address in network for network in _CLOSED):
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    if address.ipv4_mapped:
        return _is_global(address.ipv4_mapped)
    # Releases of Python differ about 6to4 (3.11.2 calls all of it private). The embedded address decides.
    if address.sixtofour:
        return _is_global(address.sixtofour)
    reserved = address.is_reserved and address not in _NAT64
    return address.is_global and not (address.is_multicast or address.is_site_local or reserved)


def _embedded(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
