"""The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

The issuer keeps no session, so nothing has to end. The browser goes back to the relying party if the address is one
that it has registered; elsewhere a page says that the person is signed out.
"""

from aiohttp import web

from codesvc.domain.oidc_request import is_short_state
from codesvc.service.oidc_protocol import ProtocolError
from codesvc.web.browser import see_other
from codesvc.web.context import services
from codesvc.web.languages import speech_for
from codesvc.web.oidc.exchange import issuing_site, parameters, unreferred
from codesvc.web.pages.page_requests import for_people
from codesvc.web.pages.person_view import PersonPage, render_person_page
from codesvc.web.uris import with_parameters

routes = web.RouteTableDef()


@routes.get("/oidc/{site}/logout", allow_head=False)
@routes.post("/oidc/{site}/logout")
@for_people
async def logout(request: web.Request) -> web.Response:
    """Go back to the relying party."""
    site, here = issuing_site(request), services(request)
    try:
        given = {name: value for name, value in reversed(await parameters(request)) if value}
    except ProtocolError:
        given = {}  # parameters that cannot be read lead nowhere
    if not is_short_state(given.get("state", "")):
        given = {}  # it cannot be given back, and without it the address may not be what the relying party wants
    address, named = given.get("post_logout_redirect_uri", ""), given.get("client_id")
    for client, _ in here.oidc.parties.clients(site):
        if address in client.post_logout_redirect_uris and named in {None, client.id}:
            state = {"state": given["state"]} if "state" in given else {}
            return see_other(with_parameters(address, **state) if state else address)
    t = speech_for(request)
    page = PersonPage(title=t("oidc.logout"), hint=t("oidc.logout.hint"), icon="check", stage="approved")
    return unreferred(render_person_page(request, site, page))
