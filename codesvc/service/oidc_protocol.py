"""The rules of OAuth 2.0 and OpenID Connect, as Authlib judges them: pure decisions between two awaits.

Authlib owns no state. An authorisation request is judged before a login is started. A token request is judged after
its client is known and the store has handed out what is behind the code (`oidc_grants` has what Authlib asks).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer

from codesvc.domain.intent import IntentStatus
from codesvc.domain.oidc_request import LONGEST_NONCE, is_short_state
from codesvc.service.oidc_grants import (
    GRANT_TYPE,
    METHODS,
    Client,
    Grant,
    OpenId,
    Payload,
    Pkce,
    Record,
    Request,
    basic,
    named,
)
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesvc.config.oidc_settings import OidcClient
    from codesvc.domain.oidc_request import AuthorizationRequest
    from codesvc.sites.directory import SiteEntry
    from codesvc.sites.relying_parties import RelyingParties
    from codesvc.store.oidc import CodeIssued

_UNSUPPORTED: Final = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
_OVER: Final = {
    IntentStatus.EXPIRED: "The person did not confirm in time.",
    IntentStatus.DECLINED: "The person declined in WeChat.",
    IntentStatus.CANCELED: "The login was canceled.",
}
_PRINTABLE: Final = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}


@dataclass(eq=False)
class ProtocolError(Exception):
    """An error of the standards. Each is raised once: an exception keeps the frames that it has passed through.

    Attributes:
        error: its code, such as `invalid_grant`.
        description: for the developer of the relying party; ASCII without quotes.
        status: the HTTP status of a direct answer.
    """

    error: str
    description: str = ""
    status: int = 400


def denial_of(issued: CodeIssued) -> ProtocolError | None:
    """The error for the app if the person of a login is not let in; None if that is not why there is no code."""
    if issued.outcome is Outcome.STRANGER:
        return ProtocolError("access_denied", "This WeChat account is not linked to any account.")
    if issued.outcome is Outcome.ENDED and issued.shown.status in _OVER:
        return ProtocolError("access_denied", _OVER[issued.shown.status])
    return None


def unlinked(bound: Outcome) -> ProtocolError | None:
    """The error for the app if a visitor was not bound to the username in their claims."""
    if bound is Outcome.LIMITED:
        return ProtocolError("temporarily_unavailable", "Too many new people log in. Try again later.")
    if bound not in {Outcome.BOUND, Outcome.SAME}:
        return ProtocolError("access_denied", "This WeChat account could not be linked. Log in once more.")
    return None


class Protocol(AuthorizationServer):  # type: ignore[misc]
    """Judges requests to one site's issuer."""

    def __init__(self, parties: RelyingParties, site: SiteEntry) -> None:
        super().__init__()
        self._parties = parties
        self._site = site
        self.register_grant(Grant, [Pkce(required=True), OpenId()])
        self.register_client_auth_method("client_secret_basic", basic)
        self.register_client_auth_method("none", named)

    def query_client(self, client_id: str) -> Client | None:
        """Authlib's question for a client."""
        found = self._parties.client(self._site, client_id)
        return Client(found) if found is not None else None

    @staticmethod
    def create_oauth2_request(request: Any) -> Any:
        """The request is one already."""
        return request

    def judge_authorization(self, pairs: Sequence[tuple[str, str]]) -> Mapping[str, str]:
        """The parameters of an authorisation request whose client and redirect address are known to be good.

        Raises:
            ProtocolError: the request is refused, by a redirect.
        """
        request = Request(pairs, {})
        data: dict[str, str] = request.payload.data
        _refuse_unsupported(data, request.payload.datalist)
        _refuse_malformed(data)
        try:
            self.get_consent_grant(request, end_user=None)
        except OAuth2Error as error:
            raise _protocol_error(error) from None
        return data

    def authenticate(self, pairs: Sequence[tuple[str, str]], authorization: str) -> OidcClient:
        """The client that a call to the token or revocation endpoint comes from.

        Raises:
            ProtocolError: `invalid_client`, with the status 401.
        """
        headers = {"Authorization": authorization} if authorization else {}
        try:
            client: Client = self.authenticate_client(Request(pairs, headers), list(METHODS))
        except OAuth2Error:
            raise ProtocolError("invalid_client", "The client is unknown, or its secret is wrong.", 401) from None
        return client.config

    def require_code(self, pairs: Sequence[tuple[str, str]]) -> str:
        """The code of a token request.

        Raises:
            ProtocolError: it is repeated or missing, or another grant is asked for.
        """
        refuse_repeated(pairs)
        payload = Payload(pairs)
        if not payload.data.get("grant_type"):
            raise ProtocolError("invalid_request", "The grant_type is missing.")
        if payload.data["grant_type"] != GRANT_TYPE:
            raise ProtocolError("unsupported_grant_type", "The only grant_type is authorization_code.")
        if not payload.data.get("code"):
            raise ProtocolError("invalid_request", "The code is missing.")
        return payload.data["code"]

    def judge_token(self, pairs: Sequence[tuple[str, str]], client: OidcClient, asked: AuthorizationRequest) -> None:
        """Compare a token request of an authenticated client with the authorisation request behind its claimed code.

        Raises:
            ProtocolError: the address or the verifier is another than in the authorisation request.
        """
        request = Request(pairs, {})
        request.known_client, request.known_record = Client(client), Record(asked)
        request.auth_method = "none" if client.public else METHODS[0]
        try:
            self.get_token_grant(request).validate_token_request()
        except OAuth2Error as error:
            raise _protocol_error(error) from None


