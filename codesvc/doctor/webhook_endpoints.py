"""Whether the receivers of the sites' webhooks take what the running service sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, fail, ok, skipped, warn
from codesvc.domain.clock import Offset, rfc3339
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.doctor.storeprobe import ReachableStore
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.webhooks import Endpoint

_FAILURES_IN_A_ROW: Final = 3


async def findings(sites: Iterable[SiteEntry], place: ReachableStore | None, prefix: str) -> list[Finding]:
    """A finding for each site that has a webhook, from the outcomes of the service's own attempts."""
    listening = [site for site in sites if site.config.webhook is not None]
    if place is None:
        return [skipped("webhook receivers", "the store does not answer")] if listening else []
    store = Store(place.servers, offset=Offset(movable=False), prefix=prefix)
    found: list[Finding] = []
    for site in listening:
        try:
            reply = await store.webhooks.endpoint(site.keys, site.name)
        except (StoreUnavailable, ScriptError):
            return [skipped("webhook receivers", "the store does not answer")]
        found.append(judged(site.name, reply.endpoint))
    return found


def judged(site: str, state: Endpoint) -> Finding:
    """The finding for the state of a site's endpoint."""
    what, waiting = f"sites.{site}: webhook receiver", f"{state.waiting} events wait"
    if state.disabled is not None:
        said = f"nothing is sent since {rfc3339(state.disabled)}, because it answered 410 (gone); {waiting}"
        return fail(what, said, f"Correct the address, then: codesvc webhooks enable --site {site} --config FILE")
    if state.failures >= _FAILURES_IN_A_ROW:
        said = f"{state.failures} attempts in a row have failed, the last one with {state.result}; {waiting}"
        remedy = "Events are kept and sent again; what failed: codesvc webhooks list --site"
        return warn(what, said, f"{remedy} {site} --config FILE")
    return ok(what, waiting if state.waiting else "nothing waits")
