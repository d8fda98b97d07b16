"""The queue of webhook events, per site. Scripts write it, `codesvc.delivery.webhooks` sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from codesvc.store.act import Act
from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.store.act import Deployment

LEASE_MS: Final = 15_000
"""How long a process holds a site without renewing its lease. After that it counts as dead."""

Verdict = Literal["delivered", "again", "failed", "gone"]


@dataclass(frozen=True, slots=True, repr=False)
class Job:
    """An event to be sent.

    Attributes:
        id: the event's id for the receiver.
        kind: its type.
        created: when it happened, ms.
        attempts: how many attempts have failed.
        facts: the data that a script noted, JSON.
    """

    id: str
    kind: str
    created: int
    attempts: int
    facts: bytes


class Tried(msgspec.Struct, omit_defaults=True):
    """An attempt as it is kept.

    Attributes:
        ms: how long it took.
        at: when it was recorded, in ms since 1970, as digits; the script writes it.
    """

    result: str
    ms: int
    status: int | None = None
    at: str = ""


def _jobs(raw: Sequence[bytes]) -> tuple[Job, ...]:
    return tuple(
        Job(raw[i].decode(), raw[i + 1].decode(), int(raw[i + 2]), int(raw[i + 3]), raw[i + 4])
        for i in range(0, len(raw), 5)
    )


class SitesClaimed(Reply, frozen=True):
    """DONE."""

    sites: tuple[str, ...] = ()


class Work(Reply, frozen=True):
    """The due events of a site: DONE; EMPTY, STALE or CLOSED if the site is no longer held.

    Attributes:
        jobs: the due events, the earliest first, including those that are being sent.
        failures: attempts in a row that have failed.
    """

    jobs: Annotated[tuple[Job, ...], _jobs] = ()
    failures: int = 0


class WebhookQueue:
    """The queue for a sending process. Every call raises StoreUnavailable if the store does not answer.

    Args:
        owner: this process's name; a new one for each start.
    """

    def __init__(self, deployment: Deployment, owner: str) -> None:
        self._prefix = deployment.prefix
        self._owner = owner
        self._claim = Act(deployment, "claim_webhooks", SitesClaimed)
        self._take = Act(deployment, "take_webhooks", Work)
        self._release = Act(deployment, "release_webhooks", Reply)
        self._make_all_due = Act(deployment, "make_webhooks_due", Reply)
        self._record = Act(deployment, "record_webhook", Reply)

    async def claim(self, partition: int, *, most: int) -> SitesClaimed:
        """Claim sites that have events to send."""
        place = PartitionKeys(self._prefix, partition)
        return await self._claim(
            place,
            {"sites": place.webhook_sites},
            {"owner": self._owner, "lease": LEASE_MS, "most": most},
        )

    async def make_all_due(self, partition: int) -> None:
        """Make everything due that waits for a time to come, after the store's clock was set back."""
        place = PartitionKeys(self._prefix, partition)
        await self._make_all_due(place, {"sites": place.webhook_sites}, {})

    async def take(self, partition: int, site: str, *, most: int, release: bool) -> Work:
        """Read the due events and renew the lease; with `release`, release the site if nothing is due."""
        place = PartitionKeys(self._prefix, partition)
        return await self._take(
            place,
            {"sites": place.webhook_sites},
            {"site": site, "owner": self._owner, "lease": LEASE_MS, "most": most, "release": int(release)},
        )

    async def release(self, partition: int, site: str, *, after_ms: int) -> None:
        """Release a site; other processes may claim it after `after_ms`."""
        place = PartitionKeys(self._prefix, partition)
        await self._release(
            place,
            {"sites": place.webhook_sites},
            {"site": site, "owner": self._owner, "after": after_ms},
        )

    async def record(
        self, partition: int, site: str, job: Job, tried: Tried, verdict: Verdict, *, pause_ms: int = 0
    ) -> None:
        """Record an attempt. If the store does not answer, the event is sent again."""
        place = PartitionKeys(self._prefix, partition)
        await self._record(
            place,
            {"sites": place.webhook_sites},
            {
                "site": site,
                "id": job.id,
                "attempt": msgspec.json.encode(tried),
                "verdict": verdict,
                "pause": pause_ms,
            },
        )
