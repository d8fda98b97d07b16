"""Fetches the unionid of a person who has just been bound (WECHAT.md 12).

This runs in the background, once for each new binding. A binding is complete without a unionid, so nothing waits for
the answer and a failure is only logged. So is a call that is not made because many of the account are under way: its
site decides how many are bound. Whether the person follows is not read from this answer: the next send shows it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.account_kinds import Right
from codesvc.domain.errors import StoreUnavailable
from codesvc.domain.test_identity import is_test_openid
from codesvc.runtime import repeated_lines
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

_log = structlog.get_logger(__name__)
_MOST_UNDER_WAY: Final = 64
"""Calls for an account at once, in a process."""


class ProfileSync:
    """Fetches the profiles of newly bound people."""

    def __init__(self, store: Store, clients: Mapping[str, WeChatClient]) -> None:
        self._store = store.bindings
        self._clients = clients
        self._asking: set[asyncio.Task[None]] = set()
        self._under_way: Counter[str] = Counter()

    def meet(self, site: SiteEntry, user: str, openid: str) -> None:
        """Fetch the profile of a newly bound person, in the background."""
        if is_test_openid(openid) or not site.account.config.may(Right.USER_INFO):
            return
        account = site.account.name
        if self._under_way[account] >= _MOST_UNDER_WAY:
            _note_failure(account, "too many")
            return
        self._under_way[account] += 1
        task = asyncio.create_task(self._ask(site, user, openid), name="user info")
        self._asking.add(task)
        task.add_done_callback(partial(self._end, account))

    def _end(self, account: str, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        self._under_way[account] -= 1

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
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)


def _note_failure(account: str, error: str) -> None:
    repeated_lines.note(_log_failure, f"{account} {error}", account=account, error=error)


def _log_failure(*, account: str, error: str, count: int) -> None:
    _log.info("person_not_known", account=account, error=error, count=count)
