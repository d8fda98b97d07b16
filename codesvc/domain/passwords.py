"""Passwords of operators, stored as scrypt hashes (RFC 7914), which are slow to guess.

The line in the configuration is `scrypt:{N}:{r}:{p}:{salt}:{hash}`; salt and hash are base64url without padding.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import scrypt, sha256
from typing import Final

SHORTEST: Final = 12
_N, _R, _P, _LENGTH = 2**15, 8, 1, 32
_MEMORY: Final = 64 * 2**20


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
    return f"scrypt:{_N}:{_R}:{_P}:{_encoded(salt)}:{_encoded(digest)}"


NOBODY: Final = f"scrypt:{_N}:{_R}:{_P}:{'A' * 22}:{'A' * 43}"
"""Checked if the operator does not exist, so that the answer takes as long as for an existing operator."""


def is_password(line: str, password: str) -> bool:
    """Whether this is the password. The cost does not depend on the result."""
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
    """A short hash that a session stores, so that changing the password ends the session."""
    return sha256(line.encode()).hexdigest()[:16]


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
