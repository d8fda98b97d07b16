"""Handles: what a site without the scope `openids` receives in place of an openid.

There are two kinds with different purposes, so they look different:

- A *handle* is a right to bind. `PUT /v1/bindings/{user}` with it binds the WeChat account behind it, once, before it
  expires. It comes from a login that found no user, or from a ticket. It is encrypted (Fernet), so that it reveals
  nothing.
- An *openid handle* is a pseudonym. It is constant for a WeChat account and a site, and different on every site. It is
  good for look-up and comparison only. It is made by deterministic authenticated encryption (AES-SIV, RFC 5297):
  nothing is stored, and only this service can convert it back into an openid.

This module checks whether a handle is genuine and belongs to the site. The store decides whether it is expired or
spent.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from codesvc.domain.base_encodings import base64url, from_base64url

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

HANDLE_LIFE_MS: Final = 900_000
"""How long a handle is valid: enough time to fill in a sign-up form."""

_NAME_PREFIX: Final = "oh_"
_LONGEST: Final = 1024


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """The content of a genuine handle.

    Attributes:
        source: id of the login or ticket that it came from. A source can be spent once.
        until: expiry, ms by the store's clock.
    """

    source: str
    openid: str
    until: int


class Handles:
    """Creates and reads handles of both kinds."""

    def __init__(self, keyring: Keyring) -> None:
        # MultiFernet encrypts with the first key and decrypts with any. The AES-SIV keys are tried in the same order.
        by_age = keyring.token_keys("handle")[::-1]
        self._cipher = MultiFernet([Fernet(urlsafe_b64encode(key)) for key in by_age])
        self._names = [AESSIV(key) for key in keyring.token_keys("openid handle")[::-1]]

    def seal(self, site: str, appid: str, claim: Claim) -> str:
        """Create a handle for one site, on the account under whose appid the openid means something."""
        content = msgspec.json.encode([site, claim.source, claim.openid, claim.until, appid])
        return self._cipher.encrypt(content).decode().rstrip("=")

    def open(self, site: str, appid: str, handle: str) -> Claim | None:
        """Read a handle; None if it is not ours, or belongs to another site or to an earlier account of the site."""
        if len(handle) > _LONGEST:
            return None
        try:
            content = self._cipher.decrypt(handle + "=" * (-len(handle) % 4))
            whose, source, openid, until, under = msgspec.json.decode(content, type=tuple[str, str, str, int, str])
        except (InvalidToken, msgspec.DecodeError, ValueError, UnicodeError):
            return None
        return Claim(source, openid, until) if (whose, under) == (site, appid) else None

    def name(self, site: str, openid: str) -> str:
        """The openid handle of a WeChat account on one site."""
        sealed = self._names[0].encrypt(openid.encode(), [site.encode()])
        return _NAME_PREFIX + base64url(sealed)

    def openid(self, site: str, name: str) -> str | None:
        """The openid behind an openid handle of this site; None if it is invalid."""
        text = name.removeprefix(_NAME_PREFIX)
        if text == name or len(name) > _LONGEST:
            return None
        try:
            sealed = from_base64url(text)
        except (NotBase64, ValueError):
            return None
        for cipher in self._names:
            try:
                return cipher.decrypt(sealed, [site.encode()]).decode()
            except (InvalidTag, ValueError):
                continue
        return None
