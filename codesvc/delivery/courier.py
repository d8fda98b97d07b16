"""Does one job of the outbox until it has a result (DESIGN rule 4).

A job ends in exactly one script that records the result and acknowledges the job together. If the process is killed
before that, the job stays in the stream and another process does it again under the same `client_msg_id`, which WeChat
delivers once. While WeChat is silent or refuses the access token, or a result is unknown, the job is held and tried
again, until the code's life is over. Where WeChat answers and refuses for the moment, the number of attempts is
limited: then the next channel is tried, and at last a scan brings the code.
"""

from __future__ import annotations

import asyncio
import random
import time
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from codesvc.delivery.breaker import LONGEST_PAUSE, PAUSE
from codesvc.delivery.channels.channel_list import make_channels
from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.delivery.charged_calls import CIRCUIT_OPEN, ChargedCalls
from codesvc.delivery.circuits import circuits_of
from codesvc.delivery.job_state import JobState
from codesvc.delivery.messages import LONGEST_RANDOM_WAIT, MESSAGE, MessageDelivery
from codesvc.delivery.notice_calls import Letter, NoticeCalls
from codesvc.delivery.notices import NOTICE, Notices
from codesvc.delivery.places import Places
from codesvc.delivery.quota_events import QUOTA_LOW, QuotaEvents
from codesvc.domain.channels import WECHAT, Channel
from codesvc.domain.verification import DeliveryStatus
from codesvc.runtime import metrics, tracing
from codesvc.runtime.logging import log_attempt
from codesvc.sites.lazy import PerEntry
from codesvc.wechat.errcodes import UNKNOWN_OPENID, Pause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from codesvc.delivery.channels.means import Means
    from codesvc.delivery.circuits import Circuit
    from codesvc.delivery.gateway_calls import Relaying
    from codesvc.domain.record import Record
    from codesvc.messages.chat import ChatComposer
    from codesvc.messages.composer import Composer
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.deliveries import Begun, Look
    from codesvc.store.outbox import Job
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
PAUSES: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds between the attempts of one job. While work waits, WeChat is tried at least every 5 s."""
_MINUTE: Final = 60.0
LONGEST_MINUTE_WAIT: Final = 10.0
"""Seconds. If this minute's calls are used up and the next one begins later, the delivery fails: a scan is sooner."""
MOST_REFUSALS: Final = 6
"""How many refusals for the moment (errcodes with the verdict RETRY) a job may get before the channel counts as failed.
With `PAUSES` that takes 12 s.
"""
_WITH_CODE: Final = frozenset({"push", "scan"})
"""The kinds of jobs that bring a code; the others are notices."""
MOST_PER_ACCOUNT: Final = 64
"""The most calls to WeChat at once for one account, so that a slow account delays no other."""


