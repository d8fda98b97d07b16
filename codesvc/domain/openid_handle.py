"""Handles: a WeChat as a site without the scope `openids` may hold it.

Two kinds, because a name and a power should not look alike:

- A *handle* is a power: who redeems it with `PUT /v1/bindings/{user}` binds the WeChat behind it, once, while it is
  fresh. It comes from a login that found nobody, or from a ticket. It is sealed (Fernet), so that it shows nothing.
- An *openid handle* is a name: the same for the same WeChat and site, different on every other site, good for looking
  up and comparing and for nothing else. Deterministic authenticated encryption (AES-SIV, RFC 5297) makes it: nothing
  is stored, and only this service can turn it back into an openid.

Whether a handle is still fresh and unspent is the store's to say; here only whether it is genuine and for this site.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

HANDLE_LIFE_MS: Final = 900_000
"""How long a handle binds: the time it takes to fill in a sign-up form."""

_NAME_PREFIX: Final = "oh_"
_LONGEST: Final = 1024


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """What a genuine handle says.

    Attributes:
        source: the login or ticket that it came from; it can be spent once.
        openid: who.
        until: when it stops binding, ms by the store's clock.
    """

    source: str
    openid: str
    until: int


class Handles:
    """Seals and opens handles of both kinds."""

    def __init__(self, keyring: Keyring) -> None:
        # MultiFernet encrypts with the first and opens with any; AESSIV is tried in the same order.
        by_age = keyring.token_keys("handle")[::-1]
        self._cipher = MultiFernet([Fernet(urlsafe_b64encode(key)) for key in by_age])
        self._names = [AESSIV(key) for key in keyring.token_keys("openid handle")[::-1]]

    def seal(self, site: str, claim: Claim) -> str:
        """A handle for one site."""
        content = msgspec.json.encode([site, claim.source, claim.openid, claim.until])
        return self._cipher.encrypt(content).decode().rstrip("=")

    def open(self, site: str, handle: str) -> Claim | None:
        """What a handle says, None if it is none of ours or another site's."""
        if len(handle) > _LONGEST:
            return None
        try:
            content = self._cipher.decrypt(handle + "=" * (-len(handle) % 4))
            whose, source, openid, until = msgspec.json.decode(content, type=tuple[str, str, str, int])
        except (InvalidToken, msgspec.DecodeError, ValueError, UnicodeError):
            return None
        return Claim(source, openid, until) if whose == site else None

    def name(self, site: str, openid: str) -> str:
        """The openid handle of a WeChat on one site."""
        sealed = self._names[0].encrypt(openid.encode(), [site.encode()])
        return _NAME_PREFIX + urlsafe_b64encode(sealed).decode().rstrip("=")

    def openid(self, site: str, name: str) -> str | None:
        """The openid behind an openid handle of this site, None if it is none."""
        text = name.removeprefix(_NAME_PREFIX)
        if text == name or len(name) > _LONGEST:
            return None
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (NotBase64, ValueError):
            return None
        for cipher in self._names:
            try:
                return cipher.decrypt(sealed, [site.encode()]).decode()
            except (InvalidTag, ValueError):
                continue
        return None
