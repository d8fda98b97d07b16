"""The chat of bind intents, logins and tickets: a scan asks a question, a reply decides, a keyword brings a link.

A reply decides only if a signature covers it (DESIGN rule 9). In plaintext mode, a person who saw one callback could
otherwise confirm in another's name. In that case the question is sent as a message with a link, and the page behind the
link decides. WeChat's own browser proves who opens it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from codesvc.domain.chat_text import CHOICE, DIGITS, MOVE, NO, YES
from codesvc.domain.intent import IntentId, Kind
from codesvc.domain.sealed_content import SealedContent, Seals
from codesvc.messages.chat import NoticeSubject
from codesvc.store.outcomes import Outcome
from codesvc.wechat.events import Text

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring
    from codesvc.messages.chat import ChatComposer
    from codesvc.service.intent_decisions import IntentDecisions
    from codesvc.service.ticket_issuing import TicketCounter
    from codesvc.service.wechat_server import WechatServerCodes
    from codesvc.sites.directory import AccountEntry
    from codesvc.store.replies import IntentReply
    from codesvc.store.store import Store
    from codesvc.wechat.callback_format import Inbound

_log = structlog.get_logger(__name__)


class IntentChat:
    """Answers messages and scans that are about intents and tickets."""

    def __init__(
        self,
        store: Store,
        decisions: IntentDecisions,
        tickets: TicketCounter,
        codes: WechatServerCodes,
        chat_composer: ChatComposer,
        *,
        keyring: Keyring,
    ) -> None:
        self._codes = codes
        self._seals = Seals(keyring)
        self._store = store.deliveries
        self._decisions = decisions
        self._tickets = tickets
        self._chat_composer = chat_composer

    async def claimed(self, account: AccountEntry, inbound: Inbound, target: str) -> str | None:
        """Answer a scan or keyword that led to no verification. None if it led to no intent either.

        A question with its link, and what an intent has become, may not stand in a reply that its forger could read.
        """
        identifier = IntentId.parse(target.partition(":")[2])
        if identifier is None:
            return None
        answer = await self._decisions.claim(
            account,
            identifier,
            inbound.event.openid,
            by="keyword" if isinstance(inbound.event, Text) else "scene",
            dedupe=inbound.event.dedupe if inbound.covered else "",
            forgeable=inbound.forgeable,
        )
        _log.info("intent_claimed", account=account.name, intent=identifier.text, outcome=answer.outcome.value)
        if answer.outcome is Outcome.ASKED and not inbound.covered:
            text = self._chat_composer.intent(question(answer), answer.shown, by_reply=False)
            return await self._send_apart(account, inbound, "question", text)
        if answer.outcome is Outcome.ENDED and inbound.forgeable:
            return await self._send_apart(account, inbound, "question", self._said(account, answer))
        return self._said(account, answer)

    async def read(self, account: AccountEntry, inbound: Inbound, plain: str) -> str | None:
        """Act on a message, `plain` as made by `chat_text.read_command`. None if it is not for this service."""
        if inbound.covered:
            said = await self._decide(account, inbound, plain)
            if said is not None:
                return said
        return await self.request(account, inbound, plain)

    async def request(self, account: AccountEntry, inbound: Inbound, wish: str) -> str | None:
        """Answer a keyword or menu key with a link, or a code for a panel; None if the text is neither."""
        text = await self._tickets.request(account, inbound.event, wish)
        if text is None:
            text = await self._codes.request(account, inbound.event, wish)
        if text is None or inbound.covered:
            return text
        return await self._send_apart(account, inbound, "link", text)

    async def decline(self, account: AccountEntry, inbound: Inbound) -> str | None:
        """Decline the question that this WeChat account was asked last; None if it was asked nothing."""
        if not inbound.covered:
            return None
        answer = await self._decisions.decide(account, inbound.event.openid, yes=False, dedupe=inbound.event.dedupe)
        return self._said(account, answer) if answer.outcome is Outcome.DECLINED else None

    async def _decide(self, account: AccountEntry, inbound: Inbound, plain: str) -> str | None:
        openid, dedupe = inbound.event.openid, inbound.event.dedupe
        if plain in NO:
            answer = await self._decisions.decide(account, openid, yes=False, dedupe=dedupe)
            return self._said(account, answer) if answer.outcome is Outcome.DECLINED else None
        if plain in YES or CHOICE.fullmatch(plain):
            choice = plain if plain not in YES else ""
            answer = await self._decisions.decide(account, openid, yes=True, choice=choice, dedupe=dedupe)
        elif found := MOVE.fullmatch(plain):
            answer = await self._decisions.allow_move(account, openid, found[1].upper(), dedupe=dedupe)
            if answer.outcome is Outcome.BOUND:
                return self._chat_composer.intent("move_done", answer.shown)
        elif DIGITS.fullmatch(plain):
            return await self._tickets.digits(account, inbound.event, plain)
        else:
            return None
        return None if answer.outcome is Outcome.ABSENT else self._said(account, answer)

    def _said(self, account: AccountEntry, answer: IntentReply) -> str:
        match answer.outcome:
            case Outcome.ASKED | Outcome.CHOOSE:
                return self._chat_composer.intent(question(answer), answer.shown)
            case Outcome.BOUND | Outcome.CONFLICT | Outcome.DECLINED:
                return self._chat_composer.intent(answer.outcome.value, answer.shown)
            case Outcome.APPROVED | Outcome.UNKNOWN:
                return self._chat_composer.intent(f"login_{answer.outcome.value}", answer.shown)
            case Outcome.ENDED:
                name = _ENDED.get(answer.shown.status.value, "intent_over")
                return self._chat_composer.intent(name, answer.shown)
            case Outcome.REFUSED:
                return self._chat_composer.phrase("refused", account)
            case Outcome.LIMITED:
                return self._chat_composer.intent("bind_later", answer.shown)
            case _:
                return self._chat_composer.phrase("expired", account)

    async def _send_apart(self, account: AccountEntry, inbound: Inbound, name: str, text: str) -> str:
        """Send the text to the person by a message of its own. Returns the reply, which says that it comes.

        The text waits in the store, and it may contain a login code, so it is sealed.
        """
        dedupe = inbound.event.dedupe
        # An event of another account may have the same name.
        identifier = f"nt_{sha256(f'{account.config.appid}/{dedupe}'.encode()).hexdigest()[:26]}"
        box = self._seals.close(identifier, SealedContent(text=text))
        await self._store.send_notice(
            account.store_keys,
            identifier,
            openid=inbound.event.openid,
            name=name,
            about=msgspec.json.encode(NoticeSubject(box=box)),
            dedupe=dedupe,
        )
        return self._chat_composer.phrase("soon", account)


_ENDED: Final = {
    "bound": "bound",
    "conflict": "conflict",
    "declined": "declined",
    "approved": "login_approved",
    "unknown": "login_unknown",
}
"""The answer to a repeated scan, by the intent's state. All other states are answered as ended."""


def question(answer: IntentReply) -> str:
    """The chat message that asks for a decision."""
    return "ask_login" if answer.shown.kind is Kind.LOGIN else "ask_bind"
