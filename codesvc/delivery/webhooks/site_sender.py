"""One site's events, sent by one process: several at a time, one at a time while its endpoint fails."""

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
"""So many events of a site are under way at once, as long as its endpoint takes them."""
_FAILING: Final = 5
"""After so many failures in a row it is asked with one event at a time."""
_LOOK_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 5.0
_UNKNOWN_MS: Final = 10_000

_log = structlog.get_logger(__name__)


class Lane:
    """Sends what a site is owed, until nothing is due.

    Args:
        queue: where events lie.
        sender: makes attempts.
        directory: knows the endpoint, which may change meanwhile.
        partition: where the site's events lie.
        site: whose.
    """

    def __init__(self, queue: WebhookQueue, sender: Sender, directory: Directory, *, partition: int, site: str) -> None:
        self._queue = queue
        self._sender = sender
        self._directory = directory
        self._partition = partition
        self._site = site
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work until the site has been given back. What is under way when this is cancelled gets a moment to arrive."""
        held, after = True, 0
        try:
            while held:
                webhook = self._webhook()
                if webhook is None:
                    # Another process may know where to; if none does, the events end with their time.
                    after = _UNKNOWN_MS
                    break
                held = await self._go_on(webhook)
        except (StoreUnavailable, ScriptError) as error:
            # The lease runs out, and whoever has the store again goes on.
            _log.warning("webhooks_left", site=self._site, error=str(error))
        finally:
            await self._arrive()
            if held:
                with suppress(StoreUnavailable):
                    await self._queue.give_back(self._partition, self._site, after_ms=after)

    def _webhook(self) -> Webhook | None:
        site = self._directory.sites.get(self._site)
        return site.config.webhook if site is not None else None

    async def _arrive(self) -> None:
        """Give what is under way a moment; what does not arrive is still due, and is sent again."""
        late = set(self._under_way.values())
        if late:
            await asyncio.wait(late, timeout=_GRACE_SECONDS)
            await end(late)
            await asyncio.gather(*late, return_exceptions=True)

    async def _go_on(self, webhook: Webhook) -> bool:
        """Start what can be started and wait for something to end; False once the site is no longer held."""
        work = await self._queue.take(
            self._partition, self._site, most=WIDTH + len(self._under_way), give=not self._under_way
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
        """Make one attempt, and record what came of it.

        Raises:
            StoreUnavailable: it could not be recorded, so the event is sent once more.
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
        if verdict == "gone":
            _log.error("webhook_disabled", site=site, webhook=job.id)
        tried = Tried(attempt.result.value, attempt.milliseconds, attempt.status)
        await self._queue.record(self._partition, site, job, tried, verdict, pause_ms=pause)

    async def _attempt(self, webhook: Webhook, job: Job) -> Attempt:
        try:
            body = msgspec.json.encode(draw(job.kind, job.created, job.facts))
        except (msgspec.MsgspecError, LookupError) as error:
            # Noted by another version of this program, perhaps: not without a word.
            _log.exception("webhook_unreadable", webhook=job.id, type=job.kind, error=type(error).__name__)
            return Attempt(Result.UNREADABLE, None, 0, 0)
        with metrics.WEBHOOK_SECONDS.time():
            return await self._sender.send(webhook, job.id, body)


def _verdict(job: Job, attempt: Attempt) -> tuple[Verdict, int]:
    if attempt.result is Result.DELIVERED:
        return "delivered", 0
    if attempt.result is Result.GONE:
        return "gone", 0
    pause = pause_ms(job.attempts + 1, attempt.wish, random.uniform)
    return ("failed", 0) if pause is None else ("again", pause)
