"""What the running service has heard of WeChat's callbacks: refused in the last day, missing, or the last good one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.doctor.finding import Finding, fail, ok, warn
from codesvc.domain import callback_health
from codesvc.domain.callback_health import MISSING_REMEDY, REMEDIES, Heard
from codesvc.domain.clock import rfc3339
from codesvc.service.callback_record import CallbackRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codesvc.sites.directory import AccountEntry
    from codesvc.store.store import Store


async def findings(accounts: Iterable[AccountEntry], store: Store) -> list[Finding]:
    """The findings for each account."""
    names = [account.name for account in accounts]
    found = await CallbackRecord(store.callbacks).of(names)
    return [finding for name in names for finding in judge(name, found[name])]


def judge(name: str, heard: Heard) -> Iterator[Finding]:
    """The findings for one account."""
    what = f"accounts.{name}: refused callbacks"
    good = (
        f"the last valid callback came at {rfc3339(heard.good_at)}" if heard.good_at is not None else "no valid one yet"
    )
    for words, each in (("with a valid signature", heard.signed), ("without a valid signature", heard.unsigned)):
        if each is not None:
            yield warn(
                what, f"{words}: {callback_health.said(each)} {good[0].upper()}{good[1:]}.", REMEDIES[each.reason]
            )
    if heard.signed is None and heard.unsigned is None:
        yield ok(what, f"none in the last day; {good}")
    if callback_health.missing(heard):
        since = rfc3339(heard.unheard_since or 0)
        found = f"{heard.unheard:,} QR codes have been shown since {since}, but no callback has arrived"
        yield fail(f"accounts.{name}: callbacks", found, MISSING_REMEDY)
