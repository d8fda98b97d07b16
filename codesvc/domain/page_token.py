"""Page tokens: what lets a browser act on exactly one verification, intent or login, and on nothing else.

Signed by itsdangerous with SHA-256 under a key of its own. The token says which site and which verification; it has no
expiry of its own because the verification has one, by the clock that decides.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
from itsdangerous import BadData, URLSafeSerializer

from codesvc.domain.codes import keyed

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

_LONGEST: Final = 512
_encode: Final = msgspec.json.Encoder().encode


class Subject(msgspec.Struct, frozen=True):
    """What a page token points at.

    Attributes:
        site: the site's name.
        id: a verification's id.
    """

    site: str
    id: str


class PageTokens:
    """Signs and reads page tokens.

    itsdangerous reads them. Signing, which every answer does, is written out here: the same bytes, except that the key
    is derived once and nothing is ever compressed.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._serializer = URLSafeSerializer(
            keyring.token_keys("page token"),
            salt=b"codesvc.page",
            signer_kwargs={"digest_method": sha256},
        )
        self._key = self._serializer.make_signer(self._serializer.salt).derive_key()

    def sign(self, subject: Subject) -> str:
        """The token of a subject: always the same one, safe in a URL path."""
        payload = urlsafe_b64encode(_encode((subject.site, subject.id))).rstrip(b"=")
        return (payload + b"." + urlsafe_b64encode(keyed(self._key, payload)).rstrip(b"=")).decode()

    def read(self, token: str) -> Subject | None:
        """Whose token this is, None if it is not one of ours."""
        if len(token) > _LONGEST:
            return None
        try:
            site, identifier = self._serializer.loads(token)
        except (BadData, ValueError, TypeError, UnicodeError):
            return None
        return Subject(site, identifier)
