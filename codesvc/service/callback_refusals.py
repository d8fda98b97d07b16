"""Which callbacks were refused and why, for operators: on `/readyz` and in `codesvc check`, from all processes.

Anybody can call the callback's address. So one process writes at most once a second for each account, and what a
signature covers is kept apart from what has none: strangers cannot hide a real fault.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.errors import ScriptError, StoreUnavailable

if TYPE_CHECKING:
    from codesvc.store.callbacks import Callbacks, Refusal

_log = structlog.get_logger(__name__)
_SPACING_SECONDS: Final = 1.0
_SHOWN_MS: Final = 86_400_000
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Refused:
    """The refused callbacks of an account in the last day.

    Attributes:
        signed: those whose signature was right, so that WeChat or its console is the sender; None for none.
        unsigned: those without a right signature: another token in the console, a wrong clock, or a stranger.
    """

    signed: Refusal | None = None
    unsigned: Refusal | None = None


@dataclass(slots=True)
class _Pending:
    count: int = 0
    kind: str = ""
    why: str = ""
    written: float = float("-inf")


class CallbackRefusals:
    """Records and reads refused callbacks.

    Args:
        store: keeps the latest of each account for a day.
    """

    def __init__(self, store: Callbacks) -> None:
        self._store = store
        self._pending: dict[str, _Pending] = {}

    async def note(self, account: str, error: Exception, *, signed: bool) -> None:
        """Record a refused callback. Its error's text must hold no secret. Never raises for the store."""
        pending = self._pending.setdefault(f"{account} {'signed' if signed else 'unsigned'}", _Pending())
        pending.count += 1
        pending.kind, pending.why = type(error).__name__, str(error)[:_LONGEST]
        now = asyncio.get_running_loop().time()
        if now - pending.written >= _SPACING_SECONDS:
            pending.written = now
            await self._write()

    async def of(self, accounts: list[str]) -> dict[str, Refused]:
        """The refusals of these accounts; those without are missing.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        await self._write()
        found = await self._store.read()
        fresh = {name: each for name, each in found.entries.items() if found.now - each.at <= _SHOWN_MS}
        told = {name: Refused(fresh.get(f"{name} signed"), fresh.get(f"{name} unsigned")) for name in accounts if fresh}
        return {name: each for name, each in told.items() if each.signed or each.unsigned}

    async def _write(self) -> None:
        for name, pending in self._pending.items():
            count, pending.count = pending.count, 0
            if not count:
                continue
            try:
                await self._store.note(name, count=count, kind=pending.kind, why=pending.why)
            except (StoreUnavailable, ScriptError) as error:
                pending.count += count
                _log.warning("refusals_not_written", error=str(error))
                return
