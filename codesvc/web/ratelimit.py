"""Rate-limit headers (draft-ietf-httpapi-ratelimit-headers): the policies, and how many calls remain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.domain.limits import whole_seconds

if TYPE_CHECKING:
    from codesvc.domain.record import Record
    from codesvc.sites.directory import SiteEntry

STARTS: Final = ("site_starts", "address_starts")
CHECKS: Final = ("user_guesses", "address_guesses")


def headers(site: SiteEntry, limits: tuple[str, ...], left: str) -> dict[str, str]:
    """The headers of a call that counts against limits. They do not depend on a binding (DESIGN rule 7).

    Args:
        site: the site with the limits.
        limits: the names of the limits, in the order of `left`.
        left: the script's answer: for each limit its rates in order as `more/ms` (calls left, wait), limits separated
            by commas.
    """
    policies, items = [], []
    for limit, rates in zip(limits, left.split(","), strict=True):
        if rates:
            names, stated = site.policies[limit]
            policies.append(stated)
            for name, rate in zip(names, rates.split(" "), strict=True):
                more, _, ms = rate.partition("/")
                # A negative number means none left.
                items.append(f'"{name}";r={"0" if more[0] == "-" else more};t={whole_seconds(int(ms))}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(items)} if items else {}


def of_resend(record: Record) -> dict[str, str]:
    """The headers of an accepted resend: the next one is allowed at `resend_at`."""
    if record.resend_at <= record.now:
        return {}
    wait = whole_seconds(record.resend_at - record.now)
    return {"RateLimit-Policy": f'"resend";q=1;w={wait}', "RateLimit": f'"resend";r=0;t={wait}'}
