"""How many event streams may be open in one process.

Each takes a file descriptor and memory, is written to at each change, and reads its state every 15 seconds. The reasons
and what was measured: docs/decisions/0082-calls-of-a-site-have-turns.md.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from codesvc.runtime import file_descriptors

MOST_OF_ONE: Final = 16
"""Streams of one verification, intent or login: of its page token, and beside them of its site's keys."""
MOST_OF_KEYS: Final = 16_384
"""Of the keys of all sites. So many read the store 1,100 times a second to see whether they changed by time alone."""


def most_of_pages() -> int:
    """Streams that all page tokens together may have open in this process: half of the file descriptors.

    A page without a stream polls. Calls of sites, WeChat's callbacks and the store need the other half.
    """
    return file_descriptors.limit() // 2


def most_of_keys() -> int:
    """Streams that the keys of all sites together may have open: a quarter of the file descriptors at most."""
    return min(file_descriptors.limit() // 4, MOST_OF_KEYS)


class StreamBounds:
    """The streams that are open. Those of page tokens have an empty site."""

    def __init__(self) -> None:
        self.most_of_pages, self.most_of_keys = most_of_pages(), most_of_keys()
        self._of_keys = 0
        self._open: Counter[tuple[str, ...]] = Counter()

    def take(self, identifier: str, site: str) -> bool:
        """Count a stream; False if there is no room for it.

        A site gets no more once it has as many as the keys of all sites may still open (the rule of decision 74). So
        one site gets half, of two each gets a third, and a neighbour always finds room.
        """
        room = self.most_of_keys - self._of_keys if site else self.most_of_pages
        if self._open[(site,)] >= room or self._open[site, identifier] >= MOST_OF_ONE:
            return False
        self._count(identifier, site, 1)
        return True

    def give(self, identifier: str, site: str) -> None:
        """Take a stream that has ended off the count."""
        self._count(identifier, site, -1)

    def _count(self, identifier: str, site: str, by: int) -> None:
        for counted in ((site,), (site, identifier)):
            self._open[counted] += by
            if not self._open[counted]:
                del self._open[counted]
        if site:
            self._of_keys += by
