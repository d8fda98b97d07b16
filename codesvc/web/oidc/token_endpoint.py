"""The token, revocation and userinfo endpoints, which a relying party's server calls."""

from typing import Final

from aiohttp import web

from codesvc.service.oidc_protocol import ProtocolError, refuse_repeated
from codesvc.web.api.views import json_response
from codesvc.web.authentication import bearer
from codesvc.web.context import services
from codesvc.web.forms import FORM
from codesvc.web.oidc.exchange import (
    UNAUTHORIZED,
    in_protocol,
    issuing_site,
    json_pairs,
    posted_pairs,
    preflight,
    readable_site,
    value_of,
)

routes = web.RouteTableDef()
_JSON: Final = "application/json"


@routes.post("/oidc/{site}/token")
@in_protocol
async def exchange(request: web.Request) -> web.Response:
    """Exchange a code for an ID token and an access token."""
    here, site = services(request), readable_site(request)
    as_json = request.content_type == _JSON
    pairs = await (json_pairs(request) if as_json else posted_pairs(request))
    client = here.oidc.tokens.client_of(site, pairs, request.headers.get("Authorization", ""))
    if as_json and not client.json_body:
        raise ProtocolError("invalid_request", f"Send the parameters as {FORM}, or set json_body for this client.")
    return json_response(await here.oidc.tokens.exchange(site, client, pairs, here.oidc.logins.issuer(site)))


@routes.post("/oidc/{site}/revoke")
@in_protocol
async def revoke(request: web.Request) -> web.Response:
    """End an access token (RFC 7009)."""
    here, site = services(request), readable_site(request)
    pairs = await posted_pairs(request)
    client = here.oidc.tokens.client_of(site, pairs, request.headers.get("Authorization", ""))
    refuse_repeated(pairs)
    token = value_of(pairs, "token")
    if not token:
        raise ProtocolError("invalid_request", "The token is missing.")
    await here.oidc.tokens.revoke(site, client, token)
    return web.Response(status=200, headers={"Cache-Control": "no-store"})


@routes.get("/oidc/{site}/userinfo")
@routes.post("/oidc/{site}/userinfo")
@in_protocol
async def userinfo(request: web.Request) -> web.Response:
    """The claims of the person, for an access token in the header or in the form."""
    here, site = services(request), readable_site(request)
    token = bearer(request)
    if not token and request.method == "POST" and request.content_type == FORM:
        pairs = await posted_pairs(request)
        refuse_repeated(pairs)
        token = value_of(pairs, "access_token")
    claims = await here.oidc.tokens.claims(site, token) if token else None
    if claims is None:
        # Without a token no error is named (RFC 6750 section 3.1).
        said = ', error="invalid_token", error_description="The access token is unknown, expired or revoked"'
        document = {"error": "invalid_token"} if token else {}
        challenge = {"WWW-Authenticate": f'Bearer realm="codesvc"{said if token else ""}'}
        return json_response(document, status=UNAUTHORIZED, headers=challenge)
    return json_response(claims)


@routes.options("/oidc/{site}/token")
@routes.options("/oidc/{site}/revoke")
@routes.options("/oidc/{site}/userinfo")
async def may_call(request: web.Request) -> web.Response:
    """The CORS preflight."""
    return preflight(request, issuing_site(request))
