"""Scans of bind intents and logins, and the person's answer to them (DESIGN rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from codesvc.service.bindings import WRITES
from codesvc.sites.lazy import PerEntry
from codesvc.store.outcomes import Outcome
from codesvc.store.replies import IntentReply

if TYPE_CHECKING:
    from codesvc.domain.intent import IntentId
    from codesvc.service.profile_sync import ProfileSync
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store


class IntentDecisions:
    """Records scans and decisions. An intent of a site that is not the account's, or not any more, is ABSENT."""

    def __init__(self, store: Store, directory: Directory, profile_sync: ProfileSync, recorder: Recorder) -> None:
        self._store = store.intents
        self._directory = directory
        self._profile_sync = profile_sync
        self._recorder = recorder
        # Only names: to open the entries of ten thousand sites takes seconds.
        self._sites = PerEntry(directory.accounts, lambda account: " ".join(directory.site_names_of(account.name)))

    async def claim(
        self,
        account: AccountEntry,
        identifier: IntentId,
        openid: str,
        *,
        by: Literal["scene", "keyword", "oauth"],
        unionid: str = "",
        dedupe: str = "",
        forgeable: bool = False,
    ) -> IntentReply:
        """Record a scan, a keyword or a web authorisation: ASKED, BOUND, CONFLICT, ENDED, REFUSED, ABSENT or LIMITED.

        LIMITED: the site has as many new bindings as it may. `dedupe` identifies a signed callback. Repeated, it asks
        nothing anew. `forgeable`: anybody may have made the event, so nothing is bound before the WeChat account's yes.
        A web authorisation binds nothing either.
        """
        return self._met(
            account,
            await self._store.claim(
                account.store_keys,
                identifier.text,
                openid,
                unionid=unionid,
                method="oauth" if by == "oauth" else "scan",
                by=by,
                dedupe=dedupe,
                forgeable=forgeable,
                sites=self._sites[account.name],
            ),
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

        Returns BOUND, CONFLICT, APPROVED, UNKNOWN, DECLINED, CHOOSE (which of several users), ENDED, LIMITED, or ABSENT
        if this WeChat account was asked nothing. `dedupe` identifies the message: if it is repeated, it has the
        same effect as before.
        """
        return self._met(
            account,
            await self._store.decide(
                account.store_keys,
                openid,
                identifier=identifier.text if identifier else "",
                yes=yes,
                choice=choice,
                dedupe=dedupe,
                sites=self._sites[account.name],
            ),
        )

    async def allow_move(self, account: AccountEntry, openid: str, reference: str, *, dedupe: str = "") -> IntentReply:
        """The old WeChat account agrees that its user moves: BOUND, CONFLICT, or ABSENT if it was not asked."""
        sites = self._sites[account.name]
        return self._met(
            account, await self._store.allow_move(account.store_keys, openid, reference, sites=sites, dedupe=dedupe)
        )

    def _met(self, account: AccountEntry, reply: IntentReply) -> IntentReply:
        """Start fetching the profile of a person who has just been bound; count a binding that the limit refused."""
        intent = reply.intent
        if intent is None:
            return reply
        site = self._directory.sites.get(intent.site)
        if site is None or site.account.name != account.name:
            # The site was removed while the store answered, or its entry cannot be used: nothing can be said about it.
            return IntentReply(Outcome.ABSENT, reply.now)
        if reply.outcome is Outcome.BOUND:
            self._profile_sync.meet(site, intent.user, intent.claimed_by)
        elif reply.outcome is Outcome.LIMITED:
            self._recorder.refused(site.name, "", WRITES)
        return reply
