"""Limits in headers (draft-ietf-httpapi-ratelimit-headers): what a caller may do, said also where it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.config import Rate
    from codesvc.directory import SiteEntry

_OF_STARTS: Final = ("site_starts", "address_starts")


def names(limit: str, rates: tuple[Rate, ...]) -> dict[Rate, str]:
    """What each rate of a limit is called: each is a policy of its own and needs a name of its own."""
    return {rate: limit if len(rates) == 1 else f"{limit}/{rate.seconds}" for rate in rates}


def policies(limit: str, rates: tuple[Rate, ...]) -> str:
    """The `RateLimit-Policy` of a limit, "" for one that is lifted."""
    return ", ".join(f'"{name}";q={rate.count};w={rate.seconds}' for rate, name in names(limit, rates).items())


def of_starts(site: SiteEntry) -> dict[str, str]:
    """The header of a start that was taken: the same for every user, whatever is bound (DESIGN rule 7)."""
    stated = [policies(limit, getattr(site.config.limits, limit)) for limit in _OF_STARTS]
    return {"RateLimit-Policy": ", ".join(filter(None, stated))} if any(stated) else {}
