"""Reading and changing the registry: sites, accounts and keys in the store. Every process follows its changes.

A change is accepted only if the registry has not changed since it was prepared; otherwise it is prepared again.
Processes are notified by publish/subscribe. In case a notification is lost, they also check the version every 0.75 s.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.errors import CodesvcError, ScriptError, StoreUnavailable
from codesvc.domain.limits import LimitReached, Rate, encode
from codesvc.runtime.tasks import beside
from codesvc.sites.registry.contents import entry_text
from codesvc.sites.registry.inspection import Inspection
from codesvc.sites.registry.tables import Conflict
from codesvc.store.deployment_keys import REGISTRY
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from codesvc.sites.directory import Directory
    from codesvc.sites.registry.sealing import Sealer
    from codesvc.store.change_notifier import ChangeNotifier
    from codesvc.store.store import Store

type_of_changes = dict[str, dict[str, object] | None]

_log = structlog.get_logger(__name__)
_POLL_SECONDS: Final = 0.75
"""Where no message of a change arrives: a change takes effect in every process within a second."""
_TRIES: Final = 20
_WRITES: Final = "admin_writes"
_DAY_SECONDS: Final = 86_400
_MOST_BYTES: Final = 64 * 1_048_576
"""Every process holds all entries, too. A site with a key takes 1 to 2 KiB."""
ADMIN_KEY: Final = "admin-key:"
"""What the actor of a call of the admin API begins with; the key's name follows."""


class RegistryBusy(CodesvcError):
    """Other processes keep changing the registry, so a change was not accepted. Try again."""


class WritesLimited(CodesvcError):
    """An admin key has made, removed or changed as many entries as it may.

    Args:
        denial: the limit, and how long to wait.
    """

    def __init__(self, denial: LimitReached) -> None:
        super().__init__(f"the limit {denial.limit} is reached; try again in {denial.retry_after} s")
        self.denial = denial


class Registry:
    """Follows and changes the registry.

    Attributes:
        most_bytes: what all entries together may take before no admin key makes more or longer ones.
    """

    def __init__(self, store: Store, directory: Directory, sealer: Sealer) -> None:
        self.whole_store = store
        self._store = store.registry
        self._directory = directory
        self._sealer = sealer
        self.most_bytes = _MOST_BYTES
        self._version = ""
        self._reading = asyncio.Lock()
        self._reported: set[str] = set()
        self.listeners: list[Callable[[], None]] = []
        """Called after every change that was applied."""

    async def refresh(self) -> bool:
        """Read and apply changes. Returns whether there were any.

        Raises:
            StoreUnavailable: the store does not answer; the present entries stay.
        """
        async with self._reading:
            read = await self._store.read(self._version)
            if read.outcome is Outcome.SAME:
                return False
            changes: dict[str, str | None] = {name: text or None for name, text in read.changes.items()}
            if read.complete:
                changes |= dict.fromkeys(self._directory.kept.texts.keys() - changes.keys())
            self._directory.apply(changes)
            self._version = read.version
        for listener in self.listeners:
            listener()
        self._warn()
        return True

    def _warn(self) -> None:
        kept = self._directory.kept
        reasons = dict.fromkeys(kept.lost(), "its master key is not in this configuration")
        reasons |= dict.fromkeys(self._directory.without_account, "its account is gone: its calls are refused")
        reasons |= dict.fromkeys(self._directory.without_site, "its site is gone")
        reasons |= dict.fromkeys(self._directory.shadowed, "the configuration file has it too")
        for name in reasons.keys() - self._reported:
            self._reported.add(name)
            _log.error("registry_entry_not_used", entry=name, why=reasons[name])

    async def change(self, make: Callable[[], Awaitable[type_of_changes]], *, by: str) -> None:
        """Change entries, all or none of them, and apply the change in this process at once.

        Args:
            make: reads the directory and returns entries with their new tables, None to remove one. It is called again
                if another process was faster. Its exceptions are passed on, and then nothing has changed.
            by: who changes them, for the audit log; "" writes no line. An admin key has a limit.

        Raises:
            WritesLimited: an admin key reached its limit; nothing was changed.
            UnreadableEntry: it would replace an entry that this process cannot decrypt.
            Conflict: an admin key would make the registry longer than `most_bytes`.
            RegistryBusy: other processes were faster in every attempt.
            StoreUnavailable: the store does not answer; the change may or may not have been made.
        """
        for _ in range(_TRIES):
            await self.refresh()
            expected = self._version
            tables = await make()
            if not tables:
                return
            self._directory.kept.require_readable(*(name for name, table in tables.items() if table is not None))
            texts = {
                name: entry_text(self._sealer, name, table) if table is not None else ""
                for name, table in tables.items()
            }
            rates = self._writes() if by.startswith(ADMIN_KEY) else ()
            if rates:
                self._require_room(texts)
            changed = await self._store.change(
                texts, actor=by, expected=expected, version=secrets.token_hex(8), writes=encode(rates)
            )
            if changed.outcome is Outcome.LIMITED:
                raise WritesLimited(LimitReached(_WRITES, changed.wait_ms, rates))
            if changed.outcome is Outcome.DONE:
                await self.refresh()
                return
        raise RegistryBusy("the registry is being changed by others all the time")

    def _require_room(self, changes: Mapping[str, str]) -> None:
        kept = self._directory.kept.texts
        grown = sum(len(text) - len(kept.get(name, "")) for name, text in changes.items())
        if grown > 0 and sum(map(len, kept.values())) + grown > self.most_bytes:
            raise Conflict(
                f"all entries together would take more than {self.most_bytes // 1_048_576} MiB, which admin keys may "
                "fill; remove some, or use the command line"
            )

    def _writes(self) -> tuple[Rate, ...]:
        """Half of what an audit log keeps, in a day: so no key pushes out the lines about its acts within two days."""
        return (Rate(self.whole_store.retention.audit_lines // 2, _DAY_SECONDS),)

    @asynccontextmanager
    async def running(self, change_notifier: ChangeNotifier) -> AsyncIterator[None]:
        """Read the registry, and follow it while the context is open."""
        await self._try()
        inspection = Inspection(self._directory)
        self.listeners.append(inspection.look)
        following = partial(self._follow, change_notifier)
        async with beside(following, "registry"), beside(inspection.run, "registry inspection"):
            yield

    async def _follow(self, change_notifier: ChangeNotifier) -> None:
        with change_notifier.watch(REGISTRY) as changed:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await changed.wait()
                changed.clear()
                await self._try()

    async def _try(self) -> None:
        try:
            if await self.refresh() and self._directory.kept.aged():
                await self.change(self._reseal, by="")
        except (StoreUnavailable, ScriptError, RegistryBusy) as error:
            _log.warning("registry_not_read", error=str(error))

    async def _reseal(self) -> type_of_changes:
        """Entries under a previous master key, to be encrypted under the present one."""
        kept = self._directory.kept
        opened = {name: kept.open(name) for name in kept.aged()}
        return {name: table for name, table in opened.items() if table is not None}
