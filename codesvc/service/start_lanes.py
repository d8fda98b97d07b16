"""Whose window a start of an intent counts in: what strangers can start keeps out strangers only (DESIGN rule 3).

- Starts with a key of the site count in the windows of the site and of the address, as verifications do.
- A login that a browser begins at an app takes no key. Such starts share a window of the same size. An address has its
  own budget in it, a network (IPv4 /24, IPv6 /48) four times that, and a provider's block (IPv4 /16, IPv6 /32) a
  quarter of the window, so that nobody fills it alone.
- A person who has logged in to an app of the site before has a third window, and a budget of their own in it, in every
  network (`codesvc.domain.known_browsers`). If it is used up, they are strangers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.domain.addresses import NO_ADDRESS, bucket, network, region
from codesvc.domain.limits import Rate, encode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.config import Limits

_NETWORK_TIMES: Final = 4
_REGION_SHARE: Final = 4
_REGION_LEAST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What a start counts in; the names are parts of keys, `-` for none.

    Attributes:
        window: the site's window.
        address: what the limit by address counts.
        stranger: whether it takes no key, and nobody is known.
        network: the network of the address.
        region: the block of the provider.
    """

    window: str
    address: str
    stranger: bool = False
    network: str = NO_ADDRESS
    region: str = NO_ADDRESS


def lane_of(address: IPv4Address | IPv6Address | None, *, for_app: bool, known: str) -> Lane:
    """The lane of a start from this address, for an app, by the person `known` ("" for a stranger)."""
    if not for_app:
        return Lane(window="all", address=bucket(address))
    if known:
        return Lane(window="apps-known", address=f"known-{known}")
    if address is None:
        return Lane(window="apps", address=NO_ADDRESS, stranger=True)
    counted = f"apps-{bucket(address)}"
    return Lane(window="apps", address=counted, stranger=True, network=network(address), region=region(address))


def lane_rates(limits: Limits) -> Mapping[str, str]:
    """The limits of networks and providers, which follow from those of addresses and of the site."""
    networks = (Rate(_NETWORK_TIMES * rate.count, rate.seconds) for rate in limits.address_starts)
    shares = (Rate(max(_REGION_LEAST, rate.count // _REGION_SHARE), rate.seconds) for rate in limits.site_starts)
    return {"network_starts": encode(networks), "region_starts": encode(shares)}
