"""Passwords of operators, stored as scrypt hashes (RFC 7914), which are slow to guess.

The line in the configuration is `scrypt:{N}:{r}:{p}:{salt}:{hash}`; salt and hash are base64url without padding.
"""

import hmac
import secrets
from hashlib import scrypt, sha256
from typing import Final

from codesvc.domain.base_encodings import base64url, from_base64url

SHORTEST: Final = 12
_N, _R, _P, _LENGTH = 2**15, 8, 1, 32
_MEMORY: Final = 64 * 2**20


def new_password() -> str:
    """A random password with 120 bits."""
    return "-".join(secrets.token_hex(3) for _ in range(5))


def password_line(password: str, salt: bytes) -> str:
    """The line that the configuration contains for a password.

    Args:
        password: 12 characters or more.
        salt: 16 random bytes.

    Raises:
        ValueError: the password is too short.
    """
    if len(password) < SHORTEST:
        raise ValueError(f"a password must have at least {SHORTEST} characters")
    digest = scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY, dklen=_LENGTH)
    return f"scrypt:{_N}:{_R}:{_P}:{base64url(salt)}:{base64url(digest)}"


NOBODY: Final = f"scrypt:{_N}:{_R}:{_P}:{'A' * 22}:{'A' * 43}"
"""Checked if the operator does not exist, so that the answer takes as long as for an existing operator."""


def is_password(line: str, password: str) -> bool:
    """Whether this is the password. The cost does not depend on the result."""
    _, n, r, p, salt, wanted = line.split(":")
    found = scrypt(
        password.encode(errors="surrogateescape"),
        salt=from_base64url(salt),
        n=int(n),
        r=int(r),
        p=int(p),
        maxmem=_MEMORY,
        dklen=_LENGTH,
    )
    return hmac.compare_digest(found, from_base64url(wanted))


def fingerprint(line: str) -> str:
    """A short hash that a session stores, so that changing the password ends the session."""
    return sha256(line.encode()).hexdigest()[:16]
