"""Addresses of a person's page: sealed, because addresses end up in logs of proxies and histories of browsers."""

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
    # MultiFernet seals with the first and opens with any.
    return MultiFernet(reversed([Fernet(urlsafe_b64encode(key)) for key in keyring.token_keys(_USE)]))


def person_link(keyring: Keyring, site: str, user: str) -> str:
    """The address of the page about a site's user."""
    return "/admin/people/" + _sealer(keyring).encrypt(msgspec.json.encode([site, user])).decode()


def person_of(keyring: Keyring, token: str) -> tuple[str, str] | None:
    """Whom an address is about, None if it is none of ours."""
    try:
        site, user = msgspec.json.decode(_sealer(keyring).decrypt(token.encode()), type=tuple[str, str])
    except (InvalidToken, msgspec.DecodeError, UnicodeEncodeError):
        return None
    return site, user
