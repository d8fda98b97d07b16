"""Handles WeChat's events: scans, keywords, "this was not me", receipts, following and unfollowing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import structlog

from codesvc.config import Limits
from codesvc.domain.account_kinds import Right
from codesvc.domain.chat_text import NOT_ME, attempts_keyword, read_command, read_keyword
from codesvc.domain.limits import encode
from codesvc.domain.scene import SCENE_PREFIX
from codesvc.domain.verification import Status
from codesvc.runtime import metrics, tracing
from codesvc.sites.lazy import PerEntry
from codesvc.store.outcomes import Outcome
from codesvc.wechat.events import (
    AuthorizationRevoked,
    Clicked,
    Followed,
    Other,
    Scanned,
    TemplateReceipt,
    Text,
    Unfollowed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.messages.chat import ChatComposer
    from codesvc.messages.composer import Composer
    from codesvc.service.followers import Followers
    from codesvc.service.intent_chat import IntentChat
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.chat import Claimed
    from codesvc.store.store import Store
    from codesvc.wechat.callback_format import Inbound

_log = structlog.get_logger(__name__)
_MESSAGES: Final = frozenset({"image", "voice", "video", "shortvideo", "location", "link", "file"})
"""Types of messages that people send besides texts (WECHAT.md section 9). An event needs no such answer."""
_MUTE_MS: Final = 86_400_000
# Windows of WECHAT.md 8 with a margin: 48 h after a message, 1 min after a scan, a click or following.
_LONG_MS: Final = 47 * 3_600_000
_BRIEF_MS: Final = 55_000


def _beside_another(account: AccountEntry) -> bool:
    """Whether another back end answers the events that do not belong to this service."""
    return account.config.forward_to is not None or bool(account.config.event_keys)


@dataclass(frozen=True, slots=True)
class OpenidLimits:
    """The limits on what one openid may do, by account name, as the scripts read them."""

    keywords: Mapping[str, str]
    pushes: Mapping[str, str]

    @classmethod
    def of(cls, directory: Directory) -> OpenidLimits:
        """The limits of all sites."""
        return cls(_rates(directory, "openid_keywords"), _rates(directory, "openid_pushes"))


def _rates(directory: Directory, limit: Literal["openid_keywords", "openid_pushes"]) -> Mapping[str, str]:
    """The rates that most sites of an account have, then those of each other site (`fragments/keyword_rates.lua`).

    Every site's rates apply to all events of an openid on the account, whichever site caused them.
    """

    def of(account: AccountEntry) -> str:
        limited = directory.sites_of(account.name, having="limits")
        own = {site.name: encode(getattr(site.config.limits, limit)) for site in limited}
        usual = encode(getattr(Limits(), limit))
        if len(limited) == account.sites:
            usual = Counter(own.values()).most_common(1)[0][0] if own else usual
        return usual + "".join(f";{name}={rates}" for name, rates in own.items() if rates != usual)

    return PerEntry(directory.accounts, of)


class CallbackEvents:
    """Answers the events that WeChat sends."""

    def __init__(
        self,
        store: Store,
        composer: Composer,
        followers: Followers,
        intent_chat: IntentChat,
        limits: OpenidLimits,
        *,
        chat_composer: ChatComposer,
        recorder: Recorder,
    ) -> None:
        self._recorder = recorder
        self._store = store.chat
        self._deliveries = store.deliveries
        self._followers = followers
        self._intent_chat = intent_chat
        self._composer = composer
        self._chat_composer = chat_composer
        self._limits = limits

    async def admits(self, account: AccountEntry, inbound: Inbound) -> bool:
        """Whether an event that no signature covers may be acted on.

        Whoever saw one query can sign any body with it for some minutes. WeChat uses a query for one push and its
        repetitions only. So a forger has a few events for each query that they saw, and uses up nobody else's.
        """
        admitted = await self._store.admit(account.store_keys, inbound.stamp, act="unsigned")
        return admitted.outcome is not Outcome.LIMITED

    async def handle(self, account: AccountEntry, inbound: Inbound) -> str | None:
        """Act on an event. Returns the reply, or None for no reply; the same event gets the same answer (rule 1)."""
        match inbound.event:
            case Followed(openid=openid, scene=scene):
                if scene is not None and scene.startswith(SCENE_PREFIX):
                    return await self._claim(account, inbound, "scene", scene, window_ms=_BRIEF_MS, followed=True)
                await self._followers.follows(account, openid, forgeable=inbound.forgeable)
                await self._spoke(account, inbound, _BRIEF_MS)
                # If there is another back end, it is the one that greets people.
                if not _beside_another(account):
                    return self._chat_composer.phrase("welcome", account)
            case Scanned(scene=scene) if scene.startswith(SCENE_PREFIX):
                return await self._claim(account, inbound, "scene", scene, window_ms=_BRIEF_MS)
            case Text(content=content):
                return await self._answer_text(account, inbound, content) or self._unknown(account)
            case Clicked(key=key):
                await self._spoke(account, inbound, _BRIEF_MS)
                return await self._intent_chat.request(account, inbound, key) or self._unknown(account)
            case Other(kind=kind) if kind in _MESSAGES:
                await self._spoke(account, inbound, _LONG_MS)
                return self._unknown(account)
            case _:
                await self._note(account, inbound)
        return None

    def _unknown(self, account: AccountEntry) -> str | None:
        """The answer to a message that is not for this service.

        In developer mode the console's own replies are off (KINDS.md section 4), and on an account that can only reply
        this is the only way to tell people what to do. The staff of other accounts can answer by themselves.
        """
        if _beside_another(account) or account.config.may(Right.QR_CODES):
            return None
        return self._chat_composer.phrase("unknown_by_keyword", account)

    async def _note(self, account: AccountEntry, inbound: Inbound) -> None:
        """Handle an event that gets no reply."""
        match inbound.event:
            case Unfollowed(openid=openid) if inbound.covered:
                # An event without a signature may be forged. If the person has left, the next push shows it (rule 9).
                await self._followers.left(account, openid, dedupe=inbound.event.dedupe)
            case AuthorizationRevoked(openid=openid) if inbound.covered:
                await self._followers.forget(account, openid, dedupe=inbound.event.dedupe)
            case TemplateReceipt() as receipt:
                await self._receipt(account, inbound, receipt)
            case _:
                pass

    async def _answer_text(self, account: AccountEntry, inbound: Inbound, content: str) -> str | None:
        keyword, openid = read_keyword(content), inbound.event.openid
        if keyword is None:
            await self._spoke(account, inbound, _LONG_MS)
        plain = read_command(content)
        if plain in NOT_ME and inbound.forgeable:
            # A person who saw one plaintext callback could cancel another's verifications. The page of the link proves
            # who it is.
            return self._chat_composer.phrase("disown_by_link", account)
        if plain in NOT_ME:
            # "Not me" may mean the question that waits, a code that came since, or both. So it always stops both.
            declined = await self._intent_chat.decline(account, inbound)
            return await self.disown(account, openid, dedupe=inbound.event.dedupe, declined=declined)
        if said := await self._intent_chat.read(account, inbound, plain):
            if keyword is not None:
                await self._spoke(account, inbound, _LONG_MS)
            return said
        if keyword is not None:
            return await self._claim(account, inbound, "keyword", keyword, window_ms=_LONG_MS)
        if attempts_keyword(content) and not _beside_another(account):
            return self._chat_composer.phrase("keyword_unclear", account)
        return None

    async def _claim(
        self,
        account: AccountEntry,
        inbound: Inbound,
        by: Literal["scene", "keyword"],
        pointer: str,
        *,
        window_ms: int,
        followed: bool = False,
    ) -> str | None:
        """Give the code of a scene or a keyword. All changes in the store are made by one script."""
        answer = await self._store.claim(
            account.store_keys,
            inbound.event.openid,
            by=by,
            pointer=pointer,
            dedupe=inbound.event.dedupe,
            reply=inbound.covered,
            rates=self._limits.keywords[account.name],
            window_ms=window_ms,
            followed=followed,
            forgeable=inbound.forgeable,
            pushes=self._limits.pushes[account.name],
        )
        metrics.CLAIMS.labels(account.name, by, answer.outcome.value).inc()
        self._recorder.count_steps(answer)
        _log.info(
            "claim",
            account=account.name,
            by=by,
            outcome=answer.outcome.value,
            verification=answer.record.id if answer.record else None,
        )
        return await self._reply(account, inbound, answer)

    async def _reply(self, account: AccountEntry, inbound: Inbound, answer: Claimed) -> str | None:
        if answer.record is not None and not self._composer.knows(answer.record, account):
            # The site has been removed since, or is on another account now, so the code would be useless.
            return self._chat_composer.phrase("refused", account)
        match answer.outcome:
            case Outcome.CLAIMED:
                # Without a signature, the callback may not come from WeChat, and a reply would reach its sender. So the
                # code leaves as a customer-service message (rule 9).
                return self._composer.chat("code" if inbound.covered else "soon", answer.shown)
            case Outcome.ENDED:
                name = {Status.APPROVED: "approved", Status.CANCELED: "canceled"}.get(answer.shown.status, "expired")
                return self._composer.chat(name, answer.shown)
            case Outcome.LIMITED:
                return self._chat_composer.limited(account, answer.wait_ms)
            case Outcome.REFUSED:
                # The text is always the same, so that it does not reveal whether the user exists, is bound, or another
                # person was faster (rule 7).
                return self._chat_composer.phrase("refused", account)
            case Outcome.OTHER:
                return await self._intent_chat.claimed(account, inbound, answer.target)
            case _ if isinstance(inbound.event, Text) and _beside_another(account):
                # Eight letters that are not a keyword of this service are a message to the other back end.
                return None
            case _:
                return self._chat_composer.phrase("expired", account)

    async def disown(
        self, account: AccountEntry, openid: str, *, dedupe: str, declined: str | None = None, verification: str = ""
    ) -> str:
        """Stop what this WeChat account has open, and mute pushes for a day. Returns the text to reply.

        Verifications are canceled, and unspent proofs, links, login codes and logins become void.
        `dedupe` identifies the message. A repeated message cancels nothing more. `declined` is the answer about a
        question that the same message declined; if there was no code, nothing is muted. `verification` is
        the one on whose page the person said so.
        """
        keys, also = account.store_keys, declined is not None
        found = await self._store.disown(
            keys, openid, dedupe=dedupe, mute_ms=_MUTE_MS, declined=also, verification=verification
        )
        _log.info("disowned", account=account.name, stopped=found.stopped, entered=found.entered)
        if declined is not None and not (found.stopped or found.entered):
            return declined
        said = self._chat_composer.phrase("disowned", account, stopped=found.stopped, entered=found.entered)
        return said if declined is None else f"{declined}\n\n{said}"

    async def _spoke(self, account: AccountEntry, inbound: Inbound, window_ms: int) -> None:
        """Record that the person was active, which allows customer-service messages for some time (WECHAT.md 8)."""
        await self._store.note_activity(
            account.store_keys, inbound.event.openid, window_ms=window_ms, forgeable=inbound.forgeable
        )

    async def _receipt(self, account: AccountEntry, inbound: Inbound, event: TemplateReceipt) -> None:
        answer = await self._deliveries.receipt(
            account.store_keys,
            event.msgid,
            status=event.status,
            reason=event.reason,
            openid=event.openid,
            forgeable=inbound.forgeable,
        )
        metrics.RECEIPTS.labels(account.name, event.status).inc()
        self._recorder.count_steps(answer)
        if answer.message is not None:
            self._recorder.message_ended(answer.message)
        if answer.record is not None:
            tracing.event("receipt", answer.record.fixed.trace, account=account.name, status=event.status)
        _log.info("receipt", account=account.name, status=event.status, outcome=answer.outcome.value)
