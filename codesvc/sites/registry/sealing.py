"""Entries of the registry at rest: encrypted and bound to their place, under a key derived from the master secret.

An entry is the master key's name, a dot, and nonce and AES-256-GCM box in base64url. The name of the entry is
authenticated with it: who can write to the store, but has no master key, can neither make an entry nor move one.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

_NONCE_BYTES: Final = 12


class Sealer:
    """Closes and opens entries.

    Args:
        keyring: closes with the current master key, opens with any.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._cipher = cache(self._derived)

    def _derived(self, key_id: str) -> AESGCM | None:
        master = self._keyring.find(key_id)
        return AESGCM(master.derive("registry")) if master else None

    def close(self, name: str, table: dict[str, Any]) -> str:
        """The entry `name` with these contents."""
        key_id, nonce = self._keyring.current.key_id, secrets.token_bytes(_NONCE_BYTES)
        cipher = self._cipher(key_id)
        if cipher is None:  # pragma: no cover  the current key is always there
            raise ValueError("no such master key")
        box = cipher.encrypt(nonce, msgspec.json.encode(table), name.encode())
        return f"{key_id}.{urlsafe_b64encode(nonce + box).decode()}"

    def open(self, name: str, sealed: str) -> dict[str, Any] | None:
        """What an entry holds; None if its master key is gone, or it is not genuine, or not of that name."""
        key_id, _, text = sealed.partition(".")
        cipher = self._cipher(key_id)
        if cipher is None:
            return None
        try:
            raw = urlsafe_b64decode(text)
            table = msgspec.json.decode(cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], name.encode()))
        except (ValueError, InvalidTag, msgspec.DecodeError):
            return None
        return table if isinstance(table, dict) else None

    def lost(self, sealed: str) -> bool:
        """Whether the master key that an entry was closed with is not there any more."""
        return self._cipher(sealed.partition(".")[0]) is None

    def aged(self, text: str) -> bool:
        """Whether an entry was closed with a master key that has been replaced since."""
        return text.partition(".")[0] != self._keyring.current.key_id
