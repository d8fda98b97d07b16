"""A relying party's authorisation request, as it is kept with the login that answers it, and its rules.

OpenID Connect Core 1.0 section 3.1.2, RFC 6749, RFC 7636 (PKCE) and RFC 9700 (best current practice).
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from codesvc.domain.base_encodings import base64url

SCOPES: Final = ("openid", "profile", "email")
"""The scopes that have an effect. Others are ignored (Core section 3.1.2.1)."""
LONGEST_STATE: Final = 6_144
"""Octets of a state in the address that leads back, where each octet that is not plain is three."""
LONGEST_NONCE: Final = 1_024
LONGEST_HINT: Final = 4_096
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LOOPBACK: Final = ("127.0.0.1", "[::1]")
_HIGHEST_PORT: Final = 65_535


def is_short_state(state: str) -> bool:
    """Whether a state fits into an address that leads back. Octets that are no UTF-8 are lone surrogates in it.

    A proxy takes heads of answers up to a size (nginx's `proxy_buffer_size`) and calls a back end down that sends more.
    """
    return len(quote(state, "", errors="surrogateescape")) <= LONGEST_STATE


class AuthorizationRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a login must remember to answer its relying party.

    Attributes:
        client: the client's id.
        name: the client's name in Chinese and in English.
        redirect_uri: where the answer goes.
        browser: the keyed name of the browser that asked; no other gets the answer.
        state: returned unchanged; made by `kept_state`, and read by `sent_state`.
        nonce: goes into the ID token unchanged.
        challenge: the S256 challenge, "" without PKCE.
        scope: the accepted scopes, separated by blanks.
        visitors: whether people without a binding may log in.
        binds: whether their login binds them.
        hint: the `id_token_hint`; another person than the one that it names gets `login_required`.
        registration: which registration of the client asked (`RelyingParties.registration`).
    """

    client: str
    name: tuple[str, str]
    redirect_uri: str
    browser: str
    state: str = ""
    nonce: str = ""
    challenge: str = ""
    scope: str = ""
    visitors: bool = True
    binds: bool = False
    hint: str = ""
    registration: str = ""

    def spoken(self, locale: str) -> str:
        """The client's name in a language."""
        return self.name[0] if locale.startswith("zh") else self.name[1]

    def spoken_with(self, site: str, locale: str) -> str:
        """The client's name and that of the site behind it, in a language; one of them if they are the same."""
        client = self.spoken(locale)
        return client if client == site else f"{client} · {site}"

    @property
    def host(self) -> str:
        """The host that the person returns to, "" for an app on the device."""
        parts = urlsplit(self.redirect_uri)
        return parts.netloc if parts.scheme in {"http", "https"} else ""


def is_registered(given: str, registered: Iterable[str], *, public: bool) -> bool:
    """Whether a redirect address is one of the client's: exactly the same text (RFC 9700 section 2.1).

    Only an app on the person's own device may differ in the port of its loopback address (RFC 8252 section 7.3).
    """
    return any(given == known or (public and _is_loopback_of(given, known)) for known in registered)


def _is_loopback_of(given: str, known: str) -> bool:
    for host in _LOOPBACK:
        found = re.fullmatch(rf"http://{re.escape(host)}(?::[0-9]{{1,5}})?(/.*)?", known)
        if found is not None:
            asked = re.fullmatch(rf"http://{re.escape(host)}:([0-9]{{1,5}}){re.escape(found[1] or '')}", given)
            return asked is not None and 1 <= int(asked[1]) <= _HIGHEST_PORT
    return False


def is_challenge(text: str) -> bool:
    """Whether a text can be an S256 challenge (RFC 7636 section 4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Whether a verifier belongs to an S256 challenge (RFC 7636 section 4.6)."""
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    return compare_digest(base64url(sha256(verifier.encode()).digest()), challenge)


def half_hash(token: str) -> str:
    """`at_hash` of an access token, for the algorithms that use SHA-256 (Core section 3.1.3.6)."""
    return base64url(sha256(token.encode()).digest()[:16])


def kept_state(state: str) -> str:
    """A state as it can stand in JSON: each of its octets is a character, because it need not be UTF-8.

    In the text that was sent, octets that are no UTF-8 are lone surrogates (PEP 383).
    """
    return state.encode("utf-8", "surrogateescape").decode("latin-1")


def sent_state(kept: str) -> str:
    """The state that was sent."""
    return kept.encode("latin-1").decode("utf-8", "surrogateescape")


def granted(scope: str) -> str:
    """The scopes that have an effect, in the order of the request."""
    return " ".join(dict.fromkeys(word for word in scope.split() if word in SCOPES))
