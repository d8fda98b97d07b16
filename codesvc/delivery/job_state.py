"""Reads jobs before they are done and records their results, in batches.

A job is marked in the store before anything is sent for it. Its result and its acknowledgement are one act, also in a
batch (DESIGN rule 4). Each job waits for its own answer before it goes on.
"""

from __future__ import annotations

from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.delivery.store_retry import PatientStore
from codesvc.domain.quota import Api
from codesvc.domain.verification import DeliveryStatus
from codesvc.runtime import crash_points
from codesvc.sites.lazy import PerEntry
from codesvc.store.deliveries import Delivered, JobLook
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.deliveries import AccountDeliveries, Begun, Look
    from codesvc.store.outbox import Job
    from codesvc.store.quotas import Charge
    from codesvc.store.replies import VerificationReply
    from codesvc.store.store import Store


def call_id(name: str) -> str:
    """An id for a call that is charged: `name` is the entry of its job, or the id of its message."""
    return f"{name}/{token_hex(4)}"


_STATUS: Final = {
    Ending.SENT: DeliveryStatus.SENT.value,
    Ending.FAILED: DeliveryStatus.FAILED.value,
    Ending.UNKNOWN: DeliveryStatus.UNKNOWN.value,
}


class JobState:
    """Begins jobs and records their results.

    Args:
        unknown: records that an account has no such openid.
        sleep: how to pause between tries, seconds.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        unknown: Callable[[AccountEntry, str], Awaitable[None]],
        *,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._unknown = unknown
        self._store, self._quotas = store.deliveries, store.quotas
        self._patient = PatientStore(sleep=sleep)
        self._deliveries = PerEntry(directory.accounts, self._deliveries_of)

    async def begin(self, account: AccountEntry, job: Job, *, charge: bool, moment: Look = "now") -> Begun | None:
        """The job's data; None if the job is no longer needed, then it is acknowledged.

        Called again for each attempt, after the random wait of an undisclosed push, and to charge (`ChargedCalls`).
        With `charge`, a template message is taken from the day's quota, as `moment` says (`Look`).
        """
        call = call_id(job.entry) if charge else ""
        look = JobLook(job.kind, job.subject, str(job.number), job.entry, call, moment)
        begin = partial(self._deliveries[account.name].begin.ask, look)
        begun = await self._patient.until_answered("begin_deliveries", begin)
        return begun if begun.outcome is Outcome.BEGUN else None

    async def record(self, account: AccountEntry, job: Job, attempt: Attempt) -> VerificationReply:
        """Record the result of an attempt. If it was the last one, the job is acknowledged in the same act."""
        delivered = Delivered(
            verification=job.subject,
            number=str(job.number),
            status=_STATUS[attempt.ending],
            channel=attempt.channel.value,
            reason=attempt.reason,
            errcode=str(attempt.errcode or ""),
            msgid=attempt.msgid,
            entry="" if attempt.ending is Ending.UNKNOWN else job.entry,
            day=attempt.charge.day if attempt.charge else "",
            call=attempt.charge.call if attempt.charge else "",
        )
        record = partial(self._deliveries[account.name].record.ask, delivered)
        return await self._patient.until_answered("record_deliveries", record)

    async def charge(self, account: AccountEntry, call: str, *, site: str, reset: bool) -> Charge | None:
        """Take a template message without a delivery of its own from the day's quota; None if it is used up."""
        keys, sites = account.store_keys, account.sites
        take = partial(self._quotas.charge, keys, Api.TEMPLATE, call, site=site, sites=sites, reset=reset)
        return await self._patient.until_answered("charge_quota", take)

    async def end_call(self, account: AccountEntry, charge: Charge, *, counted: bool) -> None:
        """A charged call has ended without a result to record. What WeChat has not counted is given back."""
        end = partial(self._quotas.end, account.store_keys, charge, counted=counted)
        await self._patient.until_answered("end_charged_call", end)

    async def note_unknown(self, account: AccountEntry, openid: str) -> None:
        """Record that the account has no such openid, because WeChat said so."""
        await self._patient.until_answered("note_unknown_openid", partial(self._unknown, account, openid))

    async def note(self, account: AccountEntry, job: Job, attempt: Attempt) -> None:
        """Note why a job waits, in the verification's timeline."""
        reason = f"{attempt.reason}.{attempt.errcode}" if attempt.errcode else attempt.reason
        note = partial(self._store.note_trouble, account.store_keys, job.subject, job.number, reason)
        await self._patient.until_answered("note_trouble", note)

    def _deliveries_of(self, account: AccountEntry) -> AccountDeliveries:
        return self._store.of(account.store_keys, sites=account.sites, wrapped=partial(crash_points.mortal, "delivery"))
