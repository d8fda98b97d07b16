"""Page tokens: what lets a browser act on exactly one verification, intent or login, and on nothing else.

Signed by itsdangerous with SHA-256 under a key of its own. The token says which site and which verification; it has no
expiry of its own because the verification has one, by the clock that decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from itsdangerous import BadData, URLSafeSerializer

if TYPE_CHECKING:
    from codesvc.keyring import Keyring

_LONGEST: Final = 512


@dataclass(frozen=True, slots=True)
class Subject:
    """What a page token points at.

    Attributes:
        site: the site's name.
        id: a verification's id.
    """

    site: str
    id: str


class PageTokens:
    """Signs and reads page tokens."""

    def __init__(self, keyring: Keyring) -> None:
        self._serializer = URLSafeSerializer(
            keyring.token_keys("page token"),
            salt=b"codesvc.page",
            signer_kwargs={"digest_method": sha256},
        )

    def sign(self, subject: Subject) -> str:
        """The token of a subject: always the same one, safe in a URL path."""
        return self._serializer.dumps([subject.site, subject.id])

    def read(self, token: str) -> Subject | None:
        """Whose token this is, None if it is not one of ours."""
        if len(token) > _LONGEST:
            return None
        try:
            site, identifier = self._serializer.loads(token)
        except (BadData, ValueError, TypeError, UnicodeError):
            return None
        return Subject(site, identifier)
