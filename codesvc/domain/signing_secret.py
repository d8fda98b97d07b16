"""Secrets of Standard Webhooks: `whsec_` and 24 to 64 random bytes in base64. Pure.

An HMAC takes every key. With none, or with zeros only, everybody can sign; so what is not a key must not become one.
"""

from base64 import b64decode
from typing import Final

PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"
_FEWEST, _MOST = 24, 64  # bytes
_FEWEST_DIFFERENT: Final = 8


def signing_key(secret: str) -> bytes | None:
    """The key of a secret; None if it is none, or looks made by hand."""
    try:
        key = b64decode(secret.removeprefix(PREFIX).encode(), validate=True)
    except ValueError:
        return None
    random = _FEWEST <= len(key) <= _MOST and len(set(key)) >= _FEWEST_DIFFERENT
    return key if random and secret.startswith(PREFIX) else None


def keys_of_hook(secrets: str) -> list[bytes | None]:
    """The keys of `v1,whsec_…|v1,whsec_…`, as Supabase writes them; None for each part that is not a secret."""
    return [signing_key(part.strip().removeprefix(_VERSION)) for part in secrets.split("|")]
