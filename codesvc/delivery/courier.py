"""Does one job of the outbox until it has a result (DESIGN rule 4).

A job ends in exactly one script that records the result and acknowledges the job together. If the process is killed
before that, the job stays in the stream and another process does it again under the same `client_msg_id`, which WeChat
delivers once. While a result is unknown or another attempt may help, the job is held and tried again, until the code's
life is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.delivery.breaker import Breaker
from codesvc.delivery.channels.protocol import Attempt, Ending, Parcel
from codesvc.delivery.job_state import JobState
from codesvc.domain.channels import Channel
from codesvc.domain.errors import StoreUnavailable
from codesvc.domain.verification import DeliveryStatus
from codesvc.runtime import metrics, tracing
from codesvc.runtime.logging import log_attempt
from codesvc.sites.lazy import PerEntry
from codesvc.wechat.errcodes import Pause
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from codesvc.delivery.channels.protocol import DeliveryChannel
    from codesvc.delivery.notices import Notices
    from codesvc.delivery.quota_events import QuotaEvents
    from codesvc.domain.record import Record
    from codesvc.messages.composer import Composer
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.deliveries import Begun
    from codesvc.store.outbox import Job
    from codesvc.store.quotas import Quotas
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

_log = structlog.get_logger(__name__)
PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_MINUTE: Final = 60.0
_MOST_TRIES: Final = 200
LONGEST_WAIT: Final = 0.1
"""Seconds within which a push begins at a random moment, if the caller may not know that there is one (DESIGN rule 7).
Sending keeps the process busy for part of a millisecond, which could be measured in the caller's next request.
"""
MOST_PER_ACCOUNT: Final = 64
"""The most calls to WeChat at once for one account, so that a slow account delays no other."""


class Courier:
    """Does jobs of the outbox.

    Args:
        store: takes the results.
        directory: finds accounts and sites.
        composer: writes the messages.
        channels: the channels that send codes.
        clients: WeChat clients by account name.
        quotas: hears when a day's quota is gone.
        apart: by kind, who carries what is about no verification.
        recorder: counts what happens.
        sleep: how to pause between tries, seconds.
        clock: seconds of a steady clock, for the circuit breakers.
        pauses: seconds between the attempts of one job, plus or minus a fifth; the last one repeats.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        composer: Composer,
        channels: Mapping[Channel, DeliveryChannel],
        clients: Mapping[str, WeChatClient],
        *,
        quotas: Quotas,
        apart: Mapping[str, Notices | QuotaEvents],
        recorder: Recorder,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._ledger = JobState(store, directory, sleep=sleep)
        self._directory = directory
        self._composer = composer
        self._channels, self._clients = channels, clients
        self._quotas = quotas
        self._apart = apart
        self._recorder = recorder
        self._sleep, self._clock, self._pauses = sleep, clock, pauses
        self._breakers = PerEntry(directory.accounts, lambda _: Breaker(), lambda entry: entry.config)
        self._places = PerEntry(
            directory.accounts, lambda _: asyncio.Semaphore(MOST_PER_ACCOUNT), lambda entry: entry.config
        )

    async def carry(self, job: Job) -> None:
        """Do a job to its end. If the store fails meanwhile, wait until it is back.

        Raises:
            StoreUnavailable: the store failed while a notice was sent; the job stays in the stream.
        """
        account = self._directory.by_appid.get(job.appid)
        if account is None:
            # Another process may know this account. If none does, the job ends when its verification is gone.
            return
        if job.kind in self._apart:
            async with self._places[account.name]:
                await self._apart[job.kind].carry(account, job)
            return
        if job.hold_ms:
            # A newer start may take this push over; the store then says that the job is not needed.
            await self._sleep(job.hold_ms / 1000)
        for number in range(_MOST_TRIES):
            # The place is released during the pause, so that a message that waits for another attempt delays no other.
            async with self._places[account.name]:
                begun = await self._ledger.begin(account, job)
                if begun is None:
                    return
                if job.kind not in {"push", "scan"}:
                    await self._notify(account, job, begun)
                    return
                hidden = number == 0 and job.kind == "push" and not begun.shown.disclosed
                attempt = None if hidden else await self._traced(account, job, begun)
            if attempt is None:
                await self._sleep(random.uniform(0, LONGEST_WAIT))  # noqa: S311  only has to be spread
                continue
            await self._keep(account, job, begun, attempt)
            if attempt.ending in {Ending.SENT, Ending.FAILED}:
                return
            await self._sleep(self._pause(attempt, number))

    async def _keep(self, account: AccountEntry, job: Job, begun: Begun, attempt: Attempt) -> None:
        """Record the result of an attempt, or why the job waits."""
        if attempt.ending is Ending.LATER:
            await self._ledger.note(account, job, attempt)
        elif attempt.ending is not Ending.UNKNOWN or begun.shown.delivery is not DeliveryStatus.UNKNOWN:
            await self._record(account, job, attempt)

    def _pause(self, attempt: Attempt, number: int) -> float:
        if attempt.pause is Pause.MINUTE:
            return _MINUTE
        return self._pauses[min(number, len(self._pauses) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311  spreads retries

    def _wanted(self, job: Job, begun: Begun) -> list[Channel]:
        """The policy's channels in order, without those that cannot bring the code now."""
        record = begun.shown
        if job.kind == "scan":
            return [Channel.CUSTOMER_SERVICE]
        if record.delivery is DeliveryStatus.UNKNOWN:
            # Another channel would bring a second message if the first one arrived.
            return [Channel(record.channel)]
        policy = self._directory.sites[record.site].purpose(record.purpose)
        channels = [Channel(channel) for channel in policy.channels] if policy else []
        return [channel for channel in channels if begun.spoke or not channel.traits.window]

    async def _traced(self, account: AccountEntry, job: Job, begun: Begun) -> Attempt:
        attempting, record = self._attempt(account, job, begun), begun.shown
        return await tracing.within("deliver", attempting, parent=record.fixed.trace, verification=record.id)

    async def _attempt(self, account: AccountEntry, job: Job, begun: Begun) -> Attempt:
        """Try the channels in order, until one does not fail finally."""
        breaker, record = self._breakers[account.name], begun.shown
        parcel = Parcel(account, record, begun.openid, job.client_msg_id)
        attempt = Attempt(Ending.FAILED, Channel.TEMPLATE, reason="no-channel")
        for channel in self._wanted(job, begun):
            quota = channel.traits.quota
            if quota and begun.template_quota == "day":
                attempt = Attempt(Ending.FAILED, channel, reason="quota")
            elif quota and begun.template_quota == "minute":
                attempt = Attempt(Ending.LATER, channel, reason="minute-quota", pause=Pause.MINUTE)
            elif not breaker.allows(self._clock()):
                return Attempt(Ending.LATER, channel, reason="circuit-open")
            else:
                sending = self._channels[channel].send(parcel)
                attempt = await tracing.within("send to WeChat", sending, channel=channel.value)
                self._heed(account, attempt)
            self._tell(account, record, attempt)
            if attempt.pause is Pause.DAY and quota:
                with contextlib.suppress(StoreUnavailable):  # WeChat will report it again
                    await self._quotas.exhaust(account.keys, quota)
            if attempt.ending is not Ending.FAILED:
                break
        return attempt

    @staticmethod
    def _tell(account: AccountEntry, record: Record, attempt: Attempt) -> None:
        channel, ending, reason = attempt.channel.value, attempt.ending.value, attempt.reason
        metrics.count_attempt(account.name, channel, ending, reason)
        log_attempt(
            verification=record.id,
            site=record.site,
            account=account.name,
            channel=channel,
            ending=ending,
            reason=reason,
            alarm=attempt.alarm,
        )

    def _heed(self, account: AccountEntry, attempt: Attempt) -> None:
        breaker = self._breakers[account.name]
        was_open = breaker.is_open
        if attempt.silent:
            breaker.failed(self._clock())
        else:
            breaker.succeeded()
        if breaker.is_open != was_open:
            metrics.CIRCUIT.labels(account.name).set(breaker.is_open)
            _log.warning("circuit", account=account.name, state="open" if breaker.is_open else "closed")

    async def _record(self, account: AccountEntry, job: Job, attempt: Attempt) -> None:
        self._recorder.record(await self._ledger.record(account, job, attempt))

    async def _notify(self, account: AccountEntry, job: Job, begun: Begun) -> None:
        """Send a notice to the bound WeChat account, once and best effort, by a channel that can reach it (rule 6)."""
        client, message = self._clients[account.name], account.config.messages.get(job.kind)
        record, openid = begun.shown, begun.openid
        try:
            if message is not None:
                await client.send_template(
                    openid=openid,
                    template_id=message.template_id,
                    data=self._composer.fields(account.name, job.kind, record),
                    url=None,
                    client_msg_id=job.client_msg_id,
                )
            else:
                await client.send_text(openid=openid, content=self._composer.chat(job.kind, record))
        except WeChatFault as error:
            _log.info("notice_not_sent", verification=record.id, kind=job.kind, error=str(error))
        await self._record(account, job, Attempt(Ending.SENT, Channel.TEMPLATE))
