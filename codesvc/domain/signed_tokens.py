"""Tokens that we sign: texts as JSON in base64url, and an HMAC-SHA-256 under a key that serves one use.

itsdangerous reads them. Signing happens in every answer, so it is implemented directly: with a key that is derived once
it takes 2 µs instead of 32 (docs/decisions/0020). Our content is never compressed, which itsdangerous does where
compressed content is shorter; it reads both.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
from itsdangerous import BadData, URLSafeSerializer

from codesvc.domain.base_encodings import base64url, from_base64url
from codesvc.domain.keyed_digest import keyed_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST: Final = 512
_encode: Final = msgspec.json.Encoder().encode


class SignedTokens:
    """Signs and reads the tokens of one use.

    Args:
        keys: the keys that are accepted, oldest first; the last one signs.
        salt: separates this use from the others of the same keys.
    """

    def __init__(self, keys: list[bytes], salt: str) -> None:
        self._serializer = URLSafeSerializer(keys, salt=salt.encode(), signer_kwargs={"digest_method": sha256})
        self._key = self._serializer.make_signer(self._serializer.salt).derive_key()

    def sign(self, *content: str) -> str:
        """The token of a content: always the same text, safe in a path or a query."""
        payload = base64url(_encode(content))
        return f"{payload}.{base64url(keyed_digest(self._key, payload.encode()))}"

    def read(self, token: str) -> Sequence[str] | None:
        """The content of a token; None if the token is not ours or is for another use."""
        if len(token) > _LONGEST:
            return None
        try:
            # The last base64 character has unused bits. Only one spelling is accepted, so that no part of a token can
            # be changed.
            signature = token.rpartition(".")[2]
            if base64url(from_base64url(signature)) != signature:
                return None
            content: list[str] = self._serializer.loads(token)
        except (BadData, ValueError, TypeError, UnicodeError):
            return None
        return content
