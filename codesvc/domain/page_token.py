"""Page tokens. A page token lets a browser act on exactly one verification, intent or login.

It is signed by itsdangerous with SHA-256 under its own key and contains the site and the id. It has no expiry of its
own: the store checks the expiry of the verification by the store's clock.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
from itsdangerous import BadData, URLSafeSerializer

from codesvc.domain.keyed_digest import keyed_digest

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

_LONGEST: Final = 512
_encode: Final = msgspec.json.Encoder().encode


class PageSubject(msgspec.Struct, frozen=True):
    """The content of a page token.

    Attributes:
        id: id of the verification.
    """

    site: str
    id: str


class PageTokens:
    """Signs and reads page tokens.

    itsdangerous reads them. Signing happens in every answer, so it is implemented directly: the result is the same, but
    the key is derived only once and nothing is compressed.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._serializer = URLSafeSerializer(
            keyring.token_keys("page token"),
            salt=b"codesvc.page",
            signer_kwargs={"digest_method": sha256},
        )
        self._key = self._serializer.make_signer(self._serializer.salt).derive_key()

    def sign(self, subject: PageSubject) -> str:
        """The token of a subject: always the same text, safe in a URL path."""
        payload = urlsafe_b64encode(_encode((subject.site, subject.id))).rstrip(b"=")
        return (payload + b"." + urlsafe_b64encode(keyed_digest(self._key, payload)).rstrip(b"=")).decode()

    def read(self, token: str) -> PageSubject | None:
        """The subject of a token; None if the token is not ours."""
        if len(token) > _LONGEST:
            return None
        try:
            site, identifier = self._serializer.loads(token)
        except (BadData, ValueError, TypeError, UnicodeError):
            return None
        return PageSubject(site, identifier)
