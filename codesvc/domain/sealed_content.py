"""Seals the content of a message: a foreign code and its recipient are never stored in clear (DESIGN rule 1).

A notice whose text was rendered before it is sent is sealed in the same way, because a login code may stand in it.

The content is encrypted by AES-256-GCM under a key that is derived from the master secret for this use. The message's
id is authenticated with it, so that a box belongs to one message and opens for no other. A box is the master key's id
(4 characters), a nonce of 12 bytes, and the ciphertext. The key's id makes a box readable after the master key was
replaced, as long as the previous one is configured.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from codesvc.domain.recipient import Recipient  # noqa: TC001  msgspec reads the annotation

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

_ID_LENGTH: Final = 4
_NONCE_BYTES: Final = 12
_ROUNDED_TO: Final = 64


class SealedContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The secret content of a message. It is stored encrypted, and its repr hides it.

    Attributes:
        recipient: the last resort's recipient; None if the caller named only a user.
        code: the code, "" if the caller sent a text alone.
        text: the caller's own text, "" for ours.
        subject: the subject of an e-mail, "" for ours.
        filling: hides how long the rest is.
    """

    recipient: Recipient | None = None
    code: str = ""
    text: str = ""
    subject: str = ""
    filling: str = ""

    def __repr__(self) -> str:
        return "SealedContent(…)"


class Seals:
    """Closes and opens boxes.

    Args:
        keyring: the current master key seals; every master key opens.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._current = keyring.current.key_id
        self._ciphers = {master.key_id: AESGCM(master.derive("message")) for master in keyring.newest_first}

    def close(self, identifier: str, content: SealedContent) -> bytes:
        """Seal the content of the message with this id."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        bare = msgspec.json.encode(content)
        whole = msgspec.json.encode(msgspec.structs.replace(content, filling="-" * (-len(bare) % _ROUNDED_TO)))
        sealed = self._ciphers[self._current].encrypt(nonce, whole, identifier.encode())
        return self._current.encode() + nonce + sealed

    def open(self, identifier: str, box: bytes) -> SealedContent | None:
        """The content; None if the box is not genuine, belongs to another message, or its master key is gone."""
        cipher = self._ciphers.get(box[:_ID_LENGTH].decode(errors="replace"))
        nonce, sealed = box[_ID_LENGTH : _ID_LENGTH + _NONCE_BYTES], box[_ID_LENGTH + _NONCE_BYTES :]
        if cipher is None:
            return None
        try:
            return msgspec.json.decode(cipher.decrypt(nonce, sealed, identifier.encode()), type=SealedContent)
        except (ValueError, InvalidTag, msgspec.MsgspecError):
            return None
