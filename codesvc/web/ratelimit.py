"""Limits in headers (draft-ietf-httpapi-ratelimit-headers): what a caller may do, and what is left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.domain.record import Record
    from codesvc.sites.directory import SiteEntry

STARTS: Final = ("site_starts", "address_starts")
CHECKS: Final = ("user_guesses", "address_guesses")


def headers(site: SiteEntry, limits: tuple[str, ...], left: str) -> dict[str, str]:
    """The headers of a call that counts, or could have: the same for every user, whatever is bound (DESIGN rule 7).

    Args:
        site: whose limits.
        limits: which of them, in the order of `left`.
        left: what a script says is left of each: its rates in order as `more/ms`, a comma between limits.
    """
    policies, items = [], []
    for limit, rates in zip(limits, left.split(","), strict=True):
        if rates:
            names, stated = site.policies[limit]
            policies.append(stated)
            for name, rate in zip(names, rates.split(" "), strict=True):
                more, _, ms = rate.partition("/")
                # A number below zero is none left; a started second counts whole.
                items.append(f'"{name}";r={"0" if more[0] == "-" else more};t={max(1, (int(ms) + 999) // 1000)}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(items)} if items else {}


def of_resend(site: SiteEntry, record: Record) -> dict[str, str]:
    """The headers of a resend that was taken: one in every `resend_after` seconds."""
    policy = site.purpose(record.purpose)
    if policy is None or policy.resend_after == 0:
        return {}
    wait = max(1, -(-(record.resend_at - record.now) // 1000))
    return {"RateLimit-Policy": f'"resend";q=1;w={policy.resend_after}', "RateLimit": f'"resend";r=0;t={wait}'}
