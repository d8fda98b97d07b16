"""The return key: what only the browser that finished a verification on the hosted page has.

A hosted page is bound to no browser: its address can be sent on. With `return_key = true` in the purpose, the proof of
a verification that was approved there is given only for this key. The page hands it to the browser that typed the code,
and that browser brings it to the site, as OAuth's code is brought (RFC 6749 section 4.1.2). The store has its hash.
"""

import hmac
import secrets
from hashlib import sha256
from typing import Final

RETURN_KEY_SECONDS: Final = 600
"""How long the browser keeps it: as long as there is a proof."""


def new_return_key() -> str:
    """A new key, 32 characters that need no escape in the query of an address."""
    return secrets.token_urlsafe(24)


def hash_of(key: str) -> str:
    """What the store keeps of a key. A key from a query has surrogates where its bytes were not UTF-8."""
    return sha256(key.encode(errors="surrogateescape")).hexdigest()


def is_right(key: str, known: str) -> bool:
    """Whether a key is the one with this hash, in constant time; never, if there is none."""
    return known != "" and hmac.compare_digest(hash_of(key), known)
