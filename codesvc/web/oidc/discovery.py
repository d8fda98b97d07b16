"""Discovery of an issuer, and its public keys (Discovery 1.0 section 3, RFC 8414, RFC 7517)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from codesvc.domain.clock import unix_ms
from codesvc.domain.oidc_request import SCOPES
from codesvc.service.oidc_grants import GRANT_TYPE, METHODS
from codesvc.sites.relying_parties import SubjectKeyChanged
from codesvc.web.api.views import json_response
from codesvc.web.context import services
from codesvc.web.oidc.exchange import allow_any, issuing_site, preflight_for_any
from codesvc.web.problem import Problem, unavailable

if TYPE_CHECKING:
    from codesvc.sites.directory import SiteEntry

routes = web.RouteTableDef()
_KEPT: Final = {"Cache-Control": "public, max-age=300"}
"""Public facts. The next key is published long before it signs, so a cache does no harm."""
_BY_HOST: Final = r"/.well-known/{kind:openid-configuration|oauth-authorization-server}/{path:(?:[^/]+/)*oidc/}{site}"
_CLAIMS: Final = (
    *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "amr", "at_hash"),
    *("name", "nickname", "preferred_username", "locale", "email", "email_verified"),
)


def metadata(request: web.Request, site: SiteEntry) -> dict[str, Any]:
    """The metadata of a site's issuer. What is refused is said too: some defaults of the standard are "supported"."""
    here = services(request)
    issuer = here.oidc.logins.issuer(site)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks.json",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/logout",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [GRANT_TYPE],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": here.oidc.parties.algorithms(site),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "claims_supported": list(_CLAIMS),
        "claim_types_supported": ["normal"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["zh-CN", "en"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
    }


@routes.options("/oidc/{site}/.well-known/openid-configuration")
@routes.options("/oidc/{site}/.well-known/oauth-authorization-server")
@routes.options("/oidc/{site}/jwks.json")
@routes.options(_BY_HOST)
async def may_read(request: web.Request) -> web.Response:
    """The CORS preflight."""
    issuing_site(request)
    return preflight_for_any(request)


@routes.get("/oidc/{site}/.well-known/openid-configuration")
@routes.get("/oidc/{site}/.well-known/oauth-authorization-server")
async def discover(request: web.Request) -> web.Response:
    """The metadata, where OpenID Connect puts it: behind the issuer."""
    allow_any(request)
    return json_response(metadata(request, issuing_site(request)), headers=_KEPT)


@routes.get(_BY_HOST)
async def discover_by_host(request: web.Request) -> web.Response:
    """The metadata, where RFC 8414 section 3.1 puts it: between the host and the issuer's path."""
    allow_any(request)
    if request.match_info["path"] not in {"oidc/", f"{services(request).address.path('/oidc/')[1:]}"}:
        raise Problem("not-found", "There is no OpenID Provider at this address.")
    return json_response(metadata(request, issuing_site(request)), headers=_KEPT)


@routes.get("/oidc/{site}/jwks.json")
async def keys(request: web.Request) -> web.Response:
    """The public keys: the present ones, the next ones, and replaced ones whose tokens may still be valid."""
    allow_any(request)
    parties, site, now = services(request).oidc.parties, issuing_site(request), unix_ms()
    try:
        known = await parties.ready(parties.algorithms(site), now)
    except SubjectKeyChanged:
        raise unavailable() from None
    return json_response({"keys": known.published(now)}, headers=_KEPT)