_ONCE: Final = (
    *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age", "response_mode"),
    *("code_challenge", "code_challenge_method", "request", "request_uri", "registration", "claims", "display"),
    *("ui_locales", "claims_locales", "id_token_hint", "login_hint", "acr_values"),
)
"""Parameters of an authorisation request that may not be repeated (RFC 6749 section 3.1); unknown ones are ignored."""
_MAY_REPEAT: Final = frozenset({"resource", "audience"})
"""RFC 8707 section 2, RFC 8693 section 2.1. Neither has an effect."""


def refuse_repeated(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse a call to the token, revocation or userinfo endpoint with a repeated parameter (RFC 6749 section 3.2).

    Raises:
        ProtocolError: there is one.
    """
    names = [name for name, _ in pairs if name not in _MAY_REPEAT]
    if len(names) > len(set(names)):
        raise ProtocolError("invalid_request", "A parameter is repeated.")


def _protocol_error(error: OAuth2Error) -> ProtocolError:
    """Authlib's error with a description that may stand in a redirect (RFC 6749 section 4.1.2.1)."""
    said = str(error.get_error_description() or "")
    return ProtocolError(str(error.error), said if set(said) <= _PRINTABLE else "", int(error.status_code))


def _refuse_unsupported(data: Mapping[str, str], lists: Mapping[str, Sequence[str]]) -> None:
    """Refuse repeated parameters, and what the metadata says is not supported.

    Raises:
        ProtocolError: there is one.
    """
    if repeated := next((name for name in _ONCE if len(lists.get(name, ())) > 1), None):
        raise ProtocolError("invalid_request", f"The parameter {repeated} is repeated.")
    if refused := next((name for name in _UNSUPPORTED if name in data), None):
        raise ProtocolError(_UNSUPPORTED[refused], f"The parameter {refused} is not supported.")
    if data.get("response_mode", "query") != "query":
        raise ProtocolError("invalid_request", "The only response_mode is query.")
    if "response_type" not in data:
        raise ProtocolError("invalid_request", "The response_type is missing.")
    if data["response_type"] != "code":
        # Authlib repeats it in its own error, and fails on a character that may not stand there.
        raise ProtocolError("unsupported_response_type", "The only response_type is code.")


def _refuse_malformed(data: Mapping[str, str]) -> None:
    """Refuse parameters of a wrong form, and `prompt=none`, for which there is no session (Core section 3.1.2.6).

    Raises:
        ProtocolError: there is one.
    """
    if not is_short_state(data.get("state", "")) or len(data.get("nonce", "")) > LONGEST_NONCE:
        raise ProtocolError("invalid_request", "The state or the nonce is too long.")
    if "max_age" in data and not (data["max_age"].isascii() and data["max_age"].isdigit()):
        raise ProtocolError("invalid_request", "The max_age must be a number of seconds.")
    prompts = data.get("prompt", "").split()
    if "none" in prompts and len(prompts) > 1:
        raise ProtocolError("invalid_request", "The prompt none cannot be combined with others.")
    if "none" in prompts:
        raise ProtocolError("login_required", "There is no session: the person must confirm in WeChat.")
