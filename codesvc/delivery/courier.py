"""Carries one job of the outbox to its end (DESIGN rule 4).

A job ends in exactly one script that records the result and acknowledges the job together. Killed before that, the job
stays in the stream and somebody does it again under the same `client_msg_id`, which WeChat delivers once. While a
result is unknown or another try may help, the job is held and tried again, until the code's life is over.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.delivery.sending import Attempt, Ending, send_code
from codesvc.store.answers import Answer
from codesvc.store.keys import channel as wake_channel
from codesvc.store.outbox import GROUP
from codesvc.store.outcomes import Outcome
from codesvc.verification import Channel, DeliveryStatus
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codesvc.directory import AccountEntry, Directory
    from codesvc.message import Composer
    from codesvc.record import Record
    from codesvc.store.outbox import Job
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

_log = structlog.get_logger(__name__)
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


class Courier:
    """Does jobs.

    Args:
        store: where results go.
        directory: finds accounts and sites.
        composer: writes the messages.
        clients: WeChat clients by account name.
        sleep: how to pause between tries, seconds.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        composer: Composer,
        clients: Mapping[str, WeChatClient],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._directory = directory
        self._composer = composer
        self._clients = clients
        self._sleep = sleep

    async def carry(self, job: Job) -> None:
        """Do a job to its end.

        Raises:
            StoreUnavailable: the store went away; the job stays in the stream.
        """
        account = self._directory.by_appid.get(job.appid)
        if account is None:
            # Another process may know this account; if none does, the job ends when its verification is gone.
            return
        for pause in (*_PAUSES, *[_PAUSES[-1]] * 100):
            begun = await self._begin(account, job)
            if begun is None:
                return
            record, openid = begun
            if job.kind not in {"push", "scan"}:
                await self._notify(account, job, record, openid)
                return
            attempt = await self._attempt(account, job, record, openid)
            if attempt.ending in {Ending.SENT, Ending.FAILED}:
                await self._record(account, job, attempt)
                return
            if attempt.ending is Ending.UNKNOWN and record.delivery is not DeliveryStatus.UNKNOWN:
                await self._record(account, job, attempt)
            await self._sleep(pause)

    async def _begin(self, account: AccountEntry, job: Job) -> tuple[Record, str] | None:
        keys = account.keys
        raw = await self._store.call(
            "begin_delivery",
            keys.partition,
            {"record": keys.record(job.verification), "outbox": keys.outbox},
            {
                "root": keys.root,
                "account": keys.account,
                "kind": job.kind,
                "number": job.number,
                "entry": job.entry,
                "group": GROUP,
            },
        )
        answer = Answer.parse(raw)
        if answer.outcome is not Outcome.BEGUN:
            return None
        return answer.shown, answer.rest[0].decode()

    async def _attempt(self, account: AccountEntry, job: Job, record: Record, openid: str) -> Attempt:
        """Try the policy's channels in order, until one does not fail for good."""
        policy = self._directory.sites[record.site].purpose(record.purpose)
        channels = [Channel(channel) for channel in policy.channels] if policy else []
        if job.kind == "scan":
            channels = [Channel.CUSTOMER_SERVICE]
        if record.delivery is DeliveryStatus.UNKNOWN:
            # Another channel would bring a second message if the first one did arrive.
            channels = [Channel(record.channel)]
        attempt = Attempt(Ending.FAILED, Channel.TEMPLATE, reason="no-channel")
        for channel in channels:
            attempt = await send_code(
                self._clients[account.name],
                account,
                self._composer,
                record,
                openid=openid,
                channel=channel,
                client_msg_id=job.client_msg_id,
            )
            log = _log.error if attempt.alarm else _log.info
            log(
                "delivery_attempt",
                verification=record.id,
                site=record.site,
                account=account.name,
                channel=channel.value,
                ending=attempt.ending.name.lower(),
                reason=attempt.reason,
            )
            if attempt.ending is not Ending.FAILED:
                break
        return attempt

    async def _record(self, account: AccountEntry, job: Job, attempt: Attempt) -> None:
        status = {
            Ending.SENT: DeliveryStatus.SENT,
            Ending.FAILED: DeliveryStatus.FAILED,
            Ending.UNKNOWN: DeliveryStatus.UNKNOWN,
        }[attempt.ending]
        keys = account.keys
        finished = attempt.ending is not Ending.UNKNOWN
        await self._store.call(
            "record_delivery",
            keys.partition,
            {
                "record": keys.record(job.verification),
                "outbox": keys.outbox,
                "receipt": keys.receipt(attempt.msgid),
            },
            {
                "root": keys.root,
                "account": keys.account,
                "channel": wake_channel(self._store.prefix),
                "number": job.number,
                "status": status.value,
                "via": attempt.channel.value,
                "reason": attempt.reason,
                "msgid": attempt.msgid,
                "entry": job.entry if finished else "",
                "group": GROUP,
            },
        )

    async def _notify(self, account: AccountEntry, job: Job, record: Record, openid: str) -> None:
        """Tell the bound WeChat something, as far as a channel reaches it: once, and without a promise (rule 6)."""
        client, message = self._clients[account.name], account.config.messages.get(job.kind)
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
