"""Signing in and out, choosing the language, and serving the pages' static files."""

from aiohttp import web

from codesvc.domain.audit import AuditAct, operator
from codesvc.domain.language_tags import nearest
from codesvc.domain.listener import is_shared
from codesvc.store.outcomes import Outcome
from codesvc.web.admin.cookies import (
    drop_session,
    keep_known,
    keep_language,
    keep_session,
    known_browser,
    session_in,
    sessions_of,
)
from codesvc.web.admin.layout import (
    ASSETS,
    LANGUAGES,
    asset,
    draw,
    for_operators,
    signed_in,
    words_of,
)
from codesvc.web.admin.sign_in_lanes import Visitor
from codesvc.web.authentication import browser_address, by_operators_listener, user_of_machine
from codesvc.web.browser import go_to, see_other
from codesvc.web.context import services
from codesvc.web.forms import form_of
from codesvc.web.origins import require_own_page
from codesvc.web.problem import Problem

routes = web.RouteTableDef()
_LONGEST_NAME = 64


@routes.get("/admin/login")
async def show_login(request: web.Request) -> web.Response:
    """Show the login page."""
    session = await session_in(request)
    if session is not None and session.name:
        return go_to(request, "/admin")
    # Only Chromium sends this header, and Chromium resolves names below localhost to this machine. So it is sent to a
    # host whose cookies go to no other port, if the service holds every address of that name.
    if "Sec-CH-UA" in request.headers and (link := _own_link(request)):
        return see_other(link)
    return _draw_login(request, "")


def _own_host(request: web.Request) -> str:
    listener = services(request).settings.admin.listener
    return listener.own_host(request.host) if listener is not None and by_operators_listener(request) else ""


def _own_link(request: web.Request) -> str:
    host = _own_host(request)
    return f"http://{host}{services(request).address.path('/admin/login')}" if host else ""


def _draw_login(request: web.Request, problem: str, *, wait: int = 0, status: int = 200) -> web.Response:
    session, cookie = sessions_of(request).visitor(near=by_operators_listener(request))
    said = words_of(request).t(problem, minutes=-(-wait // 60)) if problem else ""
    variables = {
        "problem": said,
        "form_token": sessions_of(request).form_token(session),
        "is_shared": by_operators_listener(request) and is_shared(request.host),
        "own_host": _own_host(request),
        "link": _own_link(request),
    }
    response = draw(request, "login.html", variables, page="", status=status)
    keep_session(request, response, cookie)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


@routes.post("/admin/login")
async def sign_in(request: web.Request) -> web.Response:
    """Try a password."""
    require_own_page(request)
    here, fields, session = services(request), await form_of(request), await session_in(request)
    if session is None or not sessions_of(request).is_form(session, str(fields.get("token", ""))):
        return _draw_login(request, "login.stale", status=403)
    name = str(fields.get("name", ""))[:_LONGEST_NAME]
    near = by_operators_listener(request)
    browser = known_browser(request)
    visitor = Visitor(
        None if near else browser_address(request),
        browser=browser.id if browser else "",
        owner=browser.name if browser else "",
        near=near,
        user=user_of_machine(request) if near else "",
    )
    outcome, wait, cookie = await sessions_of(request).sign_in(name, str(fields.get("password", "")), visitor)
    if outcome is Outcome.LIMITED:
        return _draw_login(request, "login.limited", wait=wait, status=429)
    # An unknown name is not logged: it may be a password typed into the wrong field.
    is_operator = name in here.settings.admin.operators
    if outcome is not Outcome.DONE:
        await here.auditing.note(operator(name) if is_operator else "admin:?", AuditAct.LOGIN_FAILED)
        return _draw_login(request, "login.refused", status=422)
    await here.auditing.note(operator(name), AuditAct.LOGIN)
    response = go_to(request, "/admin")
    keep_session(request, response, cookie)
    keep_known(request, response, sessions_of(request).make_known(name, visitor.browser))
    return response


@routes.post("/admin/logout")
@for_operators
async def sign_out(request: web.Request) -> web.Response:
    """Sign out."""
    session = signed_in(request)
    await sessions_of(request).sign_out(session)
    await services(request).auditing.note(operator(session.name), AuditAct.LOGOUT)
    response = go_to(request, "/admin/login")
    drop_session(request, response)
    return response


@routes.post("/admin/language")
async def choose_language(request: web.Request) -> web.Response:
    """Set the language: Chinese or English."""
    require_own_page(request)
    fields = await form_of(request)
    language, back = str(fields.get("language", "")), str(fields.get("back", ""))
    home = services(request).address.path("/admin")
    response = see_other(back if _is_page(back, home) else home)
    if language:
        keep_language(request, response, nearest(language, LANGUAGES, words_of(request).language))
    return response


def _is_page(back: str, home: str) -> bool:
    """Whether an address that a form brought is one of the operator's pages, by every way in which browsers read it."""
    below = back == home or back.startswith((f"{home}/", f"{home}?"))
    path = back.partition("?")[0].lower().replace("%2e", ".")
    return below and back.isprintable() and "\\" not in back and "/.." not in path


@routes.get("/admin/assets/{version}/{name:.+}")
async def give_asset(request: web.Request) -> web.Response:
    """Serve a script or style sheet; they are public and the same for everyone."""
    name = request.match_info["name"]
    if name not in ASSETS:
        raise Problem("not-found", "There is no such file.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin"}
    return web.Response(body=asset(name), content_type=ASSETS[name], charset="utf-8", headers=headers)
