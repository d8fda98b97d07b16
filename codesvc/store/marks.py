"""The marks of a store's partitions, by which a running process notices that the store was emptied or replaced.

Each partition in use has a mark: a permanent key with a time and a random id, which is written once. A process keeps
the marks that it saw first. Whatever has emptied the store has also taken its mark; the next look writes another one,
and a restored backup brings the old one back. The marks are read with the probe of `/readyz` and `/metrics`.
"""

from secrets import token_hex


class Marks:
    """The marks that this process saw first, and those that it saw last.

    Attributes:
        own_id: the id of the marks that this process makes.
    """

    def __init__(self) -> None:
        self.own_id = token_hex(8)
        self._first: dict[int, str] = {}
        self._last: dict[int, str] = {}

    def note(self, partition: int, mark: str) -> None:
        """Record the mark of a partition."""
        self._first.setdefault(partition, mark)
        self._last[partition] = mark

    @property
    def emptied(self) -> bool:
        """Whether a partition lost its mark, and so its data, since this process saw it first."""
        return self._first != self._last

    @property
    def new(self) -> list[int]:
        """The partitions that had no data when this process saw them first."""
        return [partition for partition, mark in self._first.items() if mark.endswith(self.own_id)]

    @property
    def since(self) -> dict[int, int]:
        """When the mark of each partition was made, ms since 1970."""
        return {partition: since(mark) for partition, mark in self._last.items()}


def since(mark: str) -> int:
    """When a mark was made, ms since 1970; 0 if it is not a mark."""
    ms = mark.partition("-")[0]
    return int(ms) if ms.isascii() and ms.isdigit() else 0
