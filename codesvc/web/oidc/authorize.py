"""The authorisation endpoint, and the address at which a browser gets the answer for its relying party.

Where the client or its redirect address is not known to be good, an error is a page; elsewhere it is a redirect (RFC
9700 section 2.1). Every redirect is a 303, so that no browser posts a form again (section 4.12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from codesvc.domain.errors import StoreUnavailable
from codesvc.domain.known_browsers import KNOWN_SECONDS
from codesvc.domain.oidc_request import is_short_state
from codesvc.service.oidc_logins import Answer, UnsafeRedirect, Visit
from codesvc.service.oidc_protocol import ProtocolError
from codesvc.service.web_authorisation import browser_of, new_browser
from codesvc.sites.registry.tables import UnreadableEntry
from codesvc.web.authentication import browser_address
from codesvc.web.browser import (
    LOGIN_COOKIE,
    MOST_LOGINS,
    PERSON_COOKIE,
    finish_login,
    goes_to_wechat,
    has_most_logins,
    keep_cookie,
    login_browsers,
    own_path,
    person_cookie,
    see_other,
    visitor_of,
)
from codesvc.web.context import services
from codesvc.web.languages import asked_by, speech_for
from codesvc.web.oidc.exchange import issuing_site, parameters, unreferred, value_of
from codesvc.web.origins import is_opened, require_no_prefetch, require_own_page
from codesvc.web.pages.intent_view import page_path
from codesvc.web.pages.page_requests import for_people
from codesvc.web.pages.person_view import PersonPage, render_person_page
from codesvc.web.problem import Problem
from codesvc.web.uris import with_parameters

if TYPE_CHECKING:
    from codesvc.domain.intent import IntentId
    from codesvc.sites.directory import SiteEntry

routes = web.RouteTableDef()
_COOKIE_SECONDS: Final = 600
_PAGE: Final = "/oidc/{site}/return/{token}"
_TOO_MANY: Final = ProtocolError(
    "temporarily_unavailable",
    f"This browser has begun {MOST_LOGINS} logins in {_COOKIE_SECONDS // 60} minutes and finished none of them. "
    "Finish one, or try again later.",
)
_LONGEST_QUERY: Final = 6_000
"""Octets of an address that every proxy takes, with what stands before them."""
_TOO_LONG: Final = ProtocolError("invalid_request", f"The parameters are longer than {_LONGEST_QUERY} octets.")
_BUSY: Final = ProtocolError("temporarily_unavailable", "The service cannot answer now. Try again.")


@routes.get("/oidc/{site}/authorize", allow_head=False)
@routes.post("/oidc/{site}/authorize")
@for_people
async def authorize(request: web.Request) -> web.Response:
    """Start a login for a relying party.

    Only a person who opens the address starts one: a page could use up its visitors' logins by pictures and frames. It
    can also navigate a window there again and again, so a browser has a number of logins that it has not finished.
    """
    require_no_prefetch(request)
    site, logins = issuing_site(request), services(request).oidc.logins
    try:
        pairs = await parameters(request)
        client, redirect_uri = logins.client_of(site, pairs)
    except (UnsafeRedirect, ProtocolError) as error:
        return _trouble(request, site, error.reason if isinstance(error, UnsafeRedirect) else "client", status=400)
    state = value_of(pairs, "state")
    if not is_short_state(state):
        state = ""  # it is refused, and the refusal goes back without it
    if has_most_logins(request):
        return _redirect(logins.refusal(site, client, redirect_uri, state, _TOO_MANY))
    opened = is_opened(request)
    if opened and request.method == hdrs.METH_POST and request.headers.get("Sec-Fetch-Site") == "cross-site":
        # A browser sends the cookies of its logins with another site's address, and not with its form.
        query = urlencode(pairs, errors="surrogateescape")
        if len(query) > _LONGEST_QUERY:
            return _redirect(logins.refusal(site, client, redirect_uri, state, _TOO_LONG))
        return see_other(f"{own_path(request)}?{query}")
    cookie = new_browser()
    visit = Visit(
        browser=browser_of(cookie),
        address=browser_address(request) if site.config.client_ip == "required" else None,
        user_agent=request.headers.get("User-Agent", ""),
        languages=asked_by(request),
        wechat=goes_to_wechat(request),
        known=person_cookie(request, site.name),
        opened=opened,
    )
    try:
        login = await logins.begin(site, client, redirect_uri, pairs, visit)
    except ProtocolError as error:
        return _redirect(logins.refusal(site, client, redirect_uri, state, error))
    except (StoreUnavailable, UnreadableEntry):
        return _redirect(logins.refusal(site, client, redirect_uri, state, _BUSY))
    response = see_other(page_path(request, login))
    # Each login has a cookie of its own, so that logins in several tabs do not disturb each other.
    keep_cookie(request, response, cookie, name=_cookie_of(login.id), seconds=_COOKIE_SECONDS)
    return response


@routes.get(_PAGE, allow_head=False)
@for_people
async def answer(request: web.Request) -> web.Response:
    """Go back to the relying party with the answer."""
    return await _answered(request, issuing_site(request))


@routes.post(_PAGE)
@for_people
async def go_back(request: web.Request) -> web.Response:
    """End the login that is still waiting, and go back to the relying party."""
    require_own_page(request)
    site = issuing_site(request)
    login = _login(request, site)
    await services(request).oidc.logins.cancel(site, login, login_browsers(request))
    return await _answered(request, site)


async def _answered(request: web.Request, site: SiteEntry) -> web.Response:
    here, login = services(request), _login(request, site)
    visitor = await visitor_of(request, site.account, login.text)
    found = await here.oidc.logins.answer(site, login, login_browsers(request), visitor.openid if visitor else "")
    if found is None:
        return _trouble(request, site, "done", status=410)
    if not isinstance(found, Answer):
        return see_other(page_path(request, found))
    response = _redirect(found)
    finish_login(request, response, name=_cookie_of(login.text), seconds=_COOKIE_SECONDS)
    if found.known:
        keep_cookie(request, response, found.known, name=PERSON_COOKIE + site.name, seconds=KNOWN_SECONDS)
    return response


def _cookie_of(login: str) -> str:
    """The name of the cookie of a login. One that came after another has the first one's."""
    return f"{LOGIN_COOKIE}{login[3:11]}"


def _login(request: web.Request, site: SiteEntry) -> IntentId:
    found = services(request).oidc.logins.login_of(request.match_info["token"], site)
    if found is None:
        raise Problem("not-found", "There is no such page.")
    return found


def _redirect(found: Answer) -> web.Response:
    return unreferred(see_other(with_parameters(found.redirect_uri, **found.parameters)))


def _trouble(request: web.Request, site: SiteEntry, reason: str, *, status: int) -> web.Response:
    t = speech_for(request)
    page = PersonPage(title=t(f"oidc.{reason}"), hint=t(f"oidc.{reason}.hint"), icon="stop", stage="expired")
    return unreferred(render_person_page(request, site, page, status=status))
