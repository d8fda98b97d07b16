"""Sends notices that do not belong to a verification: a changed binding, a question, a link.

A notice goes by the account's template message of that name if there is one, otherwise by a customer-service message.
It is best effort: a few attempts while nothing has been sent, then the job ends. Changes of a binding are also in the
binding's history. "Not me" does not stop a notice that waits: it was counted when it was made, and most are about
something that has happened, such as the end of a binding.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from codesvc.delivery.channels.protocol import Ending
from codesvc.delivery.notice_calls import Letter
from codesvc.messages.chat import NoticeSubject
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.delivery.circuits import Circuit
    from codesvc.delivery.notice_calls import NoticeCalls
    from codesvc.delivery.places import Places
    from codesvc.domain.sealed_content import Seals
    from codesvc.messages.chat import ChatComposer
    from codesvc.sites.directory import AccountEntry
    from codesvc.store.deliveries import NoticeBegun
    from codesvc.store.outbox import Job
    from codesvc.store.store import Store

NOTICE: Final = "notice"
"""The kind of these jobs in the outbox."""

_log = structlog.get_logger(__name__)
_PAUSES: Final = (1.0, 2.0, 4.0, 4.0, 4.0)


class Notices:
    """Sends notices.

    Args:
        places: limits the calls to WeChat at once, by account name.
    """

    def __init__(
        self,
        store: Store,
        chat_composer: ChatComposer,
        calls: NoticeCalls,
        seals: Seals,
        *,
        circuits: Mapping[str, Circuit],
        places: Mapping[str, Places],
    ) -> None:
        self._store = store.deliveries
        self._chat_composer = chat_composer
        self._circuits, self._places = circuits, places
        self._calls, self._seals = calls, seals

    async def carry(self, account: AccountEntry, job: Job) -> None:
        """Do a job to its end.

        Raises:
            StoreUnavailable: the store does not answer; the job stays in the stream.
        """
        for pause in (*_PAUSES, None):
            # As in `Courier.carry`, a notice that waits for another attempt delays no other job.
            async with self._places[account.name]:
                # It is looked at in its turn: while it waited, its person may have been erased, or it is too old.
                begun = await self._store.begin_notice(account.store_keys, job.subject, job.entry)
                if begun.outcome is not Outcome.BEGUN:
                    return
                letter = self._letter(account, job, begun)
                if letter is None:
                    break
                attempt = await self._calls.send(account, letter)
            if attempt.ending is not Ending.SENT:
                _log.info("notice_not_sent", account=account.name, notice=begun.name, error=attempt.reason)
            if pause is None or attempt.ending is not Ending.LATER:
                break
            await self._circuits[account.name].pause(pause)
        await self._store.end_notice(account.store_keys, job.subject, job.entry)

    def _letter(self, account: AccountEntry, job: Job, begun: NoticeBegun) -> Letter | None:
        """The notice to send; None if its text can no longer be opened, which is logged."""
        name, about = begun.name, msgspec.json.decode(begun.about, type=NoticeSubject)
        text = partial(self._chat_composer.notice, name, about)
        if about.box:
            sealed = self._seals.open(job.subject, about.box)
            if sealed is None:
                # The master key of the text was removed, or the text was changed in the store.
                _log.info("notice_not_sent", account=account.name, notice=name, error="lost")
                return None
            text = partial(str, sealed.text)
        return Letter(
            # A text that was rendered earlier, such as a question, has no variables to fill a template with.
            name="" if about.box else name,
            openid=begun.openid,
            site=about.site,
            reset=False,
            client_msg_id=job.client_msg_id,
            fields=partial(self._chat_composer.notice_fields, account, name, about),
            text=text,
        )
