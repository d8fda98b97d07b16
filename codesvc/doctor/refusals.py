"""Which of WeChat's callbacks the running service has refused in the last day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.doctor.finding import Finding, ok, skipped, warn
from codesvc.domain import health
from codesvc.domain.clock import Offset, rfc3339
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.service.callback_refusals import CallbackRefusals
from codesvc.store.store import Store

if TYPE_CHECKING:
    from codesvc.doctor.storeprobe import ReachableStore
    from codesvc.store.callbacks import Refusal

_SIGNED = (
    "See what the text says: the message format in WeChat's console must be XML, and no proxy may change the body."
)
_UNSIGNED = (
    "If people's messages get no answer, compare token and appid with WeChat's console and set this machine's clock; "
    "else a stranger has tried the address."
)


async def findings(accounts: list[str], place: ReachableStore | None, prefix: str) -> list[Finding]:
    """A finding for each account."""
    if place is None:
        return [skipped("refused callbacks", "the store does not answer")]
    store = Store(place.servers, offset=Offset(movable=False), prefix=prefix)
    try:
        found = await CallbackRefusals(store.callbacks).of(accounts)
    except (StoreUnavailable, ScriptError):
        return [skipped("refused callbacks", "the store does not answer")]
    told: list[Finding] = []
    for name in accounts:
        what, refused = f"accounts.{name}: refused callbacks", found.get(name)
        if refused is None:
            told.append(ok(what, "none in the last day"))
            continue
        if refused.signed is not None:
            told.append(warn(what, f"with a right signature: {_said(refused.signed)}", _SIGNED))
        if refused.unsigned is not None:
            told.append(warn(what, f"without a right signature: {_said(refused.unsigned)}", _UNSIGNED))
    return told


def _said(each: Refusal) -> str:
    return health.refused_callbacks(each.count, rfc3339(each.since), rfc3339(each.at), each.why)
