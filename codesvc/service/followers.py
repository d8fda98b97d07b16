"""People as the account knows them: who follows, who left, who wants to be forgotten."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain import webhook
from codesvc.sites.lazy import PerEntry
from codesvc.store.keys import channel

if TYPE_CHECKING:
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_BATCH: Final = 100


def _sites_of(directory: Directory, account: AccountEntry) -> str:
    """The account's sites with what their webhooks listen to; only those that have one need a closer look."""
    wanted = {site.name: site.wanted for site in directory.sites_of(account.name, having="webhook")}
    return " ".join(f"{name}/{wanted.get(name, '')}" for name in directory.site_names_of(account.name))


class Followers:
    """Following, leaving, forgetting.

    Args:
        store: where state lives.
        directory: which sites share an account.
    """

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._sites = PerEntry(directory.accounts, partial(_sites_of, directory))

    async def follows(self, account: AccountEntry, openid: str) -> None:
        """Somebody follows, perhaps again: reachable."""
        keys = account.keys
        await self._store.call(
            "follow", keys.partition, {"gone": keys.gone(openid), "leavers": keys.leavers}, {"openid": openid}
        )

    async def left(self, account: AccountEntry, openid: str) -> None:
        """Somebody stopped following: unreachable, and only user and openid are kept of him."""
        keys = account.keys
        await self._store.call(
            "leave_account",
            keys.partition,
            {"gone": keys.gone(openid), "leavers": keys.leavers},
            {
                "root": keys.root,
                "account": keys.account,
                "channel": channel(self._store.prefix),
                "openid": openid,
                "sites": self._sites[account.name],
                "event": webhook.seed(),
            },
        )

    async def forget(self, account: AccountEntry, openid: str, *, only_if_left_before: str = "") -> int:
        """Delete all that is known of somebody; how many bindings that removed."""
        keys = account.keys
        raw = await self._store.call(
            "forget_person",
            keys.partition,
            {
                "gone": keys.gone(openid),
                "leavers": keys.leavers,
                "muted": keys.muted(openid),
                "recent": keys.recent(openid),
                "spoke": keys.spoke(openid),
            },
            {
                "root": keys.root,
                "account": keys.account,
                "channel": channel(self._store.prefix),
                "openid": openid,
                "sites": self._sites[account.name],
                "only_if_left_before": only_if_left_before,
                "event": webhook.seed(),
            },
        )
        # Not an `Answer`: a list of one would be taken for a record.
        return sum(len(users) for users in raw[2:])

    async def forget_leavers(self, account: AccountEntry) -> int:
        """Delete those who left longer ago than `unfollow_retention`; how many."""
        keys = account.keys
        raw = await self._store.call(
            "list_leavers",
            keys.partition,
            {"leavers": keys.leavers},
            {"keep": account.config.unfollow_retention * 1000, "most": _BATCH},
        )
        openids, before = raw[2:]
        for openid in openids:
            await self.forget(account, openid.decode(), only_if_left_before=before.decode())
        if openids:
            _log.info("leavers_forgotten", account=account.name, count=len(openids))
        return len(openids)
