"""By what a running process notices that the store was emptied or replaced, or lost its latest writes.

Each partition in use has a mark: a permanent key with a time and a random id, which is written once. A process keeps
the marks that it saw first. Whatever has emptied the store has also taken its mark; the next look writes another one,
and a restored backup brings the old one back.

At each look the store keeps a turn of the process, which rises. If it has an older turn of a process than the process
got, or none, it went back: a replica that lagged became the primary, or an older copy was restored. The store keeps for
a day that this was noticed, so that every process knows it. Both are read with the probe of `/readyz` and `/metrics`.
"""

from secrets import token_hex

from codesvc.domain.health import EMPTIED, OK, ROLLED_BACK


class Marks:
    """The marks that this process saw first, and what it saw last.

    Attributes:
        own_id: the id of the marks and turns that this process makes.
    """

    def __init__(self) -> None:
        self.own_id = token_hex(8)
        self._first: dict[int, str] = {}
        self._last: dict[int, str] = {}
        self._turns: dict[int, int] = {}
        self._lost: dict[int, tuple[int, int]] = {}

    def note(self, partition: int, mark: str, turn: int = 0, lost: tuple[int, int] = (0, 0)) -> None:
        """Record what a look at a partition found; `lost`: since and until when writes were lost, ms; 0 for none."""
        self._first.setdefault(partition, mark)
        self._last[partition] = mark
        self._turns[partition] = turn
        self._lost[partition] = lost

    def latest(self, partition: int) -> tuple[str, int]:
        """The mark and the turn of the latest look at a partition; "" and 0 before the first one."""
        return self._last.get(partition, ""), self._turns.get(partition, 0)

    @property
    def emptied(self) -> bool:
        """Whether a partition lost its mark, and so its data, since this process saw it first."""
        return self._first != self._last

    @property
    def lost(self) -> tuple[int, int] | None:
        """Since and until when acknowledged writes were lost, ms since 1970; None if none were within a day."""
        found = [lost for lost in self._lost.values() if lost[1]]
        return (min(since for since, _ in found), max(until for _, until in found)) if found else None

    @property
    def state(self) -> str:
        """`emptied`, `rolled back` or `ok`."""
        return EMPTIED if self.emptied else ROLLED_BACK if self.lost else OK

    @property
    def lost_seconds(self) -> dict[int, float]:
        """Of how many seconds each partition lost writes within a day."""
        return {partition: (until - since) / 1000 for partition, (since, until) in self._lost.items()}

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
