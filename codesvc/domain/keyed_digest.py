"""HMACs of codes and signed tokens, without a cryptography library for commands that open no store."""

import hmac
from functools import lru_cache
from hashlib import sha256


@lru_cache(maxsize=256)
def _mac(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod=sha256)


def keyed_digest(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256. The state after the key is cached for each key, because there are few keys."""
    mac = _mac(key).copy()
    mac.update(message)
    return mac.digest()
