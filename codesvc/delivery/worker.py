"""Reads the outbox and runs many couriers at once."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.config.settings import LONGEST_CODE_LIFE
from codesvc.delivery.shares import WAIT_SECONDS, Shares
from codesvc.delivery.store_outage import StoreOutage
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.runtime import crash_points
from codesvc.runtime.tasks import end, kept_up
from codesvc.store.outbox import Outbox
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from collections.abc import Set as AbstractSet

    from codesvc.delivery.courier import Courier
    from codesvc.store.outbox import Job
    from codesvc.store.servers import Servers
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)

MOST_HELD: Final = 10_000
"""The most jobs that are under way at once. Each holds a place until it is done, also while it waits for a gateway, a
receipt, or an account that cannot send.
"""
_BATCH: Final = 64
_BLOCK_MS: Final = 1_900
"""How long one read waits for jobs. It ends at once when one comes; each that ends for nothing costs half a millisecond
of CPU. Less than the 2 s for which the store's reader waits longer than for other answers.
"""
HOLD_SECONDS: Final = 5.0
_DEAD_AFTER_MS: Final = 20_000
"""A job that is idle for so long counts as one of a dead worker, and any process takes it over."""
_TAKEN_OVER: Final = 512
_MOST_ROUNDS: Final = 16
"""How often jobs are taken over in a row, so that many that wait for a place hide none of a dead worker for long."""
_PAUSE_SECONDS: Final = 0.5
_FORGOTTEN_AFTER_MS: Final = 3_600_000
"""After so long without a read, a process counts as gone, and its name is removed from the stream's group."""
_UNKNOWN_KEPT_MS: Final = LONGEST_CODE_LIFE * 1000
"""How long a job waits for a process that knows its account: by then every code has ended."""


