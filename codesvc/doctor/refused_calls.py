"""Which calls WeChat refuses the running service until an operator acts, such as a banned template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.doctor.finding import Finding, fail, ok
from codesvc.service.operators.account_state import read_call_refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.sites.directory import AccountEntry
    from codesvc.store.store import Store


async def findings(accounts: Iterable[AccountEntry], store: Store) -> list[Finding]:
    """A finding for each account, from the outcomes of the service's own calls in the last two days."""
    found: list[Finding] = []
    for account in accounts:
        what = f"accounts.{account.name}: refused calls"
        refusal = await read_call_refusal(store, account)
        if refusal is None:
            found.append(ok(what, "none that need action"))
        else:
            found.append(fail(what, refusal.words, refusal.remedy))
    return found
