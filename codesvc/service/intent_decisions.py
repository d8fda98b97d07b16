"""Bind intents and logins as a WeChat sees them: who scanned, and that WeChat's yes or no (DESIGN rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.domain import webhook
from codesvc.domain.intent import random_id
from codesvc.store.keys import channel
from codesvc.store.outcomes import Outcome
from codesvc.store.replies import IntentAnswer

if TYPE_CHECKING:
    from codesvc.domain.intent import IntentId
    from codesvc.service.profile_sync import People
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store


class Decisions:
    """Scans and answers.

    Args:
        store: where state lives.
        directory: finds an intent's site.
        people: learns what WeChat knows of a newly bound person.
    """

    def __init__(self, store: Store, directory: Directory, people: People) -> None:
        self._store = store
        self._directory = directory
        self._people = people
        self._channel = channel(store.prefix)

    async def claim(
        self, account: AccountEntry, identifier: IntentId, openid: str, *, unionid: str = "", method: str = "scan"
    ) -> IntentAnswer:
        """Somebody scanned, or came by web authorisation: ASKED, BOUND, CONFLICT, ENDED, REFUSED or ABSENT."""
        keys = account.keys
        return await self._act(
            "claim_intent",
            account,
            {"intent": keys.intent(identifier.text), "asked": keys.asked(openid)},
            {"openid": openid, "unionid": unionid, "method": method},
        )

    async def decide(
        self,
        account: AccountEntry,
        openid: str,
        *,
        yes: bool,
        choice: str = "",
        identifier: IntentId | None = None,
        dedupe: str = "",
    ) -> IntentAnswer:
        """The yes or no of a WeChat, to one intent or (in the chat) to what it was asked last.

        BOUND, CONFLICT, APPROVED, UNKNOWN, DECLINED, CHOOSE (which of several users), ENDED, or ABSENT where this
        WeChat was asked nothing. `dedupe` is the message's: repeated, it means what it meant the first time.
        """
        return await self._act(
            "decide_intent",
            account,
            {"asked": account.keys.asked(openid), "seen": account.keys.seen(f"{dedupe}/decide")},
            {
                "openid": openid,
                "id": identifier.text if identifier else "",
                "yes": int(yes),
                "choice": choice,
                "tell": int(identifier is not None),
            },
        )

    async def allow_move(self, account: AccountEntry, openid: str, reference: str) -> IntentAnswer:
        """The old WeChat agrees that its user moves: BOUND, CONFLICT, or ABSENT if it was not asked about that."""
        return await self._act(
            "allow_move",
            account,
            {"moving": account.keys.moving(openid)},
            {"openid": openid, "reference": reference},
        )

    async def _act(
        self, script: str, account: AccountEntry, extra: dict[str, str], args: dict[str, str | int]
    ) -> IntentAnswer:
        keys = account.keys
        raw = await self._store.call(
            script,
            keys.partition,
            {"outbox": keys.outbox, **extra},
            {
                "root": keys.root,
                "account": keys.account,
                "appid": account.config.appid,
                "channel": self._channel,
                "notice": random_id("nt"),
                "event": webhook.seed(),
                **args,
            },
        )
        answer = IntentAnswer.parse(raw)
        if answer.outcome is Outcome.BOUND:
            intent = answer.shown
            self._people.meet(self._directory.sites[intent.site], intent.user, intent.claimed_by)
        return answer
