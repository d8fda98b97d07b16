"""Whether this process has the master keys of all processes on its store.

Each process notes the id of its current master key in the store, and reads those of the others. A code that was started
under a key that this process lacks cannot be computed here: it is not sent, and is rejected as wrong.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain import health
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.runtime import metrics
from codesvc.runtime.tasks import beside, every
from codesvc.store.master_keys import NOTED_EVERY_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.domain.health import ComponentHealth
    from codesvc.domain.keyring import Keyring
    from codesvc.sites.registry.contents import Contents
    from codesvc.store.store import Store

_log: Final = structlog.get_logger(__name__)


class MasterKeyWatch:
    """The master keys that other processes or the registry's entries use, and this process lacks."""

    def __init__(self, store: Store, keyring: Keyring, kept: Contents) -> None:
        self._store = store.master_keys
        self._keyring = keyring
        self._kept = kept
        self._unknown: list[str] | None = None

    @property
    def condition(self) -> ComponentHealth:
        """`differs` while another process or an entry of the registry uses a key that this process lacks."""
        return health.of_master_keys(self._unknown, self._keyring.current.key_id, len(self._kept.lost()))

    async def look(self) -> None:
        """Note the own key and read the others, once.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        found = await self._store.note(self._keyring.current.key_id)
        before, self._unknown = self._unknown, sorted(each for each in found if self._keyring.find(each) is None)
        metrics.MASTER_KEY_UNKNOWN.set(bool(self._unknown or self._kept.lost()))
        if self._unknown and self._unknown != before:
            _log.error("master_key_differs", count=len(self._unknown))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look now and every 20 seconds, as long as this context is open."""
        async with beside(partial(every, NOTED_EVERY_SECONDS, self._try, at_once=True), "master keys"):
            yield

    async def _try(self) -> None:
        try:
            await self.look()
        except (StoreUnavailable, ScriptError) as error:
            # The keys that were read last may have changed since.
            self._unknown = None
            _log.info("master_keys_not_read", error=str(error))
