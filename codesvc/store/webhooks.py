"""The webhooks' queue: events per site, written by scripts, sent by `codesvc.delivery.webhooks`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from codesvc.domain.webhook import HookStatus
from codesvc.store.keys import partition_root, webhook_sites
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.store.store import Store

LEASE_MS: Final = 15_000
"""A process that has not said for so long that it is at a site is taken for dead."""

Verdict = Literal["delivered", "again", "failed", "gone"]


@dataclass(frozen=True, slots=True, repr=False)
class Job:
    """An event to be sent.

    Attributes:
        id: what the receiver knows it by.
        kind: its type.
        created: when it happened, ms.
        attempts: how many tries have failed.
        facts: what a script noted, JSON.
    """

    id: str
    kind: str
    created: int
    attempts: int
    facts: bytes


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do for a site.

    Attributes:
        outcome: DONE; EMPTY, STALE or CLOSED where the site is no longer held.
        jobs: what is due, first things first; those under way are among them.
        failures: attempts in a row that have failed.
    """

    outcome: Outcome
    jobs: tuple[Job, ...] = ()
    failures: int = 0


class Tried(msgspec.Struct, omit_defaults=True):
    """An attempt as it is kept; `at` is in ms, written by the script."""

    result: str
    ms: int
    status: int | None = None
    at: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Hook:
    """An event as it is kept.

    Attributes:
        id: what the receiver knows it by.
        kind: its type.
        status: what became of it.
        reason: of a failed one: `attempts`, `overflow` or `expired`, else "".
        created: when it happened, ms.
        due: when it is tried next, None where it is not.
        ended: when it was delivered or given up.
        tried: the latest attempts, oldest first.
        facts: what a script noted, JSON.
    """

    id: str
    kind: str
    status: HookStatus
    reason: str
    created: int
    due: int | None
    ended: int | None
    tried: tuple[Tried, ...]
    facts: bytes

    @classmethod
    def parse(cls, flat: Sequence[bytes]) -> Hook:
        """Read a script's flat list of fields and values."""
        fields = {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}
        status = HookStatus(fields["status"].decode())
        return cls(
            id=fields["id"].decode(),
            kind=fields["type"].decode(),
            status=status,
            reason=fields.get("reason", b"").decode(),
            created=int(fields["created"]),
            due=int(fields["due"]) if status is HookStatus.PENDING else None,
            ended=int(fields["ended"]) if "ended" in fields else None,
            tried=tuple(msgspec.json.decode(fields.get("log", b"[]"), type=list[Tried], strict=False)),
            facts=fields["facts"],
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a site's endpoint fares.

    Attributes:
        disabled: since when nothing is sent to it, ms; None where it is enabled.
        waiting: how many events are still to be sent.
        delivered: when one last arrived.
        refused: when an attempt last failed.
        result: how it did, "" if none has.
        failures: how many in a row have failed.
    """

    disabled: int | None
    waiting: int
    delivered: int | None
    refused: int | None
    result: str
    failures: int

    @classmethod
    def parse(cls, flat: Sequence[bytes], waiting: int) -> Endpoint:
        """Read a script's flat list of fields and values."""
        fields = {flat[i].decode(): flat[i + 1].decode() for i in range(0, len(flat), 2)}

        def time(name: str) -> int | None:
            return int(fields[name]) if name in fields else None

        return cls(
            disabled=time("disabled"),
            waiting=waiting,
            delivered=time("delivered"),
            refused=time("refused"),
            result=fields.get("result", ""),
            failures=int(fields.get("failures", 0)),
        )


class WebhookQueue:
    """What a process that sends asks of the store.

    Args:
        store: where the queue lies.
        owner: this process's name; a new one for each start.
    """

    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._owner = owner

    async def _call(self, name: str, partition: int, args: dict[str, str | int]) -> list[Any]:
        prefix = self._store.prefix
        keys = {"sites": webhook_sites(prefix, partition)}
        return await self._store.call(name, partition, keys, {"root": partition_root(prefix, partition), **args})

    async def claim(self, partition: int, *, most: int) -> list[str]:
        """Take over sites with something to send: their names.

        Raises:
            StoreUnavailable: no answer.
        """
        args: dict[str, str | int] = {"owner": self._owner, "lease": LEASE_MS, "most": most}
        raw = await self._call("claim_webhooks", partition, args)
        return [name.decode() for name in raw[2]]

    async def take(self, partition: int, site: str, *, most: int, give: bool) -> Work:
        """What is due, and another lease; with `give` the site is given back where nothing is due.

        Raises:
            StoreUnavailable: no answer.
        """
        raw = await self._call(
            "take_webhooks",
            partition,
            {"site": site, "owner": self._owner, "lease": LEASE_MS, "most": most, "give": int(give)},
        )
        outcome = Outcome(raw[0].decode())
        if outcome is not Outcome.DONE:
            return Work(outcome)
        parts = raw[2]
        jobs = (
            Job(parts[i].decode(), parts[i + 1].decode(), int(parts[i + 2]), int(parts[i + 3]), parts[i + 4])
            for i in range(0, len(parts), 5)
        )
        return Work(outcome, tuple(jobs), int(raw[3]))

    async def give_back(self, partition: int, site: str, *, after_ms: int) -> None:
        """Let others have a site, in a while.

        Raises:
            StoreUnavailable: no answer.
        """
        await self._call("return_webhooks", partition, {"site": site, "owner": self._owner, "after": after_ms})

    async def record(
        self, partition: int, site: str, job: Job, tried: Tried, verdict: Verdict, *, pause_ms: int = 0
    ) -> None:
        """What came of an attempt.

        Raises:
            StoreUnavailable: no answer; then the event is sent again.
        """
        attempt = msgspec.json.encode(tried)
        args = {"site": site, "id": job.id, "attempt": attempt, "verdict": verdict, "pause": pause_ms}
        await self._call("record_webhook", partition, args)  # type: ignore[arg-type]
