"""The hosted page, and all requests that a page token allows (DESIGN, `GET /p/{page_token}`).

A page token is for one verification only. It allows reading its state and QR code, checking a code, resending, and
starting one successor. It gives no access to the API. The page works without JavaScript: its forms are posted, and the
answer is the page again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from msgspec.structs import replace

from codesvc.client.schema import Renewal
from codesvc.domain.addresses import bucket
from codesvc.domain.codes import VerificationId
from codesvc.domain.return_key import hash_of, is_right, new_return_key
from codesvc.service.renewals import renew_verification
from codesvc.store.outcomes import Outcome
from codesvc.web.api import inputs
from codesvc.web.api.inputs import PageCheckInput
from codesvc.web.api.verifications import expect, problem_for
from codesvc.web.api.views import json_response
from codesvc.web.authentication import browser_address
from codesvc.web.browser import see_other
from codesvc.web.context import services
from codesvc.web.event_streams.stream import stream_changes
from codesvc.web.forms import FORM
from codesvc.web.languages import spoken_by
from codesvc.web.pages.page_requests import allow_calls, cross_origin, for_people, read_nothing
from codesvc.web.pages.person_view import render_person_problem
from codesvc.web.pages.verification_view import draw, keep_return_key, wants_part
from codesvc.web.pictures import draw_code, draw_icon, follow_code
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.client.schema import VerificationPage
    from codesvc.domain.record import Record
    from codesvc.service.models import Result
    from codesvc.sites.directory import SiteEntry

routes = web.RouteTableDef()


def _subject(request: web.Request) -> tuple[SiteEntry, VerificationId]:
    """The site and the verification of the page token.

    Raises:
        Problem: the page token is not valid, or its site does not exist any more.
    """
    here = services(request)
    subject = here.page_tokens.read(request.match_info["token"])
    site = here.directory.site(subject.site) if subject else None
    identifier = VerificationId.parse(subject.id) if subject else None
    if site is None or identifier is None:
        raise Problem("not-found", "There is no such page.")
    return site, identifier


@routes.get("/p/{token}")
@for_people
async def show(request: web.Request) -> web.Response:
    """The hosted page."""
    site, identifier = _subject(request)
    result = await services(request).verifications.open_page(site, identifier)
    if result.outcome is Outcome.ABSENT:
        return render_person_problem(request, site, "gone", status=404, framed=True)
    return draw(request, site, result.shown, resent="resent" in request.query)


@routes.get("/p/{token}/state")
async def state(request: web.Request) -> web.Response:
    """The state that the page shows, as JSON."""
    site, identifier = _subject(request)
    headers, here = cross_origin(request, site), services(request)
    record = expect(await here.verifications.open_page(site, identifier), Outcome.DONE)
    return json_response(here.views.page(record, site, spoken_by(request)), headers=headers)


@routes.get("/p/{token}/events")
async def events(request: web.Request) -> web.StreamResponse:
    """The state that the page shows, as server-sent events."""
    site, identifier = _subject(request)
    headers, views, locale = cross_origin(request, site), services(request).views, spoken_by(request)
    await services(request).verifications.open_page(site, identifier)

    def draw(record: Record) -> VerificationPage:
        # `now` moves by itself; left in, every look would be a change.
        return replace(views.page(record, site, locale), now=None)

    return await stream_changes(request, site, identifier, draw, drawn_for=locale, headers=headers)


@routes.get("/p/{token}/qr.{kind:svg|png}")
async def picture(request: web.Request) -> web.Response:
    """The QR code, drawn from WeChat's address for the scene; the first request attaches a scene.

    An account without such codes has its own, as its operator has given it, for following only.
    Phones need a PNG: they cannot save an SVG as a photo, nor read one by a long press.
    """
    site, identifier = _subject(request)
    if site.account.by_keyword:
        return follow_code(site)
    record = expect(await services(request).verifications.scan(site, identifier), Outcome.ATTACHED)
    return draw_code(record.scene_url or "", request.match_info["kind"])


@routes.options("/p/{token}/{act:check|renew|resend|state|events}")
async def preflight(request: web.Request) -> web.Response:
    """The CORS preflight."""
    return allow_calls(request, _subject(request)[0])


@routes.post("/p/{token}/check")
@for_people
async def check(request: web.Request) -> web.Response:
    """Check a code, sent by the page's script (JSON) or by its form."""
    site, identifier = _subject(request)
    headers = cross_origin(request, site)
    if request.content_type == FORM:
        given = await inputs.read_form(request, PageCheckInput)
    else:
        given, _ = await inputs.read(request, PageCheckInput)
    address = browser_address(request)
    # A widget's page is the site's own, in the browser of its session; only the hosted page can be sent on.
    return_key = new_return_key() if request.content_type == FORM else ""
    result = await services(request).verifications.check(
        site,
        identifier,
        given.code,
        address=bucket(address) if address else None,
        return_hash=hash_of(return_key) if return_key else "",
    )
    answer = await _answer(
        request,
        site=site,
        identifier=identifier,
        result=result,
        wanted=Outcome.APPROVED,
        headers=headers,
        return_key=return_key,
    )
    if result.record is not None and is_right(return_key, result.record.return_hash):
        keep_return_key(request, answer, result.record, return_key)
    return answer


