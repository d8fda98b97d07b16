"""Scans of bind intents and logins, and the person's answer to them (DESIGN rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from codesvc.domain.intent import IntentId
    from codesvc.service.profile_sync import ProfileSync
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.replies import IntentReply
    from codesvc.store.store import Store


class IntentDecisions:
    """Records scans and decisions."""

    def __init__(self, store: Store, directory: Directory, people: ProfileSync) -> None:
        self._store = store.intents
        self._directory = directory
        self._people = people

    async def claim(
        self,
        account: AccountEntry,
        identifier: IntentId,
        openid: str,
        *,
        by: Literal["scene", "keyword", "oauth"],
        unionid: str = "",
        dedupe: str = "",
        unvouched: bool = False,
    ) -> IntentReply:
        """Record a scan, a keyword or a web authorisation: ASKED, BOUND, CONFLICT, ENDED, REFUSED or ABSENT.

        `dedupe` identifies a signed callback. Repeated, it asks nothing anew. `unvouched`: nobody vouches that this
        WeChat account has scanned, so nothing is bound before its yes. A web authorisation binds nothing either.
        """
        return self._met(
            await self._store.claim(
                account.store_keys,
                identifier.text,
                openid,
                unionid=unionid,
                method="oauth" if by == "oauth" else "scan",
                by=by,
                dedupe=dedupe,
                unvouched=unvouched,
            )
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
    ) -> IntentReply:
        """Record the answer of a WeChat account to one intent or, in the chat, to the question it was asked last.

        Returns BOUND, CONFLICT, APPROVED, UNKNOWN, DECLINED, CHOOSE (which of several users), ENDED, or ABSENT if this
        WeChat account was asked nothing. `dedupe` identifies the message: if it is repeated, it has the same effect as
        before.
        """
        return self._met(
            await self._store.decide(
                account.store_keys,
                openid,
                identifier=identifier.text if identifier else "",
                yes=yes,
                choice=choice,
                dedupe=dedupe,
            )
        )

    async def allow_move(self, account: AccountEntry, openid: str, reference: str, *, dedupe: str = "") -> IntentReply:
        """The old WeChat account agrees that its user moves: BOUND, CONFLICT, or ABSENT if it was not asked."""
        return self._met(await self._store.allow_move(account.store_keys, openid, reference, dedupe=dedupe))

    def _met(self, reply: IntentReply) -> IntentReply:
        """Start fetching the profile of a person who has just been bound."""
        if reply.outcome is Outcome.BOUND:
            intent = reply.shown
            self._people.meet(self._directory.sites[intent.site], intent.user, intent.claimed_by)
        return reply
