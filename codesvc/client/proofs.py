"""Offline checks of a proof, with the service's public keys.

An offline check says whether a proof is genuine, meant for this site and not expired. It neither knows nor records
whether the proof was used, so a copy of the proof passes as well. Where a proof grants access, use it up with
`verify_proof` or by binding with it. Read it offline only as a first check, or if it came directly from the service.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import jwt
import msgspec

from codesvc.client.errors import BadProof, ProofExpired
from codesvc.client.schema import Claims, Jwks, ProblemDocument

_REQUIRED: Final = ["iss", "aud", "sub", "purpose", "vf", "basis", "iat", "exp", "jti"]


def read_proof(
    proof: str, keys: Jwks, *, issuer: str, site: str, now: Callable[[], float] = time.time, leeway: float = 0
) -> Claims:
    """The claims of a proof.

    Args:
        proof: a JWT.
        keys: from `/.well-known/jwks.json`.
        issuer: the service's public address, `iss`.
        site: the site's name, `aud`.
        now: the current time, seconds since 1970.
        leeway: accepted difference between the clocks, seconds.

    Raises:
        BadProof: not genuine, or for another site or service.
        ProofExpired: expired.
    """
    try:
        kid = jwt.get_unverified_header(proof).get("kid")
        known = [msgspec.to_builtins(key) for key in keys.keys if key.kid == kid]
        if not known:
            raise _bad("it is signed with an unknown key")
        said: dict[str, Any] = jwt.decode(
            proof,
            jwt.PyJWK(known[0]),
            algorithms=["EdDSA"],
            audience=site,
            issuer=issuer,
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
        )
        claims = msgspec.convert(said, type=Claims)
    except (jwt.PyJWTError, msgspec.ValidationError, UnicodeError) as error:
        raise _bad(f"{type(error).__name__}") from None
    if now() >= claims.exp + leeway:
        raise ProofExpired(_document("proof-expired", 410, "The proof has expired."))
    return claims


def _bad(why: str) -> BadProof:
    return BadProof(_document("bad-proof", 422, f"Verified offline: {why}."))


def _document(name: str, status: int, detail: str) -> ProblemDocument:
    return ProblemDocument(type=f"/problems/{name}", title=name, status=status, detail=detail, request_id="")