@routes.post("/p/{token}/resend")
@for_people
async def resend(request: web.Request) -> web.Response:
    """Send the same code again."""
    site, identifier = _subject(request)
    headers = cross_origin(request, site)
    await read_nothing(request)
    result = await services(request).verifications.resend(site, identifier)
    return await _answer(
        request, site=site, identifier=identifier, result=result, wanted=Outcome.RESENT, headers=headers
    )


@routes.post("/p/{token}/renew")
@for_people
async def renew(request: web.Request) -> web.Response:
    """Start the successor, once, and go on to it."""
    site, identifier = _subject(request)
    headers, here, form = cross_origin(request, site), services(request), await read_nothing(request)
    result = await renew_verification(here.verifications, site, identifier, reader=browser_address(request))
    if result.outcome not in {Outcome.STARTED, Outcome.REPEATED}:
        problem = problem_for(result)
        known = (await here.verifications.get(site, identifier)).record if form else None
        if known is None:
            raise problem
        return draw(request, site, known, problem=problem)
    successor = result.shown
    if not form:
        renewal = Renewal(page_url=here.views.page_url(successor), page_token=here.views.page_token(successor))
        return json_response(renewal, headers=headers)
    return draw(request, site, successor) if wants_part(request) else see_other(here.views.page_path(successor))


async def _answer(
    request: web.Request,
    *,
    site: SiteEntry,
    identifier: VerificationId,
    result: Result,
    wanted: Outcome,
    headers: dict[str, str],
    return_key: str = "",
) -> web.Response:
    here, done = services(request), result.outcome is wanted
    if request.content_type != FORM:
        if not done:
            raise problem_for(result)
        return json_response(here.views.page(result.shown, site, spoken_by(request)), headers=headers)
    resent = wanted is Outcome.RESENT
    if done and not is_right(return_key, result.shown.return_hash):
        return_key = ""
    if done and wants_part(request):
        return draw(request, site, result.shown, resent=resent, return_key=return_key)
    if done:
        # Redirect to the site, or to the page with GET, so that a reload does not send the form again.
        back = None if resent else here.views.return_to(result.shown, return_key)
        return see_other(back or f"{here.views.page_path(result.shown)}{'?resent' if resent else ''}")
    current = result.record or (await here.verifications.get(site, identifier)).record
    if current is None:
        raise problem_for(result)
    return draw(request, site, current, problem=problem_for(result))


@routes.get("/favicon.svg")
async def icon(_: web.Request) -> web.Response:
    """The icon of the browser's tab."""
    return draw_icon()
