"""Which calls WeChat refuses the running service until an operator acts, such as a banned template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.doctor.finding import Finding, fail, ok, skipped
from codesvc.domain.clock import Offset
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.service.operators.account_state import read_call_refusal
from codesvc.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.doctor.storeprobe import ReachableStore
    from codesvc.sites.directory import AccountEntry


async def findings(accounts: Iterable[AccountEntry], place: ReachableStore | None, prefix: str) -> list[Finding]:
    """A finding for each account, from the outcomes of the service's own calls in the last two days."""
    if place is None:
        return [skipped("refused calls", "the store does not answer")]
    store = Store(place.servers, offset=Offset(movable=False), prefix=prefix)
    found: list[Finding] = []
    for account in accounts:
        what = f"accounts.{account.name}: refused calls"
        try:
            refusal = await read_call_refusal(store, account)
        except (StoreUnavailable, ScriptError):
            return [skipped("refused calls", "the store does not answer")]
        if refusal is None:
            found.append(ok(what, "none that somebody has to act on"))
        else:
            found.append(fail(what, refusal.words, refusal.remedy))
    return found
