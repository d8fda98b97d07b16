"""Fetches the unionid of a person who has just been bound (WECHAT.md 12).

This runs in the background, once for each new binding. A binding is complete without a unionid, so nothing waits for
the answer and a failure is only logged. So is a call that is not made because many of the account are under way: its
site decides how many are bound. Neither is made good later. What the person does next, or the same binding once more,
fetches nothing, because an account outside an Open Platform has no unionids, and would be asked for ever. Only a
new binding does. Whether the person follows is not read from this answer: the next send shows it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog

from codesvc.domain.account_kinds import Right
from codesvc.domain.errors import StoreUnavailable
from codesvc.domain.test_identity import is_test_openid
from codesvc.runtime import repeated_lines
from codesvc.runtime.work_under_way import WorkUnderWay
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

_log = structlog.get_logger(__name__)


class ProfileSync:
    """Fetches the profiles of newly bound people.

    Attributes:
        most_under_way: calls for an account at once, in a process.
    """

    def __init__(self, store: Store, clients: Mapping[str, WeChatClient]) -> None:
        self._store = store.bindings
        self._clients = clients
        self._work = WorkUnderWay()
        self.most_under_way = 64

    def meet(self, site: SiteEntry, user: str, openid: str) -> None:
        """Fetch the profile of a newly bound person, in the background."""
        if is_test_openid(openid) or not site.account.config.may(Right.USER_INFO):
            return
        account, work = site.account.name, partial(self._ask, site, user, openid)
        if not self._work.start(account, self.most_under_way, work, "user info"):
            _note_failure(account, "too many")

    async def _ask(self, site: SiteEntry, user: str, openid: str) -> None:
        account = site.account.name
        try:
            info = await self._clients[account].user_info(openid)
            if info.unionid:
                await self._store.note_unionid(site.store_keys, site.name, user, openid=openid, unionid=info.unionid)
        except (WeChatFault, StoreUnavailable) as error:
            _note_failure(account, type(error).__name__)

    async def aclose(self) -> None:
        """Cancel the requests that are still running."""
        await self._work.aclose()


def _note_failure(account: str, error: str) -> None:
    repeated_lines.note(_log_failure, f"{account} {error}", account=account, error=error)


def _log_failure(*, account: str, error: str, count: int) -> None:
    _log.info("person_not_known", account=account, error=error, count=count)
