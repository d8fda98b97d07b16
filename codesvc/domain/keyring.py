"""Everything that is derived from the master secret (DESIGN rule 1).

One master secret, and for each use a key of its own by HKDF-SHA-256 (RFC 5869), so that no use can be played against
another. A master key names itself by four letters that are derived from it too; ids and signed texts carry that name,
which is how codes, proofs and page tokens made under a previous master key stay good until they expire.
"""

from __future__ import annotations

from base64 import b32encode, urlsafe_b64encode
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Sequence


class MasterKey:
    """One master secret and the keys under it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return f"MasterKey({self.key_id})"

    def derive(self, use: str) -> bytes:
        """32 bytes for one use. `use` is a constant of the code, never somebody's input."""
        return HKDF(SHA256(), 32, salt=None, info=b"codesvc v1 " + use.encode()).derive(self._secret)

    @cached_property
    def key_id(self) -> str:
        """Four characters of base32 that name this master key and tell nothing about it."""
        return b32encode(self.derive("key id")).decode()[:4].lower()

    @cached_property
    def code_key(self) -> bytes:
        """The key under which codes are derived."""
        return self.derive("code")

    @cached_property
    def proof_key(self) -> Ed25519PrivateKey:
        """The key that signs proofs."""
        return Ed25519PrivateKey.from_private_bytes(self.derive("proof"))

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public half of `proof_key` as a JSON Web Key (RFC 8037)."""
        raw = self.proof_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = urlsafe_b64encode(raw).decode().rstrip("=")
        return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.key_id, "x": x}


class Keyring:
    """The current master key and the previous ones.

    Raises:
        ValueError: two master keys happen to share an id (one in a million); a new current one must be made.
    """

    def __init__(self, current: bytes, previous: Sequence[bytes] = ()) -> None:
        self.current = MasterKey(current)
        self._by_id = {key.key_id: key for key in (*map(MasterKey, previous), self.current)}
        if len(self._by_id) != 1 + len(previous):
            raise ValueError("two master keys have the same id: make a new one")

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._by_id)})"

    def find(self, key_id: str) -> MasterKey | None:
        """The master key of that id, or None."""
        return self._by_id.get(key_id)

    def token_keys(self, use: str) -> list[bytes]:
        """Keys for itsdangerous, which signs with the last and accepts all."""
        return [key.derive(use) for key in self._by_id.values()]

    @property
    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys of all proofs that may still be good, as a JWK set (RFC 7517)."""
        return {"keys": [key.jwk for key in self._by_id.values()]}
