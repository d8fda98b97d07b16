"""QR codes that are created in advance, so that a page never waits for WeChat (DESIGN, "QR codes").

Each account has a small pool in the store, shared by all processes. Showing a QR code takes one entry. When half of
them are used, new ones are created in the background. An entry is `when-it-expires scene url`. Scenes are random and
have a prefix. Where the store may have lost its latest writes, the pool is created anew: a page may show a code of it.

Every call that creates a QR code is charged before it is made, in the script that finds the pool empty or not full.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from codesvc.domain.clock import unix_ms
from codesvc.domain.errors import PlatformUnavailable, ScriptError, StoreUnavailable
from codesvc.domain.quota import Api
from codesvc.domain.scene import new_scene
from codesvc.runtime.tasks import end
from codesvc.store.outcomes import Outcome
from codesvc.store.quotas import Charge, day_key
from codesvc.wechat.errcodes import NOT_COUNTED, Pause, judge
from codesvc.wechat.errors import NotSent, WeChatError, WeChatFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codesvc.sites.directory import AccountEntry, SiteEntry
    from codesvc.store.intents import IntentScene
    from codesvc.store.store import Store
    from codesvc.store.verification_types import SceneAttached
    from codesvc.wechat.client import WeChatClient

_T = TypeVar("_T", "SceneAttached", "IntentScene")

_log = structlog.get_logger(__name__)
_LIFE_SECONDS: Final = 86_400
_MARGIN_MS: Final = 60_000
"""A QR code of the pool is given only if it outlives everything that it can stand for by so much."""


class QrPool:
    """Creates QR codes and keeps the pool filled.

    Args:
        longest_life: the longest life of any verification, seconds.
        shown: is called with an account's name whenever a QR code of it is given to a page.
    """

    def __init__(
        self,
        store: Store,
        clients: Mapping[str, WeChatClient],
        *,
        longest_life: int,
        shown: Callable[[str], object],
    ) -> None:
        self._shown = shown
        self._store = store
        self._clients = clients
        self._needed_ms = longest_life * 1000 + _MARGIN_MS
        self._refilling: dict[str, asyncio.Task[None]] = {}
        self._attaching: dict[str, asyncio.Future[None]] = {}

    async def attach(self, site: SiteEntry, identifier: str, script: Callable[..., Awaitable[_T]]) -> _T:
        """Attach a QR code to a verification or an intent: one of the pool, or a new one if the pool is empty.

        Args:
            site: whose it is.
            identifier: the id of the verification or intent.
            script: `attach_scene` of the store's verifications or intents.

        Raises:
            PlatformUnavailable: the pool is empty and WeChat did not create a QR code, or the day's quota is used up.
        """
        account, day = site.account, day_key(site.store_keys, Api.QRCODE)
        attach = partial(
            script, site.store_keys, site.name, identifier, day=day, needed_ms=self._needed_ms, sites=account.sites
        )
        if ahead := self._attaching.get(identifier):
            # Of the requests for one page at the same time, the first creates the QR code that all of them show.
            await asyncio.shield(ahead)
            reply = await attach(scene="", minted="")
        else:
            attached = self._attaching[identifier] = asyncio.get_running_loop().create_future()
            try:
                scene = new_scene()
                reply = await attach(scene=scene, minted="")
                if reply.outcome is Outcome.EMPTY:
                    reply = await attach(scene="", minted=await self._create(account, day, scene))
            finally:
                del self._attaching[identifier]
                attached.set_result(None)
        if reply.outcome is Outcome.LIMITED:
            raise PlatformUnavailable("today's QR codes of this account, or this site's part of them, are used up")
        if reply.outcome is Outcome.EMPTY:
            raise PlatformUnavailable("WeChat provided no QR code, or one that expires too soon")
        if reply.outcome is Outcome.ATTACHED:
            self._shown(account.name)
            self.refill_if_low(account, left=reply.pool_left)
        return reply

    async def _create(self, account: AccountEntry, day: str, scene: str) -> str:
        """Make the charged call that creates a QR code: the entry of the pool.

        Raises:
            PlatformUnavailable: WeChat did not return one. What it has certainly not counted is given back.
        """
        asked = unix_ms()
        try:
            code = await self._clients[account.name].create_qrcode(scene=scene, expire_seconds=_LIFE_SECONDS)
        except WeChatFault as error:
            _log.warning("qrcode_not_minted", account=account.name, error=str(error))
            errcode = error.errcode if isinstance(error, WeChatError) else 0
            counted = not isinstance(error, NotSent) and errcode not in NOT_COUNTED
            with suppress(StoreUnavailable):
                await self._store.quotas.end(account.store_keys, Charge(day, scene, account.sites), counted=counted)
                if judge(errcode).pause is Pause.DAY:
                    await self._store.quotas.exhaust(account.store_keys, Api.QRCODE)
            raise PlatformUnavailable("WeChat did not provide a QR code") from None
        return f"{asked + code.expire_seconds * 1000} {scene} {code.url}"

    def refill_if_low(self, account: AccountEntry, *, left: int) -> None:
        """Refill in the background if half of the pool or more is used. `left` is the number of entries that remain."""
        size = account.config.qr_pool
        running = self._refilling.get(account.name)
        if left > size // 2 or size == 0 or (running and not running.done()):
            return
        self._refilling[account.name] = asyncio.create_task(self._refill(account), name=f"refill {account.name}")

    async def fill(self, account: AccountEntry) -> None:
        """Fill the pool in the background. Each of several processes may add one QR code too many."""
        self.refill_if_low(account, left=await self._store.qr_codes.count(account.store_keys))

    async def _refill(self, account: AccountEntry) -> None:
        keys, size = account.store_keys, account.config.qr_pool
        refill = partial(self._store.qr_codes.refill, keys, size=size, sites=account.sites)
        minted = ""
        try:
            while True:
                day, scene = day_key(keys, Api.QRCODE), new_scene()
                if await refill(day=day, scene=scene, minted=minted) is not Outcome.BEGUN:
                    return
                minted = await self._create(account, day, scene)
        except PlatformUnavailable:
            return
        except (ScriptError, StoreUnavailable) as error:
            _log.warning("qr_pool_not_refilled", account=account.name, error=type(error).__name__)

    async def aclose(self) -> None:
        """Cancel refilling."""
        await end(self._refilling.values())
