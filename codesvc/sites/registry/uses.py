"""The time when each API key was last used, so that unused keys can be found and removed; and when each site called.

A use is recorded in memory and written in the background, at most once a minute for each key. A key is identified by
the beginning of its hash, so that a new key of the same name has its own record.
"""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.runtime import metrics
from codesvc.runtime.tasks import beside, every

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from codesvc.config import ApiKey
    from codesvc.sites.entries import Caller
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_EVERY_SECONDS: Final = 10.0
_SPACING_SECONDS: Final = 60.0
_SITE: Final = "site/"


def _of_site(site: str) -> str:
    """The name of a site among the uses. The identifier of a key has no slash."""
    return _SITE + site


class KeyUses:
    """Records uses of keys, and writes and reads them.

    Args:
        store: keeps them for 400 days after the last use of any key.
    """

    def __init__(self, store: Store) -> None:
        self._store = store.registry
        self._noted: dict[str, float] = {}
        self._written: dict[str, float] = {}

    def note(self, caller: Caller) -> None:
        """Record that this key was used now."""
        self._noted[caller.key_id] = self._noted[_of_site(caller.site.name)] = time.monotonic()

    def note_site(self, site: str) -> None:
        """Record a call that a site made now with a secret other than an API key."""
        self._noted[_of_site(site)] = time.monotonic()

    async def write(self, *, spaced: bool = True) -> None:
        """Write the recorded uses; `spaced` skips keys that were written within the last minute.

        Raises:
            StoreUnavailable: the store does not answer; recorded uses are kept.
        """
        now = time.monotonic()
        due = {
            name: at
            for name, at in self._noted.items()
            if not spaced or now - self._written.get(name, -_SPACING_SECONDS) >= _SPACING_SECONDS
        }
        if not due:
            return
        ages = {name: round((now - at) * 1000) for name, at in due.items()}
        await self._store.note_uses(ages, spacing_ms=round(_SPACING_SECONDS * 1000))
        for name, at in due.items():
            if name.startswith(_SITE):
                metrics.SITE_CALLED.labels(name.removeprefix(_SITE)).set(time.time() - (now - at))
            self._written[name] = now
            if self._noted.get(name) == at:
                del self._noted[name]

    async def last(self, keys: Sequence[ApiKey]) -> list[int | None]:
        """When each of these keys was last used, in ms since 1970; None for never. It may be a minute late."""
        return list((await self._store.uses([key.identifier for key in keys])).times)

    async def last_call(self, site: str) -> int | None:
        """When a site last called with a valid key or secret, in ms since 1970; None for never. A minute late."""
        return (await self._store.uses([_of_site(site)])).times[0]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write every few seconds while the context is open, and once more at its end."""
        try:
            async with beside(partial(every, _EVERY_SECONDS, self._try), "key uses"):
                yield
        finally:
            await self._try(spaced=False)

    async def _try(self, *, spaced: bool = True) -> None:
        try:
            await self.write(spaced=spaced)
        except (StoreUnavailable, ScriptError) as error:
            _log.warning("key_uses_not_written", error=str(error))
