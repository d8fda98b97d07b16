"""What is heard of WeChat's callbacks, by account and from all processes: good ones, refused ones, and silence.

Anybody can call the callback's address. So a process counts in memory and writes once a second, in the background: no
callback waits for it. The log too has a line a second at most for each account and reason, with their number. Signed
refusals are kept apart from unsigned ones, so that strangers cannot hide a real fault.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.callback_health import Heard, Reason, Refused
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.runtime import metrics, repeated_lines
from codesvc.runtime.tasks import beside, every

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from codesvc.store.callbacks import CallbackCount, Callbacks

_log = structlog.get_logger(__name__)
_SPACING_SECONDS: Final = 1.0
_SHOWN_MS: Final = 86_400_000
_LONGEST: Final = 300
GOOD: Final = "good"


@dataclass(slots=True)
class _Pending:
    count: int = 0
    why: str = ""
    reason: str = ""


class CallbackRecord:
    """Records and reads what is heard of callbacks."""

    def __init__(self, store: Callbacks) -> None:
        self._store = store
        self._pending: dict[str, _Pending] = {}

    def note(self, account: str, error: Exception, *, signed: bool) -> None:
        """Record a refused callback. Its error's text must hold no secret."""
        reason = str(getattr(error, "reason", Reason.FORM))
        metrics.CALLBACKS.labels(account, reason).inc()
        pending = self._of(account, "signed" if signed else "unsigned")
        pending.why, pending.reason = str(error)[:_LONGEST], reason
        pending.count += 1
        repeated_lines.note(
            _log_refused, f"{account} {reason}", account=account, error=type(error).__name__, why=str(error)
        )

    def hear(self, account: str) -> None:
        """Record a good callback."""
        metrics.CALLBACKS.labels(account, GOOD).inc()
        # QR codes that were shown before it have been answered.
        self._of(account, "shown").count = 0
        self._of(account, GOOD).count += 1

    def show(self, account: str) -> None:
        """Record that a QR code was given to a page."""
        self._of(account, "shown").count += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write every second while the context is open, and once more at its end."""
        try:
            async with beside(partial(every, _SPACING_SECONDS, self.write), "callback refusals"):
                yield
        finally:
            await self.write()

    async def of(self, accounts: Iterable[str]) -> dict[str, Heard]:
        """What is known about these accounts."""
        await self.write()
        found = await self._store.read()
        entries = found.entries

        def refused(name: str) -> Refused | None:
            each = entries.get(name)
            return _refused(each) if each is not None and found.now - each.at <= _SHOWN_MS else None

        def heard(name: str) -> Heard:
            good, shown = entries.get(f"{name} {GOOD}"), entries.get(f"{name} shown")
            # An entry that began before the latest good callback was answered by it.
            if shown is not None and good is not None and good.at >= shown.since:
                shown = None
            return Heard(
                found.now,
                good.at if good else None,
                refused(f"{name} signed"),
                refused(f"{name} unsigned"),
                shown.count if shown else 0,
                shown.since if shown else None,
            )

        return {name: heard(name) for name in accounts}

    def _of(self, account: str, kind: str) -> _Pending:
        return self._pending.setdefault(f"{account} {kind}", _Pending())

    async def write(self) -> None:
        """Write what was counted. If the store does not answer, it is written with the next."""
        for name, pending in list(self._pending.items()):
            count, pending.count = pending.count, 0
            if not count:
                continue
            try:
                await self._write_one(name, pending, count)
            except (StoreUnavailable, ScriptError) as error:
                pending.count += count
                _log.warning("refusals_not_written", error=str(error))
                return

    async def _write_one(self, name: str, pending: _Pending, count: int) -> None:
        account, _, kind = name.rpartition(" ")
        good = f"{account} {GOOD}"
        if kind in {GOOD, "shown"}:
            await self._store.mark(name, good="" if kind == GOOD else good, count=count)
            return
        await self._store.note(name, good=good, count=count, why=pending.why, reason=pending.reason)


def _log_refused(*, account: str, error: str, why: str, count: int) -> None:
    _log.warning("callback_refused", account=account, error=error, why=why, count=count)


def _refused(each: CallbackCount) -> Refused:
    reason = Reason.FORM
    with suppress(ValueError):  # an older process gives none
        reason = Reason(each.reason)
    return Refused(each.count, each.since, each.at, each.why, reason, each.reasons)
