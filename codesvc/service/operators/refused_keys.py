"""Whether a site is shut out: calls that name it come with an unknown key, and no valid one comes.

Keys that `codesvc keys new` makes name their site. Strangers can send calls with such a key, but they cannot stop the
site's own calls. So only both together mean that the site's key was removed or mistyped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.service.statistics.fields import Fact, field, site_subject

if TYPE_CHECKING:
    from codesvc.service.statistics.series import Figures
    from codesvc.sites.directory import SiteEntry
    from codesvc.sites.registry.uses import KeyUses
    from codesvc.store.store import Store

_FIELD: Final = field("", Fact.KEY_REFUSED)
_FEWEST: Final = 3
"""Fewer calls in an hour may be a single mistyped trial."""
_OVER_MS: Final = 900_000


@dataclass(frozen=True, slots=True)
class RefusedKey:
    """Calls with an unknown key that name a site.

    Attributes:
        site: the site's name.
        count: how many came in the last hour.
        since: when they began, ms since 1970.
        called: when the site last called with a valid key, ms since 1970; None for never.
    """

    site: str
    count: int
    since: int
    called: int | None

    @property
    def shut_out(self) -> bool:
        """Whether no valid call has come since they began."""
        return self.called is None or self.called <= self.since


async def read_refused_key(store: Store, uses: KeyUses, site: SiteEntry, hour: Figures) -> RefusedKey | None:
    """What is known of a site by its figures of the last hour; None if no such call came in 15 minutes."""
    count = hour.total[_FIELD]
    if count < _FEWEST:
        return None
    found = await store.counts.episodes(site.store_keys, site_subject(site.name))
    episode = found.episodes.get(_FIELD)
    if episode is None or found.now - episode.last > _OVER_MS:
        return None
    return RefusedKey(site.name, count, episode.since, await uses.last_call(site.name))
