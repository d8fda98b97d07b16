"""Whether the receivers of the sites' webhooks take what the running service sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, fail, ok, warn
from codesvc.domain.clock import rfc3339
from codesvc.domain.webhook import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store
    from codesvc.store.webhooks import Endpoint

_ALLOW: Final = (
    "If the receiver is yours, set allow_private = true in [sites.{site}.webhook] of the configuration file. "
    "Without it this machine's own addresses are called only by https at port 443. "
)


async def findings(listening: Iterable[SiteEntry], store: Store) -> list[Finding]:
    """A finding for each of these sites, which have webhooks, from the outcomes of the service's own attempts."""
    replies = [(site.name, await store.webhooks.endpoint(site.store_keys, site.name)) for site in listening]
    return [judged(name, reply.endpoint) for name, reply in replies]


def judged(site: str, state: Endpoint) -> Finding:
    """The finding for the state of a site's endpoint."""
    what, waiting = f"sites.{site}: webhook receiver", f"events waiting: {state.waiting}"
    if state.disabled is not None:
        said = f"disabled since {rfc3339(state.disabled)}, because it answered 410 (gone); {waiting}"
        return fail(what, said, f"Correct the address, then run: codesvc webhooks enable --site {site} --config FILE")
    if state.failing:
        said = f"attempts that failed in a row: {state.failures}, the latest with {state.result}; {waiting}"
        remedy = "Events are kept and retried. To list the failures: codesvc webhooks list --site"
        allow = _ALLOW.format(site=site) if state.result == Result.PRIVATE_ADDRESS else ""
        return warn(what, said, f"{allow}{remedy} {site} --config FILE")
    return ok(what, waiting if state.waiting else "no events waiting")
