"""The hosted page of a bind intent or login. Its page token reads and shows; only WeChat says yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from codesvc.clock import rfc3339
from codesvc.intent import IntentId, IntentStatus, Kind
from codesvc.link import PAGE_MARK, Use
from codesvc.store.outcomes import Outcome
from codesvc.web.intents import expect
from codesvc.web.languages import speech_for, spoken_by
from codesvc.web.personview import Sight, draw_plight, draw_sight
from codesvc.web.pictures import draw_code
from codesvc.web.problem import Problem
from codesvc.web.services import services
from codesvc.web.stream import stream_intent
from codesvc.web.views import json_response

if TYPE_CHECKING:
    from codesvc.directory import SiteEntry
    from codesvc.intent import Intent

routes = web.RouteTableDef()
_TOKEN: Final = r"{token:i\.[A-Za-z0-9_.-]+}"  # noqa: S105  a pattern of the path
_ICONS: Final = {
    IntentStatus.BOUND: "check",
    IntentStatus.APPROVED: "check",
    IntentStatus.UNKNOWN: "check",
    IntentStatus.SCANNED: "chat",
    IntentStatus.PENDING: "scan",
}
_PARAMETERS: Final = {Kind.BIND: "bind_intent", Kind.LOGIN: "login"}
_RETURNING: Final = frozenset({IntentStatus.BOUND, IntentStatus.APPROVED, IntentStatus.UNKNOWN})


def _subject(request: web.Request) -> tuple[SiteEntry, IntentId]:
    """Whose page this is.

    Raises:
        Problem: no page token of ours, or its site is gone.
    """
    here = services(request)
    subject = here.links.read(Use.PAGE, request.match_info["token"].removeprefix(PAGE_MARK))
    site = here.directory.sites.get(subject.place) if subject else None
    identifier = IntentId.parse(subject.id) if subject else None
    if site is None or identifier is None:
        raise Problem("not-found", "There is no such page.")
    return site, identifier


def return_to(intent: Intent) -> str | None:
    """Where the browser goes after the page: the site compares the id with its own session's."""
    url = intent.fixed.return_url
    if url is None:
        return None
    url, hash_mark, fragment = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{_PARAMETERS[intent.kind]}={intent.id}{hash_mark}{fragment}"


def _state(request: web.Request, site: SiteEntry, intent: Intent) -> dict[str, Any]:
    """What a page token may read: no user, no handle. Where to go on stands there once there is something to go to."""
    locale = spoken_by(request)
    image = f"{services(request).links.page_url(site.name, intent.id)}/qr.svg"
    return {
        "status": intent.status.value,
        "reference": intent.reference,
        "site": site.config.name.spoken(locale),
        "account": site.account.config.name,
        "expires_at": rfc3339(intent.expires),
        "scan": {"image_url": image, "word": intent.word} if intent.scannable else None,
        "return_to": return_to(intent) if intent.status in _RETURNING else None,
    }


def _sight(request: web.Request, site: SiteEntry, intent: Intent) -> Sight:
    t, state = speech_for(request), _state(request, site, intent)
    words = {"site": state["site"], "account": state["account"]}
    base = f"/p/{request.match_info['token']}"
    kind, status = intent.kind.value, intent.status.value
    key = t.best(f"{kind}.{status}.{intent.method}", f"{kind}.{status}", f"ask.{status}")
    waiting = intent.status is IntentStatus.PENDING
    back = return_to(intent)
    return Sight(
        subtitle=t(f"{kind}.subtitle"),
        title=t(key, **words),
        hint=t(f"{key}.hint", **words),
        icon=_ICONS.get(intent.status, "stop"),
        stage="approved" if intent.status in _RETURNING else status,
        reference="" if intent.over else intent.reference,
        image=f"{base}/qr.svg" if waiting else "",
        word=intent.word if waiting else "",
        back=(back, t("back", site=state["site"])) if back and intent.over else None,
        events="" if intent.over else f"{base}/events",
        go=state["return_to"] or "",
    )


@routes.get(f"/p/{_TOKEN}")
async def show(request: web.Request) -> web.Response:
    """The hosted page."""
    site, identifier = _subject(request)
    result = await services(request).intents.get(site, identifier)
    if result.outcome is not Outcome.DONE or result.intent is None:
        return draw_plight(request, site, "expired", status=404)
    return draw_sight(request, site, _sight(request, site, result.intent))


@routes.get(f"/p/{_TOKEN}/state")
async def state(request: web.Request) -> web.Response:
    """What the page shows, as JSON."""
    site, identifier = _subject(request)
    result = await services(request).intents.get(site, identifier)
    return json_response(_state(request, site, expect(identifier.kind, result, Outcome.DONE)))


@routes.get(f"/p/{_TOKEN}/events")
async def events(request: web.Request) -> web.StreamResponse:
    """What the page shows, as it changes."""
    site, identifier = _subject(request)
    return await stream_intent(request, site, identifier, lambda intent: _state(request, site, intent))


@routes.get(f"/p/{_TOKEN}/qr.{{kind:svg|png}}")
async def picture(request: web.Request) -> web.Response:
    """The QR code: of a scan WeChat's own, attached now; of a web authorisation the link."""
    site, identifier = _subject(request)
    here, kind = services(request), request.match_info["kind"]
    known = expect(identifier.kind, await here.intents.get(site, identifier), Outcome.DONE)
    if known.method == "oauth":
        return draw_code(here.links.ask_url(site.account.name, site.name, known.id), kind)
    intent = expect(identifier.kind, await here.intents.scan(site, identifier), Outcome.ATTACHED)
    return draw_code(intent.scene_url or "", kind)
