"""Reading a proof offline, with the service's public keys.

That tells whether a proof is genuine, for this site and fresh. It cannot tell whether it has been spent, and it does
not spend it: whoever holds a copy could use it again. Where a proof opens something, spend it with `verify_proof` or by
binding with it; read it offline to look first, or where the service has just handed it to you yourself.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import jwt
import msgspec

from codesvc.client.errors import BadProof, ProofExpired
from codesvc.client.schema import Claims, Jwks, ProblemDocument

if TYPE_CHECKING:
    from collections.abc import Callable

_REQUIRED: Final = ["iss", "aud", "sub", "purpose", "vf", "basis", "iat", "exp", "jti"]


def read_proof(
    proof: str, keys: Jwks, *, issuer: str, site: str, now: Callable[[], float] = time.time, leeway: float = 0
) -> Claims:
    """What a proof says.

    Args:
        proof: a JWT.
        keys: of `/.well-known/jwks.json`.
        issuer: the service's own address, `iss`.
        site: the site's name, `aud`.
        now: seconds since 1970.
        leeway: seconds by which clocks may differ.

    Raises:
        BadProof: not genuine, or another site's or service's.
        ProofExpired: too old.
    """
    try:
        kid = jwt.get_unverified_header(proof).get("kid")
        known = [msgspec.to_builtins(key) for key in keys.keys if key.kid == kid]
        if not known:
            raise _bad("it is signed with a key that is not known")
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
        raise ProofExpired(_document("proof-expired", 410, "The proof is too old."))
    return claims


def _bad(why: str) -> BadProof:
    return BadProof(_document("bad-proof", 422, f"Read offline: {why}."))


def _document(name: str, status: int, detail: str) -> ProblemDocument:
    return ProblemDocument(type=f"/problems/{name}", title=name, status=status, detail=detail, request_id="")
