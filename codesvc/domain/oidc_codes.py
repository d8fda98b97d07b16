"""Authorisation codes and access tokens of the OpenID Provider.

A code is derived from its login, so that a browser that loads the return address twice gets the same code, and the
store holds none. A token is random. Both name the master key under which their digests are made; the store knows only
digests.
"""

from __future__ import annotations

import secrets
from hmac import digest
from typing import TYPE_CHECKING, Final

from codesvc.domain.base_encodings import base64url

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

CODE_LIFE_MS: Final = 60_000
ACCESS_TOKEN_LIFE_S: Final = 3_600
_CODE, _TOKEN = "oc", "ot"
_LONGEST: Final = 256


def code_of(keyring: Keyring, site: str, login: str) -> str:
    """The authorisation code of a login."""
    master = keyring.current
    made = digest(master.derive("oidc code"), f"{site}\0{login}".encode(), "sha256")
    return f"{_CODE}_{master.key_id}_{base64url(made)}"


def new_token(keyring: Keyring) -> str:
    """A new access token."""
    return f"{_TOKEN}_{keyring.current.key_id}_{secrets.token_urlsafe(32)}"


def code_digest(keyring: Keyring, code: str) -> str | None:
    """What the store knows a code by; None if the text is not a code of this service."""
    return _digest(keyring, _CODE, code)


def token_digest(keyring: Keyring, token: str) -> str | None:
    """What the store knows an access token by; None if the text is not a token of this service."""
    return _digest(keyring, _TOKEN, token)


def _digest(keyring: Keyring, kind: str, text: str) -> str | None:
    if len(text) > _LONGEST or not text.isascii():
        return None
    prefix, _, rest = text.partition("_")
    master = keyring.find(rest.partition("_")[0]) if prefix == kind else None
    if master is None:
        return None
    return digest(master.derive("oidc digest"), text.encode(), "sha256").hex()[:40]
