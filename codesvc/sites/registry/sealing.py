"""Encryption of the registry's entries, under a key derived from the master secret.

An entry is the master key's id, a dot, and nonce and AES-256-GCM ciphertext in base64url. The entry's name is
authenticated too. So an attacker who can write to the store, but has no master key, can neither create an entry nor
move it to another name.
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
    """Encrypts and decrypts entries.

    Args:
        keyring: the current master key encrypts; every master key can decrypt.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._cipher = cache(self._derived)

    def _derived(self, key_id: str) -> AESGCM | None:
        master = self._keyring.find(key_id)
        return AESGCM(master.derive("registry")) if master else None

    def close(self, name: str, table: dict[str, Any]) -> str:
        """Encrypt the table of the entry `name`."""
        key_id, nonce = self._keyring.current.key_id, secrets.token_bytes(_NONCE_BYTES)
        cipher = self._cipher(key_id)
        if cipher is None:  # pragma: no cover  the current key is always there
            raise ValueError("no such master key")
        box = cipher.encrypt(nonce, msgspec.json.encode(table), name.encode())
        return f"{key_id}.{urlsafe_b64encode(nonce + box).decode()}"

    def open(self, name: str, sealed: str) -> dict[str, Any] | None:
        """The table of an entry; None if its master key is gone, or it is not genuine, or belongs to another name."""
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
        """Whether an entry's master key is not configured."""
        return self._cipher(sealed.partition(".")[0]) is None

    def aged(self, text: str) -> bool:
        """Whether an entry is encrypted under a previous master key."""
        return text.partition(".")[0] != self._keyring.current.key_id
