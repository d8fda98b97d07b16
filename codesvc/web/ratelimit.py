"""Rate-limit headers (draft-ietf-httpapi-ratelimit-headers): the policies, and how many calls remain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
                # A negative number means none left; seconds are rounded up.
                items.append(f'"{name}";r={"0" if more[0] == "-" else more};t={max(1, (int(ms) + 999) // 1000)}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(items)} if items else {}


def of_resend(site: SiteEntry, record: Record) -> dict[str, str]:
    """The headers of an accepted resend: one is allowed in `resend_after` seconds."""
    policy = site.purpose(record.purpose)
    if policy is None or policy.resend_after == 0:
        return {}
    wait = max(1, -(-(record.resend_at - record.now) // 1000))
    return {"RateLimit-Policy": f'"resend";q=1;w={policy.resend_after}', "RateLimit": f'"resend";r=0;t={wait}'}
