"""What the store says of jobs before they are done, and what it is told afterwards; for several jobs in one call.

A job is marked in the store before anything is sent for it, and its result and its acknowledgement are one act, batch
or no batch (DESIGN rule 4): each job waits for its own answer before it goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.delivery.store_retry import PatientStore
from codesvc.domain import webhook
from codesvc.domain.quota import Api
from codesvc.domain.verification import DeliveryStatus
from codesvc.runtime import crash_points
from codesvc.sites.lazy import PerEntry
from codesvc.store.batcher import Gathered
from codesvc.store.keys import channel
from codesvc.store.outbox import GROUP
from codesvc.store.outcomes import Outcome
from codesvc.store.quotas import arguments, day_key
from codesvc.store.replies import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from codesvc.domain.record import Record
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.outbox import Job
    from codesvc.store.prepared import Prepared
    from codesvc.store.store import Store

_STATUS: Final = {
    Ending.SENT: DeliveryStatus.SENT.value,
    Ending.FAILED: DeliveryStatus.FAILED.value,
    Ending.UNKNOWN: DeliveryStatus.UNKNOWN.value,
}


class Begun(msgspec.Struct, frozen=True):
    """A job that is still wanted.

    Attributes:
        record: the verification.
        openid: who is to be told.
        template_quota: what of the template quota stands in the way: yes (nothing), day or minute.
        spoke: whether a customer-service message may be sent.
    """

    record: Record
    openid: str
    template_quota: str
    spoke: bool


@dataclass(slots=True)
class _Scripts:
    """One account's."""

    begin: Gathered
    record: Gathered


class Ledger:
    """Asks and tells the store.

    Args:
        store: where jobs and verifications lie.
        directory: finds accounts.
        sleep: how to pause between tries, seconds.
    """

    def __init__(self, store: Store, directory: Directory, *, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._store = store
        self._patient = PatientStore(store, sleep=sleep)
        self._scripts = PerEntry(directory.accounts, self._scripts_of)

    async def begin(self, account: AccountEntry, job: Job) -> Begun | None:
        """Before each try: what the job needs; None where nobody wants it any more, and it is acknowledged."""
        asked = (job.kind, job.verification, str(job.number), job.entry)
        gathered = self._scripts[account.name].begin
        answer = Answer.parse(await self._patient.ask("begin_deliveries", lambda: gathered.ask(asked)))
        if answer.outcome is not Outcome.BEGUN:
            return None
        openid, template_quota, spoke = answer.rest
        return Begun(answer.shown, openid.decode(), template_quota.decode(), spoke == 1)

    async def record(self, account: AccountEntry, job: Job, attempt: Attempt) -> Answer:
        """What came of a try; where it was the last one, the job is acknowledged in the same act."""
        told = (
            job.verification,
            str(job.number),
            _STATUS[attempt.ending],
            attempt.channel.value,
            attempt.reason,
            str(attempt.errcode or ""),
            attempt.msgid,
            "" if attempt.ending is Ending.UNKNOWN else job.entry,
        )
        gathered = self._scripts[account.name].record
        return Answer.parse(await self._patient.ask("record_deliveries", lambda: gathered.ask(told)))

    async def note(self, account: AccountEntry, job: Job, attempt: Attempt) -> None:
        """Why a job waits, for whoever looks at the verification."""
        keys, code = account.keys, attempt.errcode
        reason, record = f"{attempt.reason}.{code}" if code else attempt.reason, keys.record(job.verification)
        args = {"number": str(job.number), "reason": reason}
        await self._patient.call("note_trouble", keys.partition, {"record": record}, args)

    def _scripts_of(self, account: AccountEntry) -> _Scripts:
        wrapped = partial(crash_points.mortal, "delivery")
        return _Scripts(
            Gathered(_Beginning(self._store, account).run, wrapped=wrapped),
            Gathered(partial(self._record, self._prepared_record(account)), wrapped=wrapped),
        )

    def _prepared_record(self, account: AccountEntry) -> Prepared:
        keys = account.keys
        return self._store.prepare(
            "record_deliveries",
            keys.partition,
            {"outbox": keys.outbox},
            {"root": keys.root, "account": keys.account, "channel": channel(self._store.prefix), "group": GROUP},
        )

    async def _record(self, prepared: Prepared, packed: bytes) -> Sequence[Any]:
        # The events of a batch are told apart by their number.
        return await self._store.run(prepared, {}, {"results": packed, "event": webhook.seed()})


class _Beginning:
    """The script that begins an account's jobs; it takes from the counters of a day, so it is prepared once a day."""

    def __init__(self, store: Store, account: AccountEntry) -> None:
        self._store = store
        self._account = account
        self._day = ""
        self._prepared: Prepared | None = None

    async def run(self, packed: bytes) -> Sequence[Any]:
        """Begin some."""
        account, day = self._account, day_key(self._account.keys, Api.TEMPLATE)
        if self._prepared is None or day != self._day:
            keys = account.keys
            self._day, self._prepared = (
                day,
                self._store.prepare(
                    "begin_deliveries",
                    keys.partition,
                    {"outbox": keys.outbox, "day": day},
                    {
                        "root": keys.root,
                        "account": keys.account,
                        "group": GROUP,
                        **arguments(account.config.appid, account.sites),
                    },
                ),
            )
        return await self._store.run(self._prepared, {}, {"jobs": packed})
