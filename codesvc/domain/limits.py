"""Limits and rates as values (DESIGN rule 3). The scripts count events exactly; this module defines names and forms.

A limit is a list of rates, and all of them apply. A rate allows N events in *every* window of length T, not only in
every calendar hour. An address is one IPv4 address or one IPv6 /64 network, because a subscriber line usually has a
/64.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from codesvc.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable


_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])"
_IPV4: Final = re.compile(r"\.".join([_OCTET] * 4))
"""The usual form of IPv4. This pattern takes a third of the time of the standard library's parser."""

UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""Units of time in a rate, in seconds."""

NO_ADDRESS: Final = "-"
"""Stands for the address if the site sends none."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` events in every window of `seconds` seconds."""

    count: int
    seconds: int

    def __str__(self) -> str:
        for name, seconds in UNITS.items():
            if self.seconds == seconds:
                return f"{self.count}/{name}"
        letter, unit = next((name[0], size) for name, size in reversed(UNITS.items()) if self.seconds % size == 0)
        return f"{self.count}/{self.seconds // unit}{letter}"


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A limit that was reached.

    Attributes:
        limit: the limit's name, as in the configuration.
        wait_ms: ms until one more event is allowed.
        rates: the limit's rates.
    """

    limit: str
    wait_ms: int
    rates: tuple[Rate, ...]

    @property
    def retry_after(self) -> int:
        """Whole seconds to wait, at least 1 (RFC 9110 section 10.2.3)."""
        return max(1, -(-self.wait_ms // 1000))


def names(limit: str, rates: Iterable[Rate]) -> tuple[str, ...]:
    """A name for each rate of a limit: rate-limit headers treat each rate as a policy, and policies need names."""
    known = tuple(rates)
    return tuple(limit if len(known) == 1 else f"{limit}/{rate.seconds}" for rate in known)


def policies(limit: str, rates: Iterable[Rate]) -> str:
    """A limit's policies as a `RateLimit-Policy` header (draft-ietf-httpapi-ratelimit-headers), "" for none."""
    known = tuple(rates)
    pairs = zip(names(limit, known), known, strict=True)
    return ", ".join(f'"{name}";q={rate.count};w={rate.seconds}' for name, rate in pairs)


def encode(rates: Iterable[Rate]) -> str:
    """Encode rates for the scripts: `N/T N/T`, T in ms."""
    return " ".join(f"{rate.count}/{rate.seconds * 1000}" for rate in rates)


UNSIGNED: Final = encode((Rate(600, 60), Rate(10_000, 3_600)))
"""How many keys an account's events without a signature may write, for receipts and for people's activity each."""


def widest(limits: Iterable[Iterable[Rate]]) -> str:
    """The most events and the longest time of any of these limits, encoded as one rate; "" where none has a rate."""
    rates = [rate for limit in limits for rate in limit]
    return encode([Rate(max(r.count for r in rates), max(r.seconds for r in rates))]) if rates else ""


def parse_address(text: str) -> IPv4Address | IPv6Address:
    """Parse an address. An IPv4-mapped IPv6 address becomes IPv4.

    Raises:
        Invalid: it is not an address.
    """
    if usual := _IPV4.fullmatch(text):
        return IPv4Address(bytes(map(int, usual.groups())))
    try:
        address = ip_address(text)
    except ValueError:
        raise Invalid("not an IPv4 or IPv6 address", "/client_ip") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        # A zone is only meaningful on one machine (RFC 4007 section 11).
        raise Invalid("an address with a zone is none that others can be reached at", "/client_ip")
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def bucket(address: IPv4Address | IPv6Address | None) -> str:
    """The text that stands for an address in keys: the IPv4 address or the /64, without colons; `-` for none."""
    if address is None:
        return NO_ADDRESS
    if isinstance(address, IPv4Address):
        first, second, third, fourth = address.packed
        return f"{first}.{second}.{third}.{fourth}"
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
