"""Signing keys of the OpenID Provider: their life, and the public half that relying parties load.

Relying parties keep the key set for a while. So the next key is published long before it signs, and a key that has been
replaced stays published until no token that it signed can still be valid and every cache has been renewed.
"""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN_LIFE_S: Final = 600
"""How long an ID token is valid. It is checked at once, when the login is over."""
OVERLAP_MS: Final = 24 * 3_600_000
"""How long a replaced key stays published: the life of a token, and of relying parties' caches of the key set."""
_RSA_BITS: Final = 2_048
_PUBLIC: Final = frozenset({"kty", "n", "e", "crv", "x", "y"})


class SigningKey(msgspec.Struct, frozen=True, dict=True):
    """One key pair.

    Attributes:
        kid: names it in tokens.
        alg: the algorithm of its signatures.
        jwk: the private key (RFC 7517).
        made: when it was made, ms.
        replaced: when another began to sign in its place, ms; None before.
    """

    kid: str
    alg: str
    jwk: dict[str, Any]
    made: int
    replaced: int | None = None

    def __repr__(self) -> str:
        return f"SigningKey({self.kid}, {self.alg})"

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT with these claims."""
        return jwt.encode(claims, self._private, algorithm=self.alg, headers={"kid": self.kid})

    @cached_property
    def _private(self) -> Any:
        """The private key. Reading an RSA key checks its primes: tens of ms of CPU, a hundred times a signature."""
        return jwt.PyJWK.from_dict(self.jwk, self.alg).key

    @property
    def public(self) -> dict[str, Any]:
        """The public half as a JWK, with `kid`, `use` and `alg`."""
        members = {name: value for name, value in self.jwk.items() if name in _PUBLIC}
        return {**members, "kid": self.kid, "use": "sig", "alg": self.alg}


def made_key(alg: str, now: int) -> SigningKey:
    """A new key. An RSA key takes some tenths of a second of CPU."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if alg == "RS256":
        key = rsa.generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)
    elif alg == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    jwk: dict[str, Any] = get_default_algorithms()[alg].to_jwk(key, as_dict=True)
    return SigningKey(kid=secrets.token_urlsafe(9), alg=alg, jwk=jwk, made=now)


class SigningKeys(msgspec.Struct, frozen=True):
    """All keys of a deployment, as the registry keeps them.

    Attributes:
        keys: for each algorithm the keys from the oldest to the next one, which signs after the next rotation.
        subject_key: which `oidc.subject_key` the deployment's subjects were derived under.
    """

    keys: tuple[SigningKey, ...] = ()
    subject_key: str = ""

    def signer(self, alg: str) -> SigningKey | None:
        """The key that signs now: the one before the last."""
        return next((key for key in self.keys if key.alg == alg and key.replaced is None), None)

    def published(self, now: int) -> list[dict[str, Any]]:
        """The public halves that relying parties may need."""
        return [key.public for key in self._needed(now)]

    def _needed(self, now: int) -> list[SigningKey]:
        return [key for key in self.keys if key.replaced is None or now < key.replaced + OVERLAP_MS]

    def lacking(self, algorithms: Sequence[str]) -> list[str]:
        """Algorithms that have no key yet."""
        return [alg for alg in dict.fromkeys(algorithms) if self.signer(alg) is None]

    def with_keys(self, algorithms: Sequence[str], now: int) -> SigningKeys:
        """These keys, and a present and a next key for each of these algorithms."""
        made = [made_key(alg, now) for alg in algorithms for _ in range(2)]
        return msgspec.structs.replace(self, keys=(*self.keys, *made))

    @property
    def known_from(self) -> int:
        """When every relying party that keeps the key set has loaded the next keys, ms.

        A pair that was made together was published together: whoever knows the first knows the next.
        """
        waiting = 0
        for alg in {key.alg for key in self.keys}:
            present, following = [key for key in self.keys if key.alg == alg and key.replaced is None]
            if following.made > present.made:
                waiting = max(waiting, following.made + OVERLAP_MS)
        return waiting

    def rotated(self, now: int) -> SigningKeys:
        """The next key of each algorithm signs from now on, and a new next key is published.

        Keys that were replaced long ago go.
        """
        kept = self._needed(now)
        for alg in dict.fromkeys(key.alg for key in kept):
            present = self.signer(alg)
            kept = [msgspec.structs.replace(key, replaced=now) if key is present else key for key in kept]
            kept.append(made_key(alg, now))
        return msgspec.structs.replace(self, keys=tuple(kept))

    def subject_of(self, token: str, *, issuer: str, now: int) -> str | None:
        """The subject of an ID token that this issuer signed, expired or not (`id_token_hint`); None for any other."""
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = next(key for key in self.published(now) if key["kid"] == kid)
            claims = jwt.decode(
                token,
                jwt.PyJWK.from_dict(key).key,
                algorithms=[key["alg"]],
                issuer=issuer,
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, StopIteration, ValueError):
            return None
        subject = claims.get("sub")
        return subject if isinstance(subject, str) else None
