"""What Authlib asks while it judges a request: the client, the parameters, the code, and the corrections to its rules.

Authlib is laxer than wanted in a few places. Here only S256 is accepted and its method must be named, a public client
must use PKCE, a verifier without a challenge is refused, and HTTP Basic credentials that are not text are not an
error of the service.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode

from codesvc.domain.oidc_request import granted, is_challenge, is_registered, proves
from codesvc.domain.percent_encoding import TooManyStray, decoded_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesvc.config.oidc_settings import OidcClient
    from codesvc.domain.oidc_request import AuthorizationRequest

GRANT_TYPE: Final = "authorization_code"
METHODS: Final = ("client_secret_basic", "client_secret_post", "none")
_ANYWHERE: Final = "https://issuer.invalid/"
"""Authlib refuses addresses without TLS. Whether the service has TLS is decided by its configuration."""


class Client:
    """A client as Authlib asks about it."""

    def __init__(self, config: OidcClient) -> None:
        self.config = config

    @staticmethod
    def check_response_type(response_type: str) -> bool:
        """Whether the client may use it."""
        return response_type == "code"

    @staticmethod
    def check_grant_type(grant_type: str) -> bool:
        """Whether the client may use it."""
        return grant_type == GRANT_TYPE

    def check_redirect_uri(self, uri: str) -> bool:
        """Whether an address is one of its own."""
        return is_registered(uri, self.config.redirect_uris, public=self.config.public)

    @staticmethod
    def get_default_redirect_uri() -> None:
        """None: OpenID Connect demands the address (Core section 3.1.2.1)."""
        return

    @staticmethod
    def get_allowed_scope(scope: str | None) -> str:
        """The scopes that have an effect."""
        return granted(scope or "")

    def check_client_secret(self, secret: str) -> bool:
        """Whether a secret is one of the client's."""
        return self.config.knows(secret)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """A client with a secret must use it, one without cannot."""
        return (method == "none") == self.config.public

    def __repr__(self) -> str:
        return "a client"


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """The parameters of a request."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        # A parameter without a value counts as absent (RFC 6749 section 3.1).
        self._data = {name: value for name, value in pairs if value}
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        """The parameters."""
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """All values of each parameter."""
        return self._lists


class Request(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib reads one."""

    def __init__(self, pairs: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> None:
        super().__init__("POST", _ANYWHERE, headers=headers)
        self.payload = Payload(pairs)

    @property
    def form(self) -> dict[str, str]:
        """The parameters."""
        return self.payload.data


class Record:
    """A claimed authorisation code as Authlib asks about it."""

    def __init__(self, request: AuthorizationRequest) -> None:
        self._redirect_uri = request.redirect_uri
        self.code_challenge = request.challenge
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        """The address that the code was sent to."""
        return self._redirect_uri


class Pkce(CodeChallenge):  # type: ignore[misc]
    """PKCE with S256 only."""

    SUPPORTED_CODE_CHALLENGE_METHOD: Final = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """RFC 7636 section 4.4.1, and RFC 9700 section 2.1.1: a missing method means `plain`, which is refused."""
        super().validate_code_challenge(grant, redirect_uri)
        data, config = grant.request.payload.data, grant.request.client.config
        challenge = data.get("code_challenge")
        if challenge and (data.get("code_challenge_method") != "S256" or not is_challenge(challenge)):
            raise InvalidRequestError("The code_challenge_method must be S256, with a challenge of 43 characters.")
        if not challenge and (config.public or config.pkce == "required"):
            raise InvalidRequestError("This client must send a code_challenge (PKCE).")

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """RFC 7636 section 4.6. A verifier without a challenge is an attempt to downgrade (RFC 9700 section 4.8)."""
        challenge = grant.request.authorization_code.code_challenge
        verifier = grant.request.form.get("code_verifier")
        if challenge and verifier and not proves(verifier, challenge):
            raise InvalidGrantError("The code_verifier does not belong to the code_challenge.")
        super().validate_code_verifier(grant, result)


class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
    """The authorisation code grant, as far as it judges: codes and tokens are the store's."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = list(METHODS)

    def authenticate_token_endpoint_client(self) -> Client:
        """The client has been authenticated before its code was touched."""
        return self.request.known_client  # type: ignore[no-any-return]

    def query_authorization_code(self, _code: str, _client: Client) -> Record:
        """The store has handed it out."""
        return self.request.known_record  # type: ignore[no-any-return]


class OpenId(OpenIDCode):  # type: ignore[misc]
    """OpenID Connect's rules for an authorisation request."""

    def __init__(self) -> None:
        super().__init__(require_nonce=False)

    @staticmethod
    def exists_nonce(_nonce: str, _request: Any) -> bool:
        """The relying party compares it (Core section 3.1.3.7)."""
        return False


def basic(find: Callable[[str], Client | None], request: Request) -> Client | None:
    """HTTP Basic. Some clients encode both halves as a form does (RFC 6749 section 2.3.1), others do not.

    Authlib's own fails on octets that are not text.
    """
    name, secret = _halves(request)
    client = find(name) if name else None
    if client is None or not any(map(client.check_client_secret, (secret, _unquoted(secret)))):
        return None
    return client


def named(find: Callable[[str], Client | None], request: Request) -> Client | None:
    """A client without a secret. Some name themselves by HTTP Basic with an empty one, and not in the body."""
    data = request.payload.data
    name, secret = _halves(request)
    identifier = data.get("client_id") or (name if not secret else "")
    return find(identifier) if identifier and not data.get("client_secret") else None


def _halves(request: Request) -> tuple[str, str]:
    """The client id, decoded, and the secret as it stands in HTTP Basic; both "" if there is none."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClientError(status_code=401) from None
    return _unquoted(name), secret


def _unquoted(half: str) -> str:
    """A half as a form encodes it; "", which nothing is called, if it has many percent signs that encode nothing."""
    try:
        return decoded_text(half.replace("+", " "))
    except TooManyStray:
        return ""
