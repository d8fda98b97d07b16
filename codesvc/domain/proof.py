"""Proofs: signed statements that a verification was approved (DESIGN, `POST /v1/proofs/verify`).

A proof is a JWT (RFC 7519) signed with EdDSA (RFC 8037), so that a site can check it offline with the keys at
`/.well-known/jwks.json`. It depends only on the approved verification: Ed25519 signatures are deterministic, `jti` is
derived from the id, and `iat` is the time of approval. So a repeated check or a later GET returns the same proof
without storing it. The store decides whether a proof is expired or spent.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import jwt

from codesvc.domain.verification import PROOF_LIFE_MS, Basis

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.record import Record

_REQUIRED = ["iss", "aud", "sub", "purpose", "vf", "basis", "iat", "exp", "jti"]


@dataclass(frozen=True, slots=True, repr=False)
class Claims:
    """The content of a genuine proof; `raw` contains every claim of the JWT."""

    verification: str
    basis: str
    raw: dict[str, Any]


class Proofs:
    """Creates and reads proofs.

    Args:
        issuer: the service's public URL, `iss`.
        test: whether proofs of test identities are accepted; never in live mode (DESIGN rule 11).
    """

    def __init__(self, issuer: str, keyring: Keyring, *, test: bool = False) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._test = test

    def mint(self, record: Record) -> str:
        """Create the proof of an approved verification.

        Raises:
            ValueError: the verification is not approved.
        """
        if record.approved is None or record.basis is None:
            raise ValueError("only an approved verification has a proof")
        issued = record.approved // 1000
        claims = {
            "iss": self._issuer,
            "aud": record.site,
            "sub": record.user,
            "purpose": record.purpose,
            "vf": record.id,
            "basis": record.basis.value,
            "iat": issued,
            "exp": issued + PROOF_LIFE_MS // 1000,
            "jti": sha256(f"proof/{record.id}".encode()).hexdigest()[:32],
        }
        master = self._keyring.current
        return jwt.encode(claims, master.proof_key, algorithm="EdDSA", headers={"kid": master.key_id})

    def read(self, proof: str, *, audience: str) -> Claims | None:
        """The claims of a proof that is genuine and for this site, else None. Expiry is not checked."""
        try:
            key = self._keyring.find(str(jwt.get_unverified_header(proof).get("kid", "")))
            if key is None:
                return None
            claims = jwt.decode(
                proof,
                key.proof_key.public_key(),
                algorithms=["EdDSA"],
                audience=audience,
                issuer=self._issuer,
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, ValueError, UnicodeError):
            return None
        if claims["basis"] == Basis.TEST and not self._test:
            return None
        return Claims(verification=str(claims["vf"]), basis=str(claims["basis"]), raw=claims)