class Courier:
    """Does jobs of the outbox.

    Args:
        unknown: records that an account has no such openid.
        sleep: how to pause between tries, seconds.
        now: unix seconds; WeChat's minutes follow it.
        pauses: seconds between the attempts of one job, plus or minus a fifth; the last one repeats.
        trials: seconds to the first trial of an open circuit, and the longest pause between two.
        most_per_account: the most calls to WeChat at once for one account.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        composer: Composer,
        chat_composer: ChatComposer,
        means: Means,
        *,
        relaying: Relaying,
        recorder: Recorder,
        unknown: Callable[[AccountEntry, str], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
        pauses: Sequence[float] = PAUSES,
        trials: tuple[float, float] = (PAUSE, LONGEST_PAUSE),
        most_per_account: int = MOST_PER_ACCOUNT,
    ) -> None:
        self._job_state = JobState(store, directory, unknown, sleep=sleep)
        self._directory = directory
        self._composer = composer
        platforms = {channel.traits.platform for channel in Channel}
        self._circuits = {name: circuits_of(directory, name, trials=trials, sleep=sleep) for name in platforms}
        circuits = self._circuits[WECHAT]
        self._calls = ChargedCalls(self._job_state, make_channels(means), means.clients, self._circuits, store.quotas)
        self._notices = NoticeCalls(self._job_state, means.clients, circuits)
        self._recorder = recorder
        self._sleep, self._now, self._pauses = sleep, now, pauses
        self._places = PerEntry(directory.accounts, lambda _: Places(most_per_account), lambda _: None)
        messages = MessageDelivery(
            store,
            directory,
            relaying,
            clients=means.clients,
            circuits=circuits,
            places=self._places,
            recorder=recorder,
            unknown=unknown,
            sleep=sleep,
        )
        self._other_jobs: dict[str, Callable[[AccountEntry, Job], Awaitable[None]]] = {
            MESSAGE: messages.carry,
            NOTICE: Notices(
                store, chat_composer, self._notices, relaying.seals, circuits=circuits, places=self._places
            ).carry,
            QUOTA_LOW: QuotaEvents(store, directory).carry,
        }
        """What does the jobs that do not belong to a verification, by job kind."""

    def knows(self, job: Job) -> bool:
        """Whether this process has the job's account. Another one may, while processes restart with other settings."""
        return job.appid in self._directory.by_appid

    async def carry(self, job: Job) -> None:
        """Do a job to its end. If the store fails meanwhile, wait until it is back.

        Raises:
            KeyError: this process does not know the job's account.
            StoreUnavailable: the store failed while a notice was sent; the job stays in the stream.
        """
        account = self._directory.by_appid[job.appid]
        if job.kind in self._other_jobs:
            await self._other_jobs[job.kind](account, job)
            return
        if job.push_delay_ms:
            # A newer start may take this push over; the store then says that the job is not needed.
            await self._sleep(job.push_delay_ms / 1000)
        refusals = 0
        for number in count():
            # The place is released during the pause, so that a message that waits for another attempt delays no other.
            async with self._places[account.name]:
                # This look charges the quota if the call follows at once. Otherwise `ChargedCalls.make` looks once more
                # and charges then.
                charge = job.kind == "push" and self._circuits[WECHAT][account.name].is_sound
                moment: Look = "if-next" if number else "first"
                begun = await self._job_state.begin(account, job, charge=charge, moment=moment)
                if begun is None:
                    return
                record, attempt = begun.shown, None
                # An undisclosed push begins at a random moment (rule 7). It waits for it without a place.
                waits_first = number == 0 and job.kind == "push" and not record.disclosed
                if job.kind not in _WITH_CODE:
                    attempt = await self._notify(account, job, begun, refusals)
                elif not waits_first:
                    attempting = self._attempt(account, job, begun, refusals)
                    attempt = await tracing.within(
                        "deliver", attempting, parent=record.fixed.trace, verification=record.id
                    )
            if waits_first:
                await self._sleep(random.uniform(0, LONGEST_RANDOM_WAIT))  # noqa: S311  only has to be spread
                continue
            if attempt is None:
                # The job is no longer needed.
                return
            await self._record(account, job, begun, attempt)
            if attempt.ending in {Ending.SENT, Ending.FAILED}:
                return
            refusals += _refuses(attempt)
            await self._circuit(account, attempt).pause(self._pause(account, attempt, number))

    async def _record(self, account: AccountEntry, job: Job, begun: Begun, attempt: Attempt) -> None:
        """Record the result of an attempt, or why the job waits."""
        if attempt.ending is Ending.LATER:
            await self._job_state.note(account, job, attempt)
        elif attempt.ending is not Ending.UNKNOWN or begun.shown.delivery is not DeliveryStatus.UNKNOWN:
            self._recorder.count_steps(await self._job_state.record(account, job, attempt))

    def _circuit(self, account: AccountEntry, attempt: Attempt) -> Circuit:
        return self._circuits[attempt.channel.traits.platform][account.name]

    def _pause(self, account: AccountEntry, attempt: Attempt, number: int) -> float:
        if attempt.reason == CIRCUIT_OPEN:
            return self._circuit(account, attempt).wait()
        if attempt.pause is Pause.MINUTE:
            return self._until_minute()
        return self._pauses[min(number, len(self._pauses) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311  spreads retries

    def _until_minute(self) -> float:
        return _MINUTE - self._now() % _MINUTE

    def _wanted(self, job: Job, begun: Begun) -> list[Channel]:
        """The policy's channels in order, without those that cannot bring the code now."""
        record = begun.shown
        if job.kind == "scan":
            return [Channel.CUSTOMER_SERVICE]
        if record.delivery is DeliveryStatus.UNKNOWN:
            # Another channel would bring a second message if the first one arrived.
            return [Channel(record.channel)]
        site = self._directory.sites.get(record.site)
        policy = site.purpose(record.purpose) if site else None
        channels = [Channel(channel) for channel in site.channels(policy)] if site and policy else []
        return [channel for channel in channels if begun.spoke or not channel.traits.window]

    async def _attempt(self, account: AccountEntry, job: Job, begun: Begun, refusals: int) -> Attempt | None:
        """Try the channels in order, until one does not fail finally. None if the job is no longer needed.

        Where a platform is silent, its other channels are left out and those of other platforms follow. If none of them
        sends the code, the job waits for the silent platform.
        """
        last, wanted = Attempt(Ending.FAILED, Channel.TEMPLATE, reason="no-channel"), self._wanted(job, begun)
        silent: dict[str, Attempt] = {}
        if begun.call and not (wanted and wanted[0].traits.quota):
            # The policy has changed since the start.
            await self._calls.give_back(account, begun)
            begun = msgspec.structs.replace(begun, call="", template_quota="")
        for channel in wanted:
            platform = channel.traits.platform
            if platform in silent:
                continue
            attempt = await self._calls.make(account, job, begun, channel)
            if attempt is None:
                return None
            last = self._in_time(attempt, refusals)
            if last.reason != CIRCUIT_OPEN:
                self._tell(account, begun.shown, last)
            if last.ending is Ending.LATER and (last.blocked or last.reason == CIRCUIT_OPEN):
                silent[platform] = last
            elif platform == WECHAT and last.errcode == UNKNOWN_OPENID:
                # Recorded before the result, so that the verification falls back as if the user were not bound.
                await self._job_state.note_unknown(account, begun.openid)
                return last
            elif last.ending is not Ending.FAILED:
                return last
        return next(iter(silent.values()), last)

    def _in_time(self, attempt: Attempt, refusals: int) -> Attempt:
        """The attempt; as failed if the next one would come too late, or if WeChat has refused too often."""
        late = attempt.pause is Pause.MINUTE and self._until_minute() > LONGEST_MINUTE_WAIT
        if _refuses(attempt) and (late or refusals >= MOST_REFUSALS - 1):
            return msgspec.structs.replace(attempt, ending=Ending.FAILED)
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

    async def _notify(self, account: AccountEntry, job: Job, begun: Begun, refusals: int) -> Attempt:
        """Send a notice to the bound WeChat account, by a channel that can reach it (rule 6).

        It is best effort: it waits while nothing can be sent, and is tried again after an answer that holds for the
        moment only. Any other answer ends it: the attempt then reads SENT, so that the job ends, and the log says that
        the notice was not sent.
        """
        record = begun.shown
        letter = Letter(
            name=job.kind,
            openid=begun.openid,
            site=record.site,
            reset=record.purpose == "reset",
            client_msg_id=job.client_msg_id,
            fields=partial(self._composer.fields, account.name, job.kind, record),
            text=partial(self._composer.chat, job.kind, record),
        )
        attempt = self._in_time(await self._notices.send(account, letter), refusals)
        if attempt.ending is Ending.LATER:
            return attempt
        if attempt.ending is not Ending.SENT:
            _log.info("notice_not_sent", verification=record.id, kind=job.kind, error=attempt.reason)
        return Attempt(Ending.SENT, Channel.TEMPLATE)


def _refuses(attempt: Attempt) -> bool:
    """Whether WeChat answered that it does not send this message now."""
    return attempt.ending is Ending.LATER and not attempt.blocked and attempt.reason != CIRCUIT_OPEN
