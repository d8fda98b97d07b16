"""QR codes minted ahead, so that a page never waits for WeChat (DESIGN, "QR codes").

A small pool per account lies in the store, shared by all processes. Showing a picture takes one; when few are left they
are replaced in the background. A pool entry is `when-it-expires scene url`; scenes are random and prefixed.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from codesvc.domain.clock import unix_ms
from codesvc.domain.errors import PlatformUnavailable, StoreUnavailable
from codesvc.runtime.tasks import end
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.sites.directory import AccountEntry
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

SCENE_PREFIX: Final = "cs_"
"""What our scenes begin with, so that they never mix with those of another back end on the same account."""

_log = structlog.get_logger(__name__)
_LIFE_SECONDS: Final = 86_400
_MARGIN_MS: Final = 60_000


def new_scene() -> str:
    """A scene nobody can guess: the prefix and 120 random bits, 23 characters of WeChat's 64."""
    return SCENE_PREFIX + secrets.token_urlsafe(15)


class QrPool:
    """Mints, keeps and refills.

    Args:
        store: where the pool lies.
        clients: by account name.
        longest_life: the longest that any verification may live, seconds.
    """

    def __init__(self, store: Store, clients: Mapping[str, WeChatClient], *, longest_life: int) -> None:
        self._store = store
        self._clients = clients
        self.needed_ms = longest_life * 1000 + _MARGIN_MS
        self._refilling: dict[str, asyncio.Task[None]] = {}

    async def mint(self, account: AccountEntry) -> str:
        """One new code as a pool entry.

        Raises:
            PlatformUnavailable: WeChat did not give one.
        """
        scene = new_scene()
        asked = unix_ms()
        try:
            code = await self._clients[account.name].create_qrcode(scene=scene, expire_seconds=_LIFE_SECONDS)
        except WeChatFault as error:
            _log.warning("qrcode_not_minted", account=account.name, error=str(error))
            raise PlatformUnavailable("WeChat gave no QR code just now") from None
        return f"{asked + code.expire_seconds * 1000} {scene} {code.url}"

    def seen(self, account: AccountEntry, *, left: int) -> None:
        """Take notice of how many are left, and refill in the background when half are gone."""
        size = account.config.qr_pool
        running = self._refilling.get(account.name)
        if left > size // 2 or size == 0 or (running and not running.done()):
            return
        self._refilling[account.name] = asyncio.create_task(
            self._refill(account, size - left), name=f"refill {account.name}"
        )

    async def fill(self, account: AccountEntry) -> None:
        """Fill the pool as far as it is empty, in the background; several processes may do so at once.

        Raises:
            StoreUnavailable: no answer.
        """
        try:
            left = int(await self._store.at(account.keys.partition).llen(account.keys.pool))
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the pool cannot be counted ({type(error).__name__})") from None
        self.seen(account, left=left)

    async def _refill(self, account: AccountEntry, missing: int) -> None:
        pool = account.keys.pool
        try:
            for _ in range(missing):
                entry = await self.mint(account)
                async with self._store.at(account.keys.partition).pipeline(transaction=True) as pipe:
                    pipe.rpush(pool, entry)
                    pipe.ltrim(pool, -2 * account.config.qr_pool, -1)
                    pipe.pexpire(pool, _LIFE_SECONDS * 1000)
                    await pipe.execute()
        except PlatformUnavailable:
            return
        except (RedisError, OSError, StoreUnavailable) as error:
            _log.warning("qr_pool_not_refilled", account=account.name, error=type(error).__name__)

    async def aclose(self) -> None:
        """Stop refilling."""
        await end(self._refilling.values())
