"""Passwords of the operator page's users: kept as scrypt (RFC 7914), so that guessing is slow. Pure.

The line in the configuration is `scrypt:{N}:{r}:{p}:{salt}:{hash}`, the last two in base64url without padding.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import scrypt, sha256
from typing import Final

SHORTEST: Final = 12
_N, _R, _P, _LENGTH = 2**15, 8, 1, 32
_MEMORY: Final = 64 * 2**20


def password_line(password: str, salt: bytes) -> str:
    """What the configuration keeps of a password.

    Args:
        password: 12 characters or more.
        salt: 16 random bytes.

    Raises:
        ValueError: too short.
    """
    if len(password) < SHORTEST:
        raise ValueError(f"a password has {SHORTEST} characters or more")
    digest = scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY, dklen=_LENGTH)
    return f"scrypt:{_N}:{_R}:{_P}:{_encoded(salt)}:{_encoded(digest)}"


NOBODY: Final = f"scrypt:{_N}:{_R}:{_P}:{'A' * 22}:{'A' * 43}"
"""Checked where the name is unknown, so that an answer takes as long as for a name that there is."""


def is_password(line: str, password: str) -> bool:
    """Whether this is the password; takes as long as it takes."""
    _, n, r, p, salt, wanted = line.split(":")
    found = scrypt(
        password.encode(errors="surrogateescape"),
        salt=_decoded(salt),
        n=int(n),
        r=int(r),
        p=int(p),
        maxmem=_MEMORY,
        dklen=_LENGTH,
    )
    return hmac.compare_digest(found, _decoded(wanted))


def fingerprint(line: str) -> str:
    """What a session remembers of a password, so that a changed one ends it."""
    return sha256(line.encode()).hexdigest()[:16]


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
