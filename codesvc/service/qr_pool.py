"""QR codes that are created in advance, so that a page never waits for WeChat (DESIGN, "QR codes").

Each account has a small pool in the store, shared by all processes. Showing a QR code takes one entry. When half of
them are used, new ones are created in the background. An entry is `when-it-expires scene url`. Scenes are random and
have a prefix. Where the store may have lost its latest writes, the pool is created anew: a page may show a code of it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import structlog
from redis.exceptions import RedisError

from codesvc.domain.clock import unix_ms
from codesvc.domain.errors import PlatformUnavailable, StoreUnavailable
from codesvc.domain.scene import new_scene
from codesvc.runtime.tasks import end
from codesvc.store.outcomes import Outcome
from codesvc.wechat.errors import WeChatFault

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

    async def mint(self, account: AccountEntry) -> str:
        """Create one QR code, as a pool entry.

        Raises:
            PlatformUnavailable: WeChat did not return one.
        """
        scene = new_scene()
        asked = unix_ms()
        try:
            code = await self._clients[account.name].create_qrcode(scene=scene, expire_seconds=_LIFE_SECONDS)
        except WeChatFault as error:
            _log.warning("qrcode_not_minted", account=account.name, error=str(error))
            raise PlatformUnavailable("WeChat did not provide a QR code") from None
        return f"{asked + code.expire_seconds * 1000} {scene} {code.url}"

    async def attach(self, site: SiteEntry, identifier: str, script: Callable[..., Awaitable[_T]]) -> _T:
        """Attach a QR code to a verification or an intent: one of the pool, or a new one if the pool is empty.

        Args:
            site: whose it is.
            identifier: the id of the verification or intent.
            script: `attach_scene` of the store's verifications or intents.

        Raises:
            PlatformUnavailable: the pool is empty and WeChat did not create a QR code, or the day's quota is used up.
        """
        account = site.account
        attach = partial(script, site.store_keys, site.name, identifier, needed_ms=self._needed_ms, sites=account.sites)
        reply = await attach(minted="")
        if reply.outcome is Outcome.EMPTY:
            reply = await attach(minted=await self.mint(account))
        if reply.outcome is Outcome.LIMITED:
            raise PlatformUnavailable("today's QR codes of this account, or this site's part of them, are used up")
        if reply.outcome is Outcome.EMPTY:
            raise PlatformUnavailable("WeChat provided a QR code that expires too soon")
        if reply.outcome is Outcome.ATTACHED:
            self._shown(account.name)
            self.seen(account, left=reply.pool_left)
        return reply

    def seen(self, account: AccountEntry, *, left: int) -> None:
        """Refill in the background if half of the pool or more is used. `left` is the number of entries that remain."""
        size = account.config.qr_pool
        running = self._refilling.get(account.name)
        if left > size // 2 or size == 0 or (running and not running.done()):
            return
        self._refilling[account.name] = asyncio.create_task(
            self._refill(account, size - left), name=f"refill {account.name}"
        )

    async def fill(self, account: AccountEntry) -> None:
        """Fill the pool in the background. Several processes may do so at once."""
        self.seen(account, left=await self._store.qr_codes.count(account.store_keys))

    async def _refill(self, account: AccountEntry, missing: int) -> None:
        pool = account.store_keys.pool
        try:
            for _ in range(missing):
                entry = await self.mint(account)
                async with self._store.at(account.store_keys.partition).pipeline(transaction=True) as pipe:
                    pipe.rpush(pool, entry)
                    pipe.ltrim(pool, -2 * account.config.qr_pool, -1)
                    pipe.pexpire(pool, _LIFE_SECONDS * 1000)
                    await pipe.execute()
        except PlatformUnavailable:
            return
        except (RedisError, OSError, StoreUnavailable) as error:
            _log.warning("qr_pool_not_refilled", account=account.name, error=type(error).__name__)

    async def aclose(self) -> None:
        """Cancel refilling."""
        await end(self._refilling.values())
