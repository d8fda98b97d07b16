"""The page tokens of verifications: one lets a browser act on exactly one verification.

It contains the site and the id. It has no expiry of its own: the store checks the expiry of the verification by the
store's clock. The page tokens of bind intents and logins are signed links (`codesvc.domain.signed_links`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from codesvc.domain.signed_tokens import SignedTokens

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring


class PageSubject(msgspec.Struct, frozen=True):
    """The content of a page token.

    Attributes:
        id: id of the verification.
    """

    site: str
    id: str


class PageTokens:
    """Signs and reads page tokens."""

    def __init__(self, keyring: Keyring) -> None:
        self._tokens = SignedTokens(keyring.token_keys("page token"), "codesvc.page")

    def sign(self, subject: PageSubject) -> str:
        """The token of a subject: always the same text, safe in a URL path."""
        return self._tokens.sign(subject.site, subject.id)

    def read(self, token: str) -> PageSubject | None:
        """The subject of a token; None if the token is not ours."""
        match self._tokens.read(token):
            case [site, identifier]:
                return PageSubject(site, identifier)
            case _:
                return None
