"""Addresses of a person's page. They are encrypted, because proxies log addresses and browsers keep them."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

_USE: Final = "admin links"


@lru_cache(maxsize=4)
def _sealer(keyring: Keyring) -> MultiFernet:
    # MultiFernet encrypts with the first key and decrypts with any.
    return MultiFernet(reversed([Fernet(urlsafe_b64encode(key)) for key in keyring.token_keys(_USE)]))


def person_route(keyring: Keyring, site: str, user: str) -> str:
    """The route of the page about a site's user."""
    return "/admin/people/" + _sealer(keyring).encrypt(msgspec.json.encode([site, user])).decode()


def person_of(keyring: Keyring, token: str) -> tuple[str, str] | None:
    """Site and user of an address, None if it is not valid."""
    try:
        site, user = msgspec.json.decode(_sealer(keyring).decrypt(token.encode()), type=tuple[str, str])
    except (InvalidToken, msgspec.DecodeError, UnicodeEncodeError):
        return None
    return site, user
