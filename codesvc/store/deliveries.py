"""Scripts about deliveries and notices: beginning jobs of the outbox and recording their results.

Deliveries begin and are recorded in batches: all that are requested in one turn of the event loop leave in one call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from codesvc.domain.message import Message  # noqa: TC001  msgspec reads the annotation
from codesvc.domain.quota import Api
from codesvc.domain.webhook import seed
from codesvc.store.act import Act
from codesvc.store.batcher import Batcher
from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.quotas import day_key
from codesvc.store.replies import RecordReply, Reply, VerificationReply

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from codesvc.store.act import Deployment, Prepared
    from codesvc.store.keys import Keys


Look = Literal["now", "if-next", "first"]
"""When a look at a job charges its template message: `now`: always; `if-next`: only if the record says that a template
message is sent next; `first`: as `if-next`, at the first look at the job. An undisclosed push is not begun by its first
look: it waits for a random moment and is looked at again.
"""


class JobLook(msgspec.Struct, frozen=True, array_like=True):
    """A look at a job before it is done. `begin_deliveries.lua` reads its members in this order.

    Attributes:
        number: which delivery of that verification.
        entry: the entry of the job in the outbox.
        call: the id of a template message that may follow, "" for none. It is charged as `moment` says.
    """

    kind: str
    verification: str
    number: str
    entry: str
    call: str = ""
    moment: Look = "now"


class Begun(RecordReply, frozen=True):
    """BEGUN, or STALE if the job is no longer needed; then it is acknowledged.

    Attributes:
        openid: the openid of the receiver.
        template_quota: `yes` if a call was charged, or the quota that is used up: `day`, `minute`; "" if no call was to
            be charged.
        spoke: whether a customer-service message may be sent now.
        day: the key of the quota that was charged.
        call: the id of the call, "" if none was to be charged.
    """

    openid: str = ""
    template_quota: str = ""
    spoke: bool = False
    day: str = ""
    call: str = ""


class Delivered(msgspec.Struct, frozen=True, array_like=True):
    """The result of a delivery. `record_deliveries.lua` reads its members in this order.

    Attributes:
        number: which delivery of that verification.
        status: sent, unknown or failed.
        reason: why it failed or is unknown, "" otherwise.
        errcode: WeChat's, "" for none.
        msgid: WeChat's, "" for none.
        entry: the entry of the job to acknowledge, "" if the job continues.
        day: the key of the quota that the call was taken from, "" if it uses none.
        call: the id of the call that was charged, "" if none was.
    """

    verification: str
    number: str
    status: str
    channel: str
    reason: str
    errcode: str
    msgid: str
    entry: str
    day: str = ""
    call: str = ""


class ReceiptApplied(VerificationReply, frozen=True):
    """DONE for a verification, OTHER for a message, STALE, or EARLY_RECEIPT if the send has not been recorded yet.

    Attributes:
        message: the message, for OTHER.
    """

    message: Message | None = None


class NoticeBegun(Reply, frozen=True):
    """BEGUN, or STALE if the notice is gone; then its job is acknowledged.

    Attributes:
        about: what the message says, JSON.
    """

    openid: str = ""
    name: str = ""
    about: bytes = b""


class ConsumersForgotten(Reply, frozen=True):
    """DONE.

    Attributes:
        forgotten: how many readers of the outbox were removed.
    """

    forgotten: int = 0


class AccountDeliveries:
    """Deliveries of one account, in batches.

    Attributes:
        begin: looks at a job before it is done.
        record: records the result of a delivery and acknowledges its job in the same act: DONE or STALE.

    Args:
        begin: the script that begins jobs.
        record: the script that records results.
        sites: how many sites share it.
        wrapped: wraps a batch's coroutine before it runs as a task.
    """

    def __init__(
        self,
        begin: Act[Begun],
        record: Act[VerificationReply],
        keys: Keys,
        *,
        sites: int,
        wrapped: Callable[[Coroutine[Any, Any, None]], Coroutine[Any, Any, None]],
    ) -> None:
        self._keys, self._sites = keys, sites
        self.begin: Batcher[JobLook, Begun] = Batcher(self._run_begin, read=begin.read, wrapped=wrapped)
        self.record: Batcher[Delivered, VerificationReply] = Batcher(
            self._run_record, read=record.read, wrapped=wrapped
        )
        self._begin = begin
        self._day = ""
        self._prepared_begin: Prepared[Begun] | None = None
        self._prepared_record = record.prepare(keys, {}, {})

    async def _run_begin(self, packed: bytes) -> Sequence[Any]:
        # The counters of a day have their own key, so the call is prepared once a day.
        day = day_key(self._keys, Api.TEMPLATE)
        if self._prepared_begin is None or day != self._day:
            self._day, self._prepared_begin = day, self._begin.prepare(self._keys, {"day": day}, {"sites": self._sites})
        return await self._prepared_begin.raw({}, {"jobs": packed, "event": seed()})

    async def _run_record(self, packed: bytes) -> Sequence[Any]:
        # The number of an event in the batch makes its id unique.
        return await self._prepared_record.raw({}, {"results": packed, "event": seed()})


class Deliveries:
    """Deliveries and notices in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._prefix = deployment.prefix
        self._begin = Act(deployment, "begin_deliveries", Begun)
        self._record = Act(deployment, "record_deliveries", VerificationReply)
        self._note_trouble = Act(deployment, "note_trouble", Reply)
        self._receipt = Act(deployment, "record_receipt", ReceiptApplied)
        self._send_notice = Act(deployment, "send_notice", Reply)
        self._begin_notice = Act(deployment, "begin_notice", NoticeBegun)
        self._end_notice = Act(deployment, "end_notice", Reply)
        self._forget_consumers = Act(deployment, "forget_consumers", ConsumersForgotten)
        self._end_unknown_job = Act(deployment, "end_unknown_job", Reply)

    def of(
        self,
        keys: Keys,
        *,
        sites: int,
        wrapped: Callable[[Coroutine[Any, Any, None]], Coroutine[Any, Any, None]],
    ) -> AccountDeliveries:
        """Deliveries of one account, which `sites` sites share."""
        return AccountDeliveries(self._begin, self._record, keys, sites=sites, wrapped=wrapped)

    async def note_trouble(self, keys: Keys, verification: str, number: int, reason: str) -> Reply:
        """Note in the timeline why a delivery has to wait: DONE or STALE."""
        return await self._note_trouble(
            keys, {"record": keys.record(verification)}, {"number": str(number), "reason": reason}
        )

    async def receipt(
        self, keys: Keys, msgid: int | str, *, status: str, reason: str, openid: str, forgeable: bool = False
    ) -> ReceiptApplied:
        """Apply WeChat's receipt.

        One that is `forgeable` never says that WeChat did not take a message.
        """
        return await self._receipt(
            keys,
            {"receipt": keys.receipt(msgid)},
            {
                "status": status,
                "reason": reason,
                "openid": openid,
                "forgeable": int(forgeable),
            },
        )

    async def send_notice(
        self, keys: Keys, identifier: str, *, openid: str, name: str, about: bytes, dedupe: str
    ) -> Reply:
        """Queue a message to a WeChat account: DONE, or SAME if the callback `dedupe` has queued it already."""
        return await self._send_notice(
            keys,
            {"notice": keys.notice(identifier), "seen": keys.seen(f"{dedupe}/notice")},
            {"id": identifier, "openid": openid, "name": name, "about": about},
        )

    async def begin_notice(self, keys: Keys, identifier: str, entry: str) -> NoticeBegun:
        """Begin an attempt to send a notice: read it, if it is still there."""
        return await self._begin_notice(keys, {"notice": keys.notice(identifier)}, {"entry": entry})

    async def end_notice(self, keys: Keys, identifier: str, entry: str) -> None:
        """End a notice that was sent or given up: acknowledge its job and delete it."""
        await self._end_notice(keys, {"notice": keys.notice(identifier)}, {"entry": entry})

    async def end_unknown_job(self, partition: int, entry: str, *, most_age_ms: int) -> Reply:
        """End a job of an account that the caller does not know, if it was queued at least `most_age_ms` ago.

        DONE; EARLY if another process may still know the account; STALE if another process has ended it.
        """
        return await self._end_unknown_job(
            PartitionKeys(self._prefix, partition), {}, {"entry": entry, "most_age": most_age_ms}
        )

    async def forget_consumers(self, partition: int, *, idle_ms: int) -> ConsumersForgotten:
        """Remove readers of a partition's outbox that have been idle for `idle_ms` and hold no job."""
        return await self._forget_consumers(PartitionKeys(self._prefix, partition), {}, {"idle": idle_ms})
