"""Settings of the OpenID Provider: the deployment's subject key, a site's issuer, and its clients."""

# No `from __future__ import annotations`: the annotations are read at run time, because they contain the constraints.
import re
from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated, Literal
from urllib.parse import urlsplit

from codesvc.config.api_keys import hash_line
from codesvc.config.constraints import MANY, MOST_SECRETS, Among, Between, Matching, distinct, filled, unguessable
from codesvc.config.faults import UnfitError
from codesvc.config.texts import LocalText
from codesvc.domain.oidc_algorithms import ALGORITHMS, DEFAULT_ALGORITHM
from codesvc.domain.secret import Secret

_LONGEST_ADDRESS = 1_000
_DANGEROUS = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "weixin"})
# The chat and the page's Content-Security-Policy repeat this part, and read other signs as an end.
_NETLOC = re.compile(r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def redirect_address(value: str) -> None:
    """Accept an absolute address without a fragment: https, http, or an app's own scheme. Raises `UnfitError`."""
    found = _SCHEME.match(value)
    if found is None or not value.isascii() or not value.isprintable() or {" ", '"', "<", ">", "\\"} & set(value):
        raise UnfitError("must be a full ASCII address, such as https://wiki.example.com/callback")
    if len(value) > _LONGEST_ADDRESS or "#" in value:
        raise UnfitError(f"must have at most {_LONGEST_ADDRESS} characters and no fragment")
    if "*" in value:
        raise UnfitError("must be one exact address: * is not a wildcard")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UnfitError("is not an address") from None
    if parts.scheme in _DANGEROUS:
        raise UnfitError("has a scheme that browsers do not follow as a redirect")
    if parts.scheme in {"http", "https"} and (not host or "@" in parts.netloc):
        raise UnfitError("must have a host and no user name")
    if parts.scheme in {"http", "https"} and _NETLOC.fullmatch(parts.netloc) is None:
        raise UnfitError("must have a host of letters, digits, hyphens and dots, or an IP address")
    if parts.scheme not in {"http", "https"} and "." not in parts.scheme:
        raise UnfitError("must be https, http, or an app's own scheme with a dot, such as com.example.app:/callback")


def mail_domain(value: str) -> None:
    """Accept a domain for made-up addresses. Raises `UnfitError`."""
    if re.fullmatch(r"(?=.{4,200}$)[a-z0-9-]+(\.[a-z0-9-]+)+", value) is None:
        raise UnfitError('must be a domain of yours in lower case, or one that cannot exist, such as "wechat.invalid"')


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcClient:
    """A relying party. `secrets` are hashes; without one it is a public client, which must use PKCE."""

    id: Annotated[str, Matching(r"[A-Za-z0-9_-]{1,64}", "must be 1 to 64 of A-Z, a-z, 0-9, - and _")]
    name: LocalText
    redirect_uris: Annotated[tuple[Annotated[str, redirect_address], ...], filled, MANY, distinct]
    secrets: Annotated[
        tuple[
            Annotated[
                str, Matching(r"sha256:[0-9a-f]{64}", "must be a line that `codesvc oidc secret` printed: sha256:…")
            ],
            ...,
        ],
        MOST_SECRETS,
    ] = ()
    pkce: Literal["optional", "required"] = "optional"
    algorithm: Annotated[str, Among(ALGORITHMS)] = DEFAULT_ALGORITHM
    visitors: bool = True
    bind_visitors: bool = False
    email_domain: Annotated[str, mail_domain] | None = None
    response_iss: bool = True
    json_body: bool = False
    login_timeout: Annotated[int, Between(60, 290)] = 165  # seconds
    post_logout_redirect_uris: Annotated[tuple[Annotated[str, redirect_address], ...], MANY] = ()

    @property
    def public(self) -> bool:
        """Whether the client has no secret: an app on a device or in a browser."""
        return not self.secrets

    def knows(self, secret: str) -> bool:
        """Whether a secret is one of the client's. They are random, so a plain SHA-256 is enough."""
        given = hash_line(secret)
        return any([compare_digest(given, known) for known in self.secrets])  # noqa: C419  all are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """A site's issuer, `{public_url}/oidc/{site}`; its clients may also be in the registry."""

    clients: Annotated[tuple[OidcClient, ...], MANY] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcKeys:
    """The key that subjects are derived under. Under another key every person has a new subject everywhere."""

    subject_key: Annotated[Secret, unguessable] | None = None
