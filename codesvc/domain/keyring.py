"""Keys that are derived from the master secret (DESIGN rule 1).

Each use has its own key, derived by HKDF-SHA-256 (RFC 5869), so that a value made for one use is invalid for every
other. A master key has an id of four characters, which is derived from it too. Verification ids and signed texts
contain that id or are checked under every key, so that codes, proofs and page tokens of a previous master key stay
valid until they expire.
"""

from collections.abc import Sequence
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from codesvc.domain.base_encodings import base32, base64url


class MasterKey:
    """One master secret and the keys derived from it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return f"MasterKey({self.key_id})"

    def derive(self, use: str) -> bytes:
        """Derive 32 bytes for one use. `use` must be a constant of the code, never external input."""
        return HKDF(SHA256(), 32, salt=None, info=b"codesvc v1 " + use.encode()).derive(self._secret)

    @cached_property
    def key_id(self) -> str:
        """Four base32 characters that identify this master key and reveal nothing about it."""
        return base32(self.derive("key id"))[:4]

    @cached_property
    def tag_key(self) -> str:
        """The key of the tags that stand for WeChat accounts in histories, hexadecimal."""
        return self.derive("wechat tag").hex()

    @cached_property
    def code_key(self) -> bytes:
        """The key that codes are derived under."""
        return self.derive("code")

    @cached_property
    def proof_key(self) -> Ed25519PrivateKey:
        """The key that signs proofs."""
        return Ed25519PrivateKey.from_private_bytes(self.derive("proof"))

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public half of `proof_key` as a JSON Web Key (RFC 8037)."""
        raw = self.proof_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        key = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.key_id}
        return key | {"x": base64url(raw)}


class Keyring:
    """The current master key and the previous ones.

    Raises:
        ValueError: two master keys have the same id by chance (about one in a million); create another current key.
    """

    def __init__(self, current: bytes, previous: Sequence[bytes] = ()) -> None:
        self.current = MasterKey(current)
        self._by_id = {key.key_id: key for key in (*map(MasterKey, previous), self.current)}
        if len(self._by_id) != 1 + len(previous):
            raise ValueError("two master keys have the same id: generate a new one")

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._by_id)})"

    def find(self, key_id: str) -> MasterKey | None:
        """The master key with that id, or None."""
        return self._by_id.get(key_id)

    def token_keys(self, use: str) -> list[bytes]:
        """Keys of all master keys for one use, newest last: itsdangerous signs with the last key and accepts all."""
        return [key.derive(use) for key in self._by_id.values()]

    @property
    def newest_first(self) -> list[MasterKey]:
        """All master keys: the current one, then the previous ones, the newest first."""
        return list(self._by_id.values())[::-1]

    @property
    def tag_keys(self) -> list[str]:
        """The keys of the tags that stand for WeChat accounts, the current one first."""
        return [key.tag_key for key in self.newest_first]

    @property
    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys of all proofs that may still be valid, as a JWK set (RFC 7517)."""
        return {"keys": [key.jwk for key in self._by_id.values()]}
