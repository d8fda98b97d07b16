"""What happens in the chat: scans, words, "this was not me", receipts, following and leaving."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.config import Limits
from codesvc.domain import webhook
from codesvc.domain.codes import read_keyword
from codesvc.domain.limits import encode
from codesvc.domain.verification import Status
from codesvc.runtime import metrics, tracing
from codesvc.service.qr_pool import SCENE_PREFIX
from codesvc.sites.lazy import PerEntry
from codesvc.store.keys import channel
from codesvc.store.outcomes import Outcome
from codesvc.store.replies import Answer
from codesvc.wechat.events import AuthorizationRevoked, Clicked, Followed, Scanned, TemplateReceipt, Text, Unfollowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.domain.record import Record
    from codesvc.messages.composer import Composer
    from codesvc.service.followers import Followers
    from codesvc.service.intent_chat import Conversation
    from codesvc.service.statistics.recorder import Tally
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store
    from codesvc.wechat.protocol import Inbound

_log = structlog.get_logger(__name__)
_NOT_ME: Final = frozenset({"不是我", "不是本人", "notme", "itwasntme"})
_MUTE_MS: Final = 86_400_000
# WECHAT.md 8, with a little taken off: 48 h after a message, 1 min after a scan, a click or following.
_LONG_MS: Final = 47 * 3_600_000
_BRIEF_MS: Final = 55_000


def _beside_another(account: AccountEntry) -> bool:
    """Whether another back end answers what is not ours."""
    return account.config.forward_to is not None or bool(account.config.event_keys)


def keyword_limits(directory: Directory) -> PerEntry[AccountEntry, str]:
    """Each account's limit on words per openid, as the scripts read it.

    A keyword does not say whose it is before it is looked up, so all rates of all the account's sites hold at once.
    """

    def of(account: AccountEntry) -> str:
        telling = directory.sites_of(account.name, having="limits")
        rates = dict.fromkeys(rate for site in telling for rate in site.config.limits.openid_keywords)
        if len(telling) < account.sites:
            rates |= dict.fromkeys(Limits().openid_keywords)
        return encode(rates)

    return PerEntry(directory.accounts, of)


class Chat:
    """Answers what WeChat pushes.

    Args:
        store: where state lives.
        composer: writes the answers.
        followers: who follows.
        conversation: answers what is about no verification.
        limits: rates of words per openid, by account name.
        tally: counts what happens.
    """

    def __init__(
        self,
        store: Store,
        composer: Composer,
        followers: Followers,
        conversation: Conversation,
        limits: Mapping[str, str],
        *,
        tally: Tally,
    ) -> None:
        self._tally = tally
        self._store = store
        self._followers = followers
        self._conversation = conversation
        self._composer = composer
        self._limits = limits
        self._channel = channel(store.prefix)

    async def hear(self, account: AccountEntry, inbound: Inbound, *, vouched: bool = False) -> str | None:
        """Act on a push: the text to reply, or None to say nothing. The same push gets the same answer (rule 1).

        `vouched`: no signature of WeChat's covers it, but the back end that received it says that it is genuine.
        """
        match inbound.event:
            case Followed(openid=openid, scene=scene):
                await self._followers.follows(account, openid)
                await self._spoke(account, openid, _BRIEF_MS)
                if scene is not None and scene.startswith(SCENE_PREFIX):
                    return await self._claim(account, inbound, scene=scene)
                # Beside another back end, greeting people is its business.
                if not _beside_another(account):
                    return self._composer.phrase("welcome", {"account": account.config.name})
            case Scanned(openid=openid, scene=scene) if scene.startswith(SCENE_PREFIX):
                await self._spoke(account, openid, _BRIEF_MS)
                return await self._claim(account, inbound, scene=scene)
            case Text(openid=openid, content=content):
                await self._spoke(account, openid, _LONG_MS)
                return await self._read(account, inbound, content, vouched=vouched)
            case Clicked(openid=openid, key=key):
                await self._spoke(account, openid, _BRIEF_MS)
                return await self._conversation.request(account, inbound, key)
            case _:
                await self._note(account, inbound)
        return None

    async def _note(self, account: AccountEntry, inbound: Inbound) -> None:
        """What nobody waits for an answer to."""
        match inbound.event:
            case Unfollowed(openid=openid) if inbound.covered:
                # Unsigned, it could be anybody's; a push to somebody who left tells the truth soon enough (rule 9).
                await self._followers.left(account, openid)
            case AuthorizationRevoked(openid=openid) if inbound.covered:
                await self._followers.forget(account, openid)
            case TemplateReceipt() as receipt:
                await self._receipt(account, receipt)
            case _:
                pass

    async def _read(self, account: AccountEntry, inbound: Inbound, content: str, *, vouched: bool) -> str | None:
        plain = "".join(unicodedata.normalize("NFKC", content).lower().split()).rstrip("。.!！")
        if plain in _NOT_ME and not (inbound.covered or vouched):
            # Whoever saw one plaintext callback could stop anybody's verifications; the link's page proves who it is.
            return self._composer.phrase("disown_by_link", {})
        if plain in _NOT_ME:
            said = await self._conversation.decline(account, inbound)
            return said or await self.disown(account, inbound.event.openid, dedupe=inbound.event.dedupe)
        if said := await self._conversation.read(account, inbound, plain):
            return said
        keyword = read_keyword(content)
        return await self._claim(account, inbound, keyword=keyword) if keyword else None

    async def _claim(
        self, account: AccountEntry, inbound: Inbound, *, scene: str | None = None, keyword: str | None = None
    ) -> str | None:
        keys, openid = account.keys, inbound.event.openid
        raw = await self._store.call(
            "claim",
            keys.partition,
            {
                "pointer": keys.scene(scene) if scene is not None else keys.keyword(keyword or ""),
                "words": keys.openid_window("openid_words", openid),
                "seen": keys.seen(inbound.event.dedupe),
                "outbox": keys.outbox,
            },
            {
                "root": keys.root,
                "account": keys.account,
                "appid": account.config.appid,
                "channel": self._channel,
                "openid": openid,
                "kind": "scene" if scene is not None else "keyword",
                "reply": int(inbound.covered),
                "words": self._limits[account.name],
            },
        )
        answer = Answer.parse(raw)
        metrics.CLAIMS.labels(account.name, "keyword" if scene is None else "scene", answer.outcome.value).inc()
        self._tally.hear(answer)
        _log.info(
            "claim",
            account=account.name,
            by="scene" if scene is not None else "keyword",
            outcome=answer.outcome.value,
            verification=answer.record.id if answer.record else None,
        )
        return await self._reply(account, inbound, answer)

    async def _reply(self, account: AccountEntry, inbound: Inbound, answer: Answer) -> str | None:
        if answer.record is not None and not self._composer.knows(answer.record):
            # Its site has been removed since: nobody could use the code.
            return self._composer.phrase("refused", {})
        match answer.outcome:
            case Outcome.CLAIMED:
                return await self._tell(account, inbound, answer.shown)
            case Outcome.ENDED:
                name = {Status.APPROVED: "approved", Status.CANCELED: "canceled"}.get(answer.shown.status, "expired")
                return self._composer.chat(name, answer.shown)
            case Outcome.LIMITED:
                minutes = max(1, round(int(answer.rest[1]) / 60_000))
                return self._composer.phrase("limited", {"minutes": minutes})
            case Outcome.REFUSED:
                # One text, always: whether the user exists, is bound, or somebody else was faster (rule 7).
                return self._composer.phrase("refused", {})
            case Outcome.OTHER:
                return await self._conversation.scanned(account, inbound, answer.rest[0].decode())
            case _ if isinstance(inbound.event, Text) and _beside_another(account):
                # Eight letters that are no keyword of ours are a message to the other side.
                return None
            case _:
                return self._composer.phrase("expired", {})

    async def _tell(self, account: AccountEntry, inbound: Inbound, record: Record) -> str:
        if not inbound.covered:
            # The code leaves by a customer-service message, addressed by us and not by whoever sent this (rule 9).
            return self._composer.chat("soon", record)
        text = self._composer.chat("code", record)
        keys = account.keys
        raw = await self._store.call(
            "replied",
            keys.partition,
            {"record": keys.record(record.id)},
            {"root": keys.root, "account": keys.account, "channel": self._channel, "number": record.number},
        )
        answer = Answer.parse(raw)
        self._tally.hear(answer)
        return text

    async def disown(self, account: AccountEntry, openid: str, *, dedupe: str) -> str:
        """Stop what was lately sent to this WeChat, and mute pushes for a day; what to say about it.

        `dedupe` is the message's: repeated, it stops nothing more.
        """
        keys = account.keys
        raw = await self._store.call(
            "disown",
            keys.partition,
            {
                "recent": keys.recent(openid),
                "muted": keys.muted(openid),
                "seen": keys.seen(f"{dedupe}/disown"),
            },
            {
                "root": keys.root,
                "account": keys.account,
                "channel": self._channel,
                "openid": openid,
                "mute": _MUTE_MS,
            },
        )
        stopped = int(Answer.parse(raw).rest[0])
        _log.info("disowned", account=account.name, stopped=stopped)
        return self._composer.phrase("disowned", {"stopped": stopped})

    async def _spoke(self, account: AccountEntry, openid: str, window_ms: int) -> None:
        """Customer-service messages may go to this person for a while (WECHAT.md 8)."""
        keys = account.keys
        await self._store.call("note_activity", keys.partition, {"spoke": keys.spoke(openid)}, {"window": window_ms})

    async def _receipt(self, account: AccountEntry, event: TemplateReceipt) -> None:
        keys = account.keys
        raw = await self._store.call(
            "record_receipt",
            keys.partition,
            {"receipt": keys.receipt(event.msgid)},
            {
                "root": keys.root,
                "account": keys.account,
                "channel": self._channel,
                "status": event.status,
                "reason": event.reason,
                "openid": event.openid,
                "event": webhook.seed(),
            },
        )
        metrics.RECEIPTS.labels(account.name, event.status).inc()
        answer = Answer.parse(raw)
        self._tally.hear(answer)
        if answer.record is not None:
            tracing.told("receipt", answer.record.fixed.trace, account=account.name, status=event.status)
        _log.info("receipt", account=account.name, status=event.status, outcome=answer.outcome.value)
