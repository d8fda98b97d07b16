"""The followers of an account: following, unfollowing, and deleting personal data."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.sites.lazy import PerEntry

if TYPE_CHECKING:
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_BATCH: Final = 100


def _sites_of(directory: Directory, account: AccountEntry) -> str:
    """The account's sites as scripts read them: `site/events`, with the events that the site's webhook receives."""
    wanted = {site.name: site.wanted for site in directory.sites_of(account.name, having="webhook")}
    return " ".join(f"{name}/{wanted.get(name, '')}" for name in directory.site_names_of(account.name))


class Followers:
    """Records who follows an account and deletes the data of those who left.

    `dedupe` identifies the signed callback that reports the change, "" where there is none. A callback that is repeated
    changes nothing.
    """

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store.followers
        self._sites = PerEntry(directory.accounts, partial(_sites_of, directory))

    async def follows(self, account: AccountEntry, openid: str, *, forgeable: bool = False) -> None:
        """Record that a person follows, perhaps again. They can be reached from now on.

        A `forgeable` event does not show that WeChat knows the openid.
        """
        await self._store.follow(account.store_keys, openid, forgeable=forgeable)

    async def left(self, account: AccountEntry, openid: str, *, dedupe: str = "") -> None:
        """Record that a person stopped following. They cannot be reached, and only user and openid of them are kept."""
        await self._store.leave(account.store_keys, openid, sites=self._sites[account.name], dedupe=dedupe)

    async def unknown(self, account: AccountEntry, openid: str) -> None:
        """Record that WeChat answered a send with 40003: the account has no such openid."""
        await self._store.note_unknown(account.store_keys, openid, sites=self._sites[account.name])

    async def forget(
        self, account: AccountEntry, openid: str, *, only_if_left_before: str = "", dedupe: str = ""
    ) -> int:
        """Delete bindings, histories and marks of a WeChat account. Returns how many bindings were removed.

        What else names the person ends by itself, within 30 days; `codesvc.service.personal_data` deletes it at once.
        """
        forgotten = await self._store.forget(
            account.store_keys,
            openid,
            sites=self._sites[account.name],
            only_if_left_before=only_if_left_before,
            dedupe=dedupe,
        )
        return len(forgotten.unbound)

    async def forget_leavers(self, account: AccountEntry) -> int:
        """Delete the data of people who left longer ago than `unfollow_retention`. Returns how many people."""
        found = await self._store.leavers(
            account.store_keys, keep_ms=account.config.unfollow_retention * 1000, most=_BATCH
        )
        for openid in found.openids:
            await self.forget(account, openid, only_if_left_before=found.before)
        if found.openids:
            _log.info("leavers_forgotten", account=account.name, count=len(found.openids))
        return len(found.openids)
