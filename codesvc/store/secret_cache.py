"""Small secrets that all processes share for some time: access tokens, and the lock of the process that fetches one.

They are encrypted under a key derived from the master secret, so a copy of the store gives no access to an account.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from codesvc.store.availability import OrUnavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from codesvc.domain.keyring import Keyring
    from codesvc.store.keys import Keys
    from codesvc.store.store import Store


class SecretCache:
    """The `SharedStore` of `codesvc.wechat.token` for one account."""

    def __init__(self, store: Store, keys: Keys, keyring: Keyring) -> None:
        self._store = store
        self._keys = keys
        # MultiFernet encrypts with the first and opens with any.
        by_age = [Fernet(urlsafe_b64encode(key)) for key in keyring.token_keys("shared secrets")]
        self._cipher = MultiFernet(reversed(by_age))
        self._owner = secrets.token_hex(8)

    def _redis(self) -> Redis:
        return self._store.at(self._keys.partition)

    async def get(self, name: str) -> tuple[str, float] | None:
        """The value and the seconds until it ends, or None."""
        key = self._keys.token(name)
        with OrUnavailable("a shared value cannot be read"):
            # No MULTI: a store whose memory is full refuses it, whatever is in it. The end is read first, so that a
            # value that is replaced in between is believed for too short rather than too long.
            async with self._redis().pipeline(transaction=False) as pipe:
                pipe.pttl(key)
                pipe.get(key)
                left, sealed = await pipe.execute()
        if sealed is None or left <= 0:
            return None
        try:
            return self._cipher.decrypt(sealed).decode(), left / 1000
        except InvalidToken:
            # Written under a removed master key: treated as missing.
            return None

    async def put(self, name: str, value: str, ttl: float) -> None:
        """Keep a value for `ttl` seconds."""
        with OrUnavailable("a shared value cannot be kept"):
            await self._redis().set(self._keys.token(name), self._cipher.encrypt(value.encode()), px=int(ttl * 1000))

    async def lock(self, name: str, ttl: float) -> bool:
        """Take a lock for at most `ttl` seconds; False if another holds it."""
        with OrUnavailable("a lock cannot be taken"):
            taken = await self._redis().set(self._keys.token(f"{name}:lock"), self._owner, nx=True, px=int(ttl * 1000))
        return bool(taken)

    async def unlock(self, name: str) -> None:
        """Release a lock of this process. If it has expired and another holds it now, it stays."""
        await self._store.locks.release(self._keys, self._keys.token(f"{name}:lock"), self._owner)
