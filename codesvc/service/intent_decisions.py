"""Bind intents and logins as a WeChat sees them: who scanned, and that WeChat's yes or no (DESIGN rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from codesvc.domain.intent import IntentId
    from codesvc.service.profile_sync import ProfileSync
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.replies import IntentReply
    from codesvc.store.store import Store


class IntentDecisions:
    """Scans and answers.

    Args:
        store: where state lives.
        directory: finds an intent's site.
        people: learns what WeChat knows of a newly bound person.
    """

    def __init__(self, store: Store, directory: Directory, people: ProfileSync) -> None:
        self._store = store.intents
        self._directory = directory
        self._people = people

    async def claim(
        self, account: AccountEntry, identifier: IntentId, openid: str, *, unionid: str = "", method: str = "scan"
    ) -> IntentReply:
        """Somebody scanned, or came by web authorisation: ASKED, BOUND, CONFLICT, ENDED, REFUSED or ABSENT."""
        return self._met(await self._store.claim(account.keys, identifier.text, openid, unionid=unionid, method=method))

    async def decide(
        self,
        account: AccountEntry,
        openid: str,
        *,
        yes: bool,
        choice: str = "",
        identifier: IntentId | None = None,
        dedupe: str = "",
    ) -> IntentReply:
        """The yes or no of a WeChat, to one intent or (in the chat) to what it was asked last.

        BOUND, CONFLICT, APPROVED, UNKNOWN, DECLINED, CHOOSE (which of several users), ENDED, or ABSENT where this
        WeChat was asked nothing. `dedupe` is the message's: repeated, it means what it meant the first time.
        """
        return self._met(
            await self._store.decide(
                account.keys,
                openid,
                identifier=identifier.text if identifier else "",
                yes=yes,
                choice=choice,
                dedupe=dedupe,
            )
        )

    async def allow_move(self, account: AccountEntry, openid: str, reference: str) -> IntentReply:
        """The old WeChat agrees that its user moves: BOUND, CONFLICT, or ABSENT if it was not asked about that."""
        return self._met(await self._store.allow_move(account.keys, openid, reference))

    def _met(self, reply: IntentReply) -> IntentReply:
        """Learn about a person who has just been bound."""
        if reply.outcome is Outcome.BOUND:
            intent = reply.shown
            self._people.meet(self._directory.sites[intent.site], intent.user, intent.claimed_by)
        return reply
