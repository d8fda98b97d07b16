"""Sends notices that do not belong to a verification: a changed binding, a question, a link.

A notice goes by the account's template message of that name if there is one, otherwise by a customer-service message.
It is best effort: a few attempts while nothing has been sent, then the job ends. Changes of a binding are also in the
binding's history.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from codesvc.messages.chat import NoticeSubject
from codesvc.store.outcomes import Outcome
from codesvc.wechat.errcodes import UNKNOWN_OPENID
from codesvc.wechat.errors import NotSent, WeChatError, WeChatFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codesvc.messages.chat import ChatComposer
    from codesvc.sites.directory import AccountEntry
    from codesvc.store.outbox import Job
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

NOTICE: Final = "notice"
"""The kind of these jobs in the outbox."""

_log = structlog.get_logger(__name__)
_PAUSES: Final = (1.0, 5.0, 15.0)


class Notices:
    """Sends notices.

    Args:
        store: holds notices.
        teller: writes them.
        clients: WeChat clients by account name.
        unknown: records that an account has no such openid.
        sleep: how to pause between attempts, seconds.
    """

    def __init__(
        self,
        store: Store,
        teller: ChatComposer,
        clients: Mapping[str, WeChatClient],
        *,
        unknown: Callable[[AccountEntry, str], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store.deliveries
        self._teller = teller
        self._clients = clients
        self._unknown = unknown
        self._sleep = sleep

    async def carry(self, account: AccountEntry, job: Job) -> None:
        """Do a job to its end.

        Raises:
            StoreUnavailable: the store does not answer; the job stays in the stream.
        """
        begun = await self._store.begin_notice(account.keys, job.verification, job.entry)
        if begun.outcome is not Outcome.BEGUN:
            return
        openid, name = begun.openid, begun.name
        about = msgspec.json.decode(begun.about, type=NoticeSubject)
        for pause in (*_PAUSES, None):
            try:
                await self._send(account, job, openid, name, about)
            except WeChatFault as error:
                _log.info("notice_not_sent", account=account.name, notice=name, error=type(error).__name__)
                if isinstance(error, WeChatError) and error.errcode == UNKNOWN_OPENID:
                    await self._unknown(account, openid)
                if pause is not None and isinstance(error, NotSent):
                    await self._sleep(pause)
                    continue
            break
        await self._store.end_notice(account.keys, job.verification, job.entry)

    async def _send(self, account: AccountEntry, job: Job, openid: str, name: str, about: NoticeSubject) -> None:
        client, message = self._clients[account.name], account.config.messages.get(name)
        if message is None:
            await client.send_text(openid=openid, content=self._teller.notice(name, about))
            return
        await client.send_template(
            openid=openid,
            template_id=message.template_id,
            data=self._teller.notice_fields(account, name, about),
            url=None,
            client_msg_id=job.client_msg_id,
        )
