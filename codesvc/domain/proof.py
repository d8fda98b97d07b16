"""Proofs: what a site holds in its hand after an approval (DESIGN, `POST /v1/proofs/verify`).

A proof is a JWT (RFC 7519) signed with EdDSA (RFC 8037), so that a site can read one offline with the keys at
`/.well-known/jwks.json`. It is a pure function of the approved verification: Ed25519 signatures are deterministic,
`jti` is derived from the id, `iat` is the approval. So a repeated check or a later GET hands out the same proof and
nothing is stored. Whether it has been spent, and whether it is still fresh, is the store's to say.
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
    """What a genuine proof says; `raw` is every claim as it stands in the JWT."""

    verification: str
    basis: str
    raw: dict[str, Any]


class Proofs:
    """Mints and reads proofs.

    Args:
        issuer: the service's public URL, `iss`.
        keyring: its keys.
        test: whether proofs of test identities are believed; never in live mode (DESIGN rule 11).
    """

    def __init__(self, issuer: str, keyring: Keyring, *, test: bool = False) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._test = test

    def mint(self, record: Record) -> str:
        """The proof of an approved verification.

        Raises:
            ValueError: it is not approved.
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
        """The claims of a proof that is genuine and for this site, else None; its time is not looked at here."""
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
