"""Scripts about the figures of a site or an account, by minute and by hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A batch of counts.

    Attributes:
        batch: its name. A batch that is sent again under the same name is added once.
        seen: first and latest time of failures and of good calls: ms since 1970, or ms before now (0 or less).
        started: ids of new verifications, oldest first.
        minutes_kept: how many minutes are kept.
        hours_kept: how many hours are kept.
        latest_most: how many ids of verifications are kept.
        latest_kept_ms: how long the ids are kept.
    """

    batch: str
    subject: str
    counts: Mapping[str, int]
    seen: Mapping[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    started: Sequence[str]
    minutes_kept: int
    hours_kept: int
    latest_most: int
    latest_kept_ms: int


def _buckets(raw: Sequence[int | Sequence[bytes]]) -> tuple[tuple[int, dict[str, int]], ...]:
    return tuple(
        (number, {name.decode(): int(count) for name, count in zip(flat[::2], flat[1::2], strict=True)})  # type: ignore[index, misc]
        for number, flat in zip(raw[::2], raw[1::2], strict=True)
    )


class CountsRead(Reply, frozen=True):
    """DONE.

    Attributes:
        buckets: number of the minute or hour since 1970, and counts by name; empty ones are left out.
    """

    buckets: Annotated[tuple[tuple[int, dict[str, int]], ...], _buckets] = ()


class Episode(msgspec.Struct, frozen=True):
    """Something that happens again and again.

    Attributes:
        since: the first time, ms since 1970.
        last: the latest time.
    """

    since: int
    last: int


def _episodes(raw: Sequence[bytes]) -> dict[str, Episode]:
    return {
        name.decode(): Episode(*(int(part) for part in times.split()))
        for name, times in zip(raw[::2], raw[1::2], strict=True)
    }


class EpisodesRead(Reply, frozen=True):
    """DONE.

    Attributes:
        episodes: the episodes by field.
    """

    episodes: Annotated[dict[str, Episode], _episodes] = msgspec.field(default_factory=dict)


class Counts:
    """Counts in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._add = Act(deployment, "add_counts", Reply)
        self._read_episodes = Act(deployment, "read_episodes", EpisodesRead)
        self._read = Act(deployment, "read_counts", CountsRead)

    async def add(self, keys: Keys, counted: Counted) -> None:
        """Add a batch to this minute and this hour."""
        await self._add(
            keys,
            {"batch": keys.batch(counted.batch), "latest": keys.latest(counted.subject)},
            {
                "subject": counted.subject,
                "counts": " ".join(f"{name}={count}" for name, count in counted.counts.items()),
                "seen": " ".join(f"{name}={first},{last}" for name, (first, last) in counted.seen.items()),
                "started": " ".join(counted.started),
                "minutes_kept": counted.minutes_kept,
                "hours_kept": counted.hours_kept,
                "latest_most": counted.latest_most,
                "latest_kept": counted.latest_kept_ms,
            },
        )

    async def episodes(self, keys: Keys, subject: str) -> EpisodesRead:
        """Read what failed lately, since when, and when it was last seen."""
        return await self._read_episodes(keys, {}, {"subject": subject})

    async def read(self, keys: Keys, subject: str, *, kind: str, first: int, last: int) -> CountsRead:
        """Read buckets (`kind`: minute or hour), from the one `first` back from now to the one `last` back."""
        return await self._read(keys, {}, {"subject": subject, "kind": kind, "first": first, "last": last})