class Worker:
    """Delivers for some partitions, as long as its context is open.

    Args:
        hold_seconds: how often a running job is renewed, and how long it may take to end when the worker stops.
        most_held: the most jobs that are under way at once.
        wait_seconds: how long a job waits for a place, before it is left to the stream.
    """

    def __init__(
        self,
        store: Store,
        servers: Servers,
        courier: Courier,
        *,
        partitions: set[int],
        hold_seconds: float = HOLD_SECONDS,
        most_held: int = MOST_HELD,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._store = store
        self._courier = courier
        self._hold_seconds = hold_seconds
        self._open = partial(Outbox, servers, prefix=store.prefix, consumer=secrets.token_hex(8))
        self._outboxes = [self._open(partition=p) for p in sorted(partitions)]
        self._loops: list[asyncio.Task[None]] = []
        self._outage = StoreOutage()
        self._runs = False
        self._shares = Shares(most_held, wait_seconds=wait_seconds)
        self._held: dict[Job, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work. On leaving, stop reading and give running jobs a moment to end.

        Jobs that do not end in time stay in the stream and are handed back, so that the next process need not wait
        until this one counts as dead.
        """
        self._runs = True
        for box in self._outboxes:
            self._begin(box)
        try:
            yield
        finally:
            self._runs = False
            await end(self._loops)
            self._shares.defer_all()
            if self._held:
                await asyncio.wait(self._held.values(), timeout=self._hold_seconds)
                left = list(self._held)
                await end(self._held.values())
                await self._hand_back(left)

    async def _hand_back(self, jobs: list[Job]) -> None:
        """Mark jobs as those of a dead worker, so that another process takes them over at once."""
        for box in self._outboxes:
            entries = [job.entry for job in jobs if job.partition == box.partition]
            try:
                await box.set_idle_time(entries, _DEAD_AFTER_MS)
            except StoreUnavailable as error:
                _log.warning("jobs_not_handed_back", jobs=len(entries), error=str(error))

    async def _forget_the_dead(self, box: Outbox) -> None:
        try:
            await self._store.deliveries.forget_consumers(box.partition, idle_ms=_FORGOTTEN_AFTER_MS)
        except ScriptError as error:
            # For example, access rules that forbid XINFO. Dead consumers then stay in the list, and taking over still
            # works.
            _log.warning("consumers_not_forgotten", error=str(error))

    def attend(self, partitions: AbstractSet[int]) -> None:
        """Deliver for these partitions too from now on."""
        for partition in sorted(partitions - {box.partition for box in self._outboxes}):
            box = self._open(partition=partition)
            self._outboxes.append(box)
            if self._runs:
                self._begin(box)

    async def forget_idle_times(self) -> None:
        """Take jobs of dead workers over although the store's clock was set back."""
        for box in self._outboxes:
            await box.forget_idle_times()

    def _begin(self, box: Outbox) -> None:
        self._loops += [
            asyncio.create_task(crash_points.mortal("outbox", kept_up(partial(loop, box), name)), name=name)
            for name, loop in (("outbox reader", self._read), ("outbox rescue", self._rescue))
        ]

    async def _read(self, box: Outbox) -> None:
        while True:
            try:
                jobs = await box.read(count=_BATCH, block_ms=_BLOCK_MS)
                self._outage.answered("read", box.partition)
                for job in jobs:
                    self._dispatch(job)
            except StoreUnavailable as error:
                self._outage.failed("read", box.partition, error)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _rescue(self, box: Outbox) -> None:
        """Renew running jobs, and take over those of dead workers and those that found no place."""
        forgotten = False
        while True:
            self._defer()
            try:
                if not forgotten:
                    await self._forget_the_dead(box)
                    forgotten = True
                await box.set_idle_time(job.entry for job in self._held if job.partition == box.partition)
                for _ in range(_MOST_ROUNDS):
                    jobs = await box.take_over(idle_ms=_DEAD_AFTER_MS, count=_TAKEN_OVER)
                    self._outage.answered("rescue", box.partition)
                    for job in jobs:
                        if job not in self._held and self._dispatch(job) and self._courier.knows(job):
                            _log.info("job_taken_over", subject=job.subject, kind=job.kind)
                    if box.round_ended:
                        break
            except StoreUnavailable as error:
                self._outage.failed("rescue", box.partition, error)
            await asyncio.sleep(self._hold_seconds)

    def _dispatch(self, job: Job) -> bool:
        """Begin a job, or let it wait for a place. Whether it began.

        Reading never waits for a place, because then jobs that last long would stop those of every account and site.
        """
        began = self._shares.take(job)
        if began:
            self._start(job)
        return began

    def _start(self, job: Job) -> None:
        task = asyncio.create_task(crash_points.mortal("delivery", self._carry(job)), name=f"deliver {job.subject}")
        self._held[job] = task
        task.add_done_callback(lambda _: self._arrived(job))

    def _defer(self) -> None:
        for (appid, site), jobs in self._shares.defer().items():
            _log.warning("jobs_deferred", appid=appid, site=site or None, jobs=jobs)

    def _arrived(self, job: Job) -> None:
        self._held.pop(job, None)
        following = self._shares.give(job)
        if following is not None:
            self._start(following)

    async def _carry(self, job: Job) -> None:
        try:
            if self._courier.knows(job):
                await self._courier.carry(job)
            else:
                await self._end_unknown(job)
        except (StoreUnavailable, ScriptError) as error:
            # The job is still in the stream; it is taken over when the store is back.
            _log.warning("job_left", subject=job.subject, error=str(error))
        except Exception as error:  # noqa: BLE001 - any failure of one job is the job's own
            # For example, a site or purpose that is no longer configured. It must not fail without a log line.
            _log.exception("job_failed", subject=job.subject, kind=job.kind, error=type(error).__name__)

    async def _end_unknown(self, job: Job) -> None:
        """End the job of an unknown account. A young one stays in the stream: another process may know the account."""
        reply = await self._store.deliveries.end_unknown_job(job.partition, job.entry, most_age_ms=_UNKNOWN_KEPT_MS)
        if reply.outcome is Outcome.DONE:
            _log.warning("job_without_account", subject=job.subject, kind=job.kind, appid=job.appid)
