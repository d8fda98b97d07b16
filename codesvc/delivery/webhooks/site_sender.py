"""Sends one site's events from one process: several at once, one at a time while the endpoint fails."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from codesvc.delivery.webhooks.payload import draw
from codesvc.delivery.webhooks.sender import Attempt
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.domain.webhook import Result, pause_ms
from codesvc.runtime import metrics
from codesvc.runtime.tasks import end
from codesvc.store.outcomes import Outcome
from codesvc.store.webhook_queue import Tried

if TYPE_CHECKING:
    from codesvc.config import Webhook
    from codesvc.delivery.webhooks.sender import Sender
    from codesvc.sites.directory import Directory
    from codesvc.store.webhook_queue import Job, Verdict, WebhookQueue

WIDTH: Final = 8
"""The most events of a site that are sent at once while its endpoint accepts them."""
_FAILING: Final = 5
"""After this number of failures in a row, events are sent one at a time."""
_LOOK_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 5.0
"""How long attempts that are under way may take to end when the sender stops."""
_UNKNOWN_MS: Final = 10_000
"""How long a site waits for a process that knows its address."""

_log = structlog.get_logger(__name__)


class SiteSender:
    """Sends a site's due events until none is due."""

    def __init__(self, queue: WebhookQueue, sender: Sender, directory: Directory, *, partition: int, site: str) -> None:
        self._queue = queue
        self._sender = sender
        self._directory = directory
        self._partition = partition
        self._site = site
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work until the site is released. If this is cancelled, running attempts get a moment to end."""
        held, after = True, 0
        try:
            while held:
                webhook = self._webhook()
                if webhook is None:
                    # Another process may know the address. If none does, the events end when they expire.
                    after = _UNKNOWN_MS
                    break
                held = await self._go_on(webhook)
        except (StoreUnavailable, ScriptError) as error:
            # The lease expires, and a process that reaches the store continues.
            _log.warning("webhooks_left", site=self._site, error=str(error))
        finally:
            await self._arrive()
            if held:
                with suppress(StoreUnavailable):
                    await self._queue.release(self._partition, self._site, after_ms=after)

    def _webhook(self) -> Webhook | None:
        site = self._directory.sites.get(self._site)
        return site.config.webhook if site is not None else None

    async def _arrive(self) -> None:
        """Give running attempts a moment to end. An event whose attempt does not end stays due and is sent again."""
        late = set(self._under_way.values())
        if late:
            await asyncio.wait(late, timeout=_GRACE_SECONDS)
            await end(late)
            await asyncio.gather(*late, return_exceptions=True)

    async def _go_on(self, webhook: Webhook) -> bool:
        """Start the attempts that are due and wait until one ends. False if the site is no longer held."""
        work = await self._queue.take(
            self._partition, self._site, most=WIDTH + len(self._under_way), release=not self._under_way
        )
        if work.outcome is not Outcome.DONE:
            return False
        width = 1 if work.failures >= _FAILING else WIDTH
        for job in work.jobs:
            if len(self._under_way) < width and job.id not in self._under_way:
                task = asyncio.create_task(self._carry(webhook, job), name=f"webhook {job.id}")
                self._under_way[job.id] = task
        if self._under_way:
            done, _ = await asyncio.wait(
                self._under_way.values(), timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            self._under_way = {name: task for name, task in self._under_way.items() if task not in done}
            for task in done:
                task.result()
        return True

    async def _carry(self, webhook: Webhook, job: Job) -> None:
        """Make one attempt and record its result.

        Raises:
            StoreUnavailable: the result could not be recorded, so the event is sent once more.
        """
        attempt = await self._attempt(webhook, job)
        site = self._site
        metrics.WEBHOOK_ATTEMPTS.labels(site, attempt.result.value).inc()
        _log.info(
            "webhook_attempt",
            site=site,
            webhook=job.id,
            type=job.kind,
            result=attempt.result.value,
            status=attempt.status,
        )
        verdict, pause = _verdict(job, attempt)
        if attempt.proxy_problem is not None:
            metrics.WEBHOOK_PROXY_FAILURES.labels(attempt.proxy_problem.value).inc()
            _log.warning("webhook_proxy_failed", site=site, webhook=job.id, why=attempt.proxy_problem.words)
        if verdict == "gone":
            _log.error("webhook_disabled", site=site, webhook=job.id)
        tried = Tried(attempt.result.value, attempt.took_ms, attempt.status)
        await self._queue.record(self._partition, site, job, tried, verdict, pause_ms=pause)

    async def _attempt(self, webhook: Webhook, job: Job) -> Attempt:
        try:
            body = msgspec.json.encode(draw(job.kind, job.created, job.facts))
        except (msgspec.MsgspecError, LookupError) as error:
            # For example, noted by another version of this program. It must not fail without a log line.
            _log.exception("webhook_unreadable", webhook=job.id, type=job.kind, error=type(error).__name__)
            return Attempt(Result.UNREADABLE, None, 0, 0)
        with metrics.WEBHOOK_SECONDS.time():
            return await self._sender.send(webhook, job.id, body)


def _verdict(job: Job, attempt: Attempt) -> tuple[Verdict, int]:
    if attempt.result is Result.DELIVERED:
        return "delivered", 0
    if attempt.result is Result.GONE:
        return "gone", 0
    pause = pause_ms(job.attempts + 1, attempt.retry_after_seconds, random.uniform)
    return ("failed", 0) if pause is None else ("again", pause)
