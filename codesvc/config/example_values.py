"""Values of the shipped examples that would give access. Everybody knows them, so no start accepts them."""

import re
from hashlib import sha256
from typing import Final

_KNOWN: Final = frozenset(
    {
        "sha256:b1f51a511f1da0cd348b8f8598db32e61cb963e5fc69e2b41485bf99590ed75a",
        "sha256:5f2c4d8f3a0d9a43e5bd5e29dc0f37ab0a2bf5a3bb2e6d5f5b6bb3a0e9a1c7de",
        "sha256:0a4d55a8d778e5022fab701977c5d840bbc486d0b8f0d7a6d2b7cf0cc2e4b2f1",
        "scrypt:32768:8:1:AAECAwQFBgcICQoLDA0ODw:z-MnaQ-4IqKXd225iIoVQPdQhKvyURsqYfeGJqlbrx0",
    }
)
# SHA-256 of the callback token and the EncodingAESKey of the sandbox's account.
_PUBLISHED: Final = frozenset(
    {
        "812237e6496cc4bdb12c1ee6a6592e35b60c4a2986e45b59e6f37df09bbd0367",
        "09a8e0fe098a621e54e4ebba827026f972cf2dc37d805b6cb172d01d525fd1eb",
    }
)
_PLACEHOLDER: Final = re.compile(r"sha256:0{60}[0-9a-f]{4}")


def is_example(value: str) -> bool:
    """Whether a hash of a key or a password stands in an example, or is a placeholder such as `sha256:000…`."""
    return value in _KNOWN or _PLACEHOLDER.fullmatch(value) is not None


def is_published(secret: str) -> bool:
    """Whether a callback token or EncodingAESKey is that of the sandbox, with which everybody can sign callbacks."""
    return sha256(secret.encode()).hexdigest() in _PUBLISHED
