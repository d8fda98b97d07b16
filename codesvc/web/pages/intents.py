"""The hosted page of a bind intent or login. Its page token reads and starts one successor; the yes is WeChat's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web
from msgspec.structs import replace

from codesvc.client.schema import Renewal
from codesvc.domain.intent import IntentId
from codesvc.domain.signed_links import PAGE_MARK, Use
from codesvc.service.renewals import renew_intent
from codesvc.store.outcomes import Outcome
from codesvc.web.api.intents import expect, problem_for
from codesvc.web.api.views import json_response
from codesvc.web.authentication import browser_address
from codesvc.web.browser import login_browsers, see_other
from codesvc.web.context import services
from codesvc.web.event_streams.stream import stream_intent
from codesvc.web.languages import speech_for
from codesvc.web.pages.intent_view import is_own, page_path, render_intent, shown, speech_of, state_of
from codesvc.web.pages.page_requests import allow_calls, cross_origin, for_people, read_nothing
from codesvc.web.pages.person_view import render_person_problem
from codesvc.web.pages.verification_view import device, wants_part
from codesvc.web.pictures import draw_code, follow_code
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.client.schema import IntentPage
    from codesvc.domain.intent import Intent
    from codesvc.sites.directory import SiteEntry

routes = web.RouteTableDef()
_TOKEN: Final = r"{token:i\.[A-Za-z0-9_.-]+}"  # noqa: S105  a pattern of the path


def _subject(request: web.Request) -> tuple[SiteEntry, IntentId]:
    """The site and the intent of the page token.

    Raises:
        Problem: the page token is not valid, or its site does not exist any more.
    """
    here = services(request)
    subject = here.signed_links.read(Use.PAGE, request.match_info["token"].removeprefix(PAGE_MARK))
    site = here.directory.site(subject.place) if subject else None
    identifier = IntentId.parse(subject.id) if subject else None
    if site is None or identifier is None:
        raise Problem("not-found", "There is no such page.")
    return site, identifier


@routes.get(f"/p/{_TOKEN}")
async def show(request: web.Request) -> web.Response:
    """The hosted page."""
    site, identifier = _subject(request)
    result = await services(request).intents.get(site, identifier)
    if result.outcome is not Outcome.DONE or result.intent is None:
        return render_person_problem(request, site, "expired", status=404)
    return render_intent(request, site, result.intent)


@routes.options(f"/p/{_TOKEN}/{{act:disown|events|renew|state}}")
async def preflight(request: web.Request) -> web.Response:
    """The CORS preflight."""
    return allow_calls(request, _subject(request)[0])


@routes.get(f"/p/{_TOKEN}/state")
async def state(request: web.Request) -> web.Response:
    """The state that the page shows, as JSON."""
    site, identifier = _subject(request)
    headers, result = cross_origin(request, site), await services(request).intents.get(site, identifier)
    document = state_of(request, site, expect(identifier.kind, result, Outcome.DONE))
    return json_response(document, headers=headers)


@routes.get(f"/p/{_TOKEN}/events")
async def events(request: web.Request) -> web.StreamResponse:
    """The state that the page shows, as server-sent events."""
    site, identifier = _subject(request)
    here, browser, handset = services(request), speech_for(request), device(request)
    browsers = login_browsers(request)
    links, texts = here.signed_links, here.texts

    def draw(intent: Intent) -> IntentPage:
        # `now` moves by itself; left in, every look would be a change.
        t, own = speech_of(texts, browser, intent), is_own(intent, browsers)
        return replace(shown(links, t, handset, site, intent, own=own), now=None)

    alike, headers = (browser.name, handset, browsers), cross_origin(request, site)
    return await stream_intent(request, site, identifier, draw, drawn_for=alike, headers=headers)


@routes.post(f"/p/{_TOKEN}/renew")
@for_people
async def renew(request: web.Request) -> web.Response:
    """Start the successor, once, and go on to it."""
    site, identifier = _subject(request)
    headers, here, form = cross_origin(request, site), services(request), await read_nothing(request)
    old = expect(identifier.kind, await here.intents.get(site, identifier), Outcome.DONE)
    if not is_own(old, login_browsers(request)):
        problem = Problem("forbidden", "This login was started in another browser. Only that browser can renew it.")
        if not form:
            raise problem
        return render_intent(request, site, old, problem=problem)
    result = await renew_intent(here.intents, site, identifier, reader=browser_address(request))
    if result.intent is None or result.outcome not in {Outcome.STARTED, Outcome.REPEATED}:
        problem = problem_for(identifier.kind, result)
        known = (await here.intents.get(site, identifier)).intent if form else None
        if known is None:
            raise problem
        return render_intent(request, site, known, problem=problem)
    successor = result.intent
    if not form:
        token, url = (
            here.signed_links.page_token(site.name, successor.id),
            here.signed_links.page_url(site.name, successor.id),
        )
        return json_response(Renewal(page_url=url, page_token=token), headers=headers)
    return render_intent(request, site, successor) if wants_part(request) else see_other(page_path(request, successor))


@routes.post(f"/p/{_TOKEN}/disown")
@for_people
async def disown(request: web.Request) -> web.Response:
    """Cancel a bind intent that another person has scanned; for ten minutes after their yes, take the binding back."""
    site, identifier = _subject(request)
    headers, here, form = cross_origin(request, site), services(request), await read_nothing(request)
    result = await here.intents.disown(site, identifier)
    if result.outcome is Outcome.DONE and result.intent is not None:
        if not form:
            return json_response(state_of(request, site, result.intent), headers=headers)
        part = wants_part(request)
        return render_intent(request, site, result.intent) if part else see_other(page_path(request, result.intent))
    problem = problem_for(identifier.kind, result)
    known = (await here.intents.get(site, identifier)).intent if form else None
    if known is None:
        raise problem
    return render_intent(request, site, known, problem=problem)


@routes.get(f"/p/{_TOKEN}/qr.{{kind:svg|png}}")
async def picture(request: web.Request) -> web.Response:
    """The QR code: for a scan WeChat's own code, attached now; for web authorisation the link."""
    site, identifier = _subject(request)
    here, kind = services(request), request.match_info["kind"]
    known = expect(identifier.kind, await here.intents.get(site, identifier), Outcome.DONE)
    if known.method == "oauth":
        return draw_code(here.signed_links.ask_url(site.account.name, site.name, known.id), kind)
    if site.account.by_keyword:
        return follow_code(site)
    intent = expect(identifier.kind, await here.intents.scan(site, identifier), Outcome.ATTACHED)
    return draw_code(intent.scene_url or "", kind)
