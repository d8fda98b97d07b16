"""Limits as values (DESIGN rule 3). Counting them exactly is the scripts' work; here is what they are called and mean.

A limit is a list of rates, all of which hold; a rate allows N events in *every* window of T, not in every calendar
hour. An address is one IPv4 address or one IPv6 /64, which is what one subscriber line has.
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
"""IPv4 as it is nearly always written; the library's own reader takes three times as long."""

UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""Units of time in a rate, in seconds."""

NO_ADDRESS: Final = "-"
"""The address of a start whose site sends none."""


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
class Denial:
    """A limit that was reached.

    Attributes:
        limit: its name, as in the configuration.
        wait_ms: until one more event is allowed.
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
    """What each rate of a limit is called where it is told: each is a policy of its own, so with a name of its own."""
    known = tuple(rates)
    return tuple(limit if len(known) == 1 else f"{limit}/{rate.seconds}" for rate in known)


def policies(limit: str, rates: Iterable[Rate]) -> str:
    """The policies of a limit as `RateLimit-Policy` spells them (draft-ietf-httpapi-ratelimit-headers), "" for none."""
    known = tuple(rates)
    pairs = zip(names(limit, known), known, strict=True)
    return ", ".join(f'"{name}";q={rate.count};w={rate.seconds}' for name, rate in pairs)


def encode(rates: Iterable[Rate]) -> str:
    """Rates as the scripts read them: `N/T N/T`, T in ms."""
    return " ".join(f"{rate.count}/{rate.seconds * 1000}" for rate in rates)


def parse_address(text: str) -> IPv4Address | IPv6Address:
    """Read an address; IPv4 in IPv6's clothes is IPv4.

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
        # A zone means something on one machine only (RFC 4007 section 11).
        raise Invalid("an address with a zone is none that others can be reached at", "/client_ip")
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def bucket(address: IPv4Address | IPv6Address) -> str:
    """What is counted for an address: itself, or its /64; without colons, so that it can stand inside a key."""
    if isinstance(address, IPv4Address):
        first, second, third, fourth = address.packed
        return f"{first}.{second}.{third}.{fourth}"
    return IPv6Network((int(address), 64), strict=False).network_address.packed[:8].hex()


def masked_bucket(text: str) -> str:
    """What `masked` says of an address, from its bucket; "" for none."""
    if text == NO_ADDRESS:
        return ""
    if "." in text:
        first, second, *_ = text.split(".")
        return f"{first}.{second}.*.*"
    return f"{text[:4]}:{text[4:8]}:*"


def masked(address: IPv4Address | IPv6Address) -> str:
    """An address as it may be shown to the person: enough to recognise one's own, not enough to find another's."""
    return masked_bucket(bucket(address))
