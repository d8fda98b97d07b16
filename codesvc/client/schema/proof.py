"""The types of a proof's claims and of the keys that verify it."""

from typing import Annotated, ClassVar, Final

from codesvc.client.schema.answer import Answer, described

BASES: Final = ("open", "bound", "vouched", "contact", "either", "test")


class Claims(Answer, frozen=True, kw_only=True):
    """The claims of a genuine proof. Times are in seconds since 1970."""

    secret: ClassVar[frozenset[str]] = frozenset({"sub", "jti"})

    iss: Annotated[str, described("the service that issued it", example="https://code.example.com")]
    aud: Annotated[str, described("the site it is for", example="shop")]
    sub: Annotated[str, described("the user of the verification", example="attempt-7f3a")]
    purpose: Annotated[str, described("the purpose of the verification", example="register")]
    vf: Annotated[str, described("the verification", example="vf_n7j7d6q6p5wliuuh343wacjntvzbbrmi")]
    basis: Annotated[str, described("how it was proved", values=BASES, example="open")]
    iat: Annotated[int, described("when it was approved", example=1795339816)]
    exp: Annotated[int, described("when it expires", example=1795340416)]
    jti: Annotated[str, described("the proof's unique id", example="57957e00a764166bf36f6c93aceb1ce8")]


class Jwk(Answer, frozen=True, kw_only=True):
    """A public key (RFC 8037)."""

    kty: Annotated[str, described("OKP", example="OKP")]
    crv: Annotated[str, described("Ed25519", example="Ed25519")]
    x: Annotated[str, described("the key, base64url", example="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    kid: Annotated[str, described("which key: the `kid` of a proof's header")]
    use: Annotated[str, described("sig", example="sig")]
    alg: Annotated[str, described("EdDSA", example="EdDSA")]


class Jwks(Answer, frozen=True, kw_only=True):
    """The public keys of all proofs that may still be valid (RFC 7517)."""

    keys: list[Jwk]
