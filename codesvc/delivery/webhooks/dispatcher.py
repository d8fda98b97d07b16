"""Looks for sites with events to send and starts a sender for each. Several processes share the sites by leases."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.delivery.webhooks.site_sender import SiteSender
from codesvc.domain.errors import StoreUnavailable
from codesvc.runtime.tasks import end, kept_up
from codesvc.store.deployment_keys import WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.delivery.webhooks.sender import Sender
    from codesvc.sites.directory import Directory
    from codesvc.store.change_notifier import ChangeNotifier
    from codesvc.store.webhook_queue import WebhookQueue

MOST_LANES: Final = 256
"""The most sites that one process sends to at once; the others wait."""
_LOOK_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


class WebhookWorker:
    """Sends for the sites of some partitions, as long as its context is open."""

    def __init__(
        self, queue: WebhookQueue, sender: Sender, directory: Directory, change_notifier: ChangeNotifier
    ) -> None:
        self._queue = queue
        self._sender = sender
        self._directory = directory
        self._change_notifier = change_notifier
        self._lanes: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._looking: dict[int, asyncio.Task[None]] = {}
        self._runs = False

    def attend(self) -> None:
        """Watch the partitions of all sites that have a webhook now."""
        for partition in sorted(self._directory.partitions(hearing=True) - self._looking.keys()) if self._runs else ():
            looking = kept_up(partial(self._look, partition), "webhooks")
            self._looking[partition] = asyncio.create_task(looking, name=f"webhooks {partition}")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work. On leaving, release the sites as soon as their running attempts have ended."""
        async with self._sender.open():
            self._runs = True
            self.attend()
            try:
                yield
            finally:
                self._runs = False
                await end(self._looking.values())
                lanes = list(self._lanes.values())
                for lane in lanes:
                    lane.cancel()
                await asyncio.gather(*lanes, return_exceptions=True)

    async def make_all_due(self) -> None:
        """Send what is due although the store's clock was set back."""
        for partition in list(self._looking):
            await self._queue.make_all_due(partition)

    async def _look(self, partition: int) -> None:
        with self._change_notifier.watch(WEBHOOKS) as woken:
            while True:
                woken.clear()
                try:
                    found = (await self._queue.claim(partition, most=MOST_LANES - len(self._lanes))).sites
                    for site in found:
                        self._open(partition, site)
                except StoreUnavailable as error:
                    _log.warning("webhooks_unavailable", error=str(error))
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await woken.wait()

    def _open(self, partition: int, site: str) -> None:
        if (partition, site) in self._lanes:
            # Its lease had expired while this process was delayed. It is claimed again, and its sender goes on.
            return
        lane = SiteSender(self._queue, self._sender, self._directory, partition=partition, site=site)
        task = self._lanes[partition, site] = asyncio.create_task(lane.run(), name=f"webhooks of {site}")
        task.add_done_callback(lambda task: self._closed(partition, site, task))

    def _closed(self, partition: int, site: str, task: asyncio.Task[None]) -> None:
        del self._lanes[partition, site]
        if not task.cancelled() and (error := task.exception()):
            _log.error("webhooks_failed", site=site, error=type(error).__name__, exc_info=error)
