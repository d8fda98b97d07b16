"""The admin API's calls around apps that people sign in to by OpenID Connect."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.client import schema
from codesvc.web.api.administration import admit, as_problems, flag_of, table_of
from codesvc.web.api.views import json_response
from codesvc.web.context import services

if TYPE_CHECKING:
    from codesvc.config.oidc_settings import OidcClient
    from codesvc.sites.registry.tables import Kept

routes = web.RouteTableDef()


def _drawn(client: OidcClient, kept: Kept) -> schema.OidcClientView:
    settings = {name: value for name, value in asdict(client).items() if name not in {"id", "secrets"}}
    return schema.OidcClientView(id=client.id, kept=kept, public=client.public, settings=settings)


@routes.get("/admin/v1/sites/{site}/oidc-clients")
@as_problems
async def list_clients(request: web.Request) -> web.Response:
    """The apps of a site."""
    admit(request, "read")
    here, name = services(request), request.match_info["site"]
    found = here.oidc.administration.clients(name)
    issuer = here.oidc.logins.issuer(here.oidc.administration.site(name))
    return json_response(schema.OidcClientViews(issuer=issuer, clients=[_drawn(*each) for each in found]))


@routes.put("/admin/v1/sites/{site}/oidc-clients/{client}")
@as_problems
async def put_client(request: web.Request) -> web.Response:
    """Register an app, or replace its settings."""
    (_, by), names = admit(request, "sites"), request.match_info
    new_secret = flag_of(request, "new_secret")
    office = services(request).oidc.administration
    table = await table_of(request)
    made = await office.put(names["site"], names["client"], table, by=by, new_secret=new_secret)
    document = schema.OidcClientRegistered(client=_drawn(made.client, "store"), client_secret=made.secret)
    return json_response(document, status=201 if made.new else 200)


@routes.delete("/admin/v1/sites/{site}/oidc-clients/{client}")
@as_problems
async def delete_client(request: web.Request) -> web.Response:
    """Take an app away."""
    (_, by), names = admit(request, "sites"), request.match_info
    await services(request).oidc.administration.remove(names["site"], names["client"], by=by)
    return web.Response(status=204)
