"""Looks for bindings under another appid: at the start, and regularly after that.

A start is refused. Later nothing can be refused: then the log says it, as an error, every ten minutes. That is when the
store did not answer at the start, or another process has changed it since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.service.misplaced_bindings import explained, find_misplaced, require_in_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.service.misplaced_bindings import Misplaced
    from codesvc.sites.directory import Directory
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)


class BindingWatch:
    """Refuses a start, or logs, where bindings lie under another appid."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        self._looked = False

    @classmethod
    async def begun(cls, store: Store, directory: Directory) -> BindingWatch:
        """Look once, before anything is served.

        Raises:
            BindingsElsewhere: bindings of a present site lie under another appid.
        """
        watch = cls(store, directory)
        try:
            _tell(await require_in_place(store, directory))
        except StoreUnavailable as error:
            # A store that does not answer yet is not an error. `again` looks later.
            _log.warning("bindings_not_looked_at", error=str(error))
        else:
            watch._looked = True
        return watch

    async def again(self) -> None:
        """Look again, unless `begun` has just done it."""
        if self._looked:
            self._looked = False
            return
        try:
            found = await find_misplaced(self._store, self._directory)
        except (StoreUnavailable, ScriptError) as error:
            _log.warning("bindings_not_looked_at", error=str(error))
            return
        _tell(found)


def _tell(found: Sequence[Misplaced]) -> None:
    """Bindings of a site that is gone harm nobody, but they are personal data that nothing deletes any more."""
    elsewhere = [each for each in found if each.present]
    if elsewhere:
        _log.error("bindings_under_another_appid", error=explained(elsewhere))
    for each in found:
        if not each.present:
            _log.warning("bindings_of_no_site", site=each.site, error=str(each))
