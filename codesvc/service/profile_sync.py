"""Fetches the unionid of a person who has just been bound (WECHAT.md 12).

This runs in the background, once for each new binding. A binding is complete without a unionid, so nothing waits for
the answer and a failure is only logged. Whether the person follows is not read from this answer: the next send shows
it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from codesvc.domain.account_kinds import Right
from codesvc.domain.errors import StoreUnavailable
from codesvc.domain.test_identity import is_test_openid
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

_log = structlog.get_logger(__name__)


class ProfileSync:
    """Fetches the profiles of newly bound people."""

    def __init__(self, store: Store, clients: Mapping[str, WeChatClient]) -> None:
        self._store = store.bindings
        self._clients = clients
        self._asking: set[asyncio.Task[None]] = set()

    def meet(self, site: SiteEntry, user: str, openid: str) -> None:
        """Fetch the profile of a newly bound person, in the background."""
        if is_test_openid(openid) or not site.account.config.may(Right.USER_INFO):
            return
        task = asyncio.create_task(self._ask(site, user, openid), name="user info")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, site: SiteEntry, user: str, openid: str) -> None:
        account = site.account.name
        try:
            info = await self._clients[account].user_info(openid)
            if info.unionid:
                await self._store.note_unionid(site.store_keys, site.name, user, openid=openid, unionid=info.unionid)
        except (WeChatFault, StoreUnavailable) as error:
            _log.info("person_not_known", account=account, error=type(error).__name__)

    async def aclose(self) -> None:
        """Cancel the requests that are still running."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
