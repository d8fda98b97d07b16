"""The API's calls around bind intents and logins."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from codesvc.client import schema
from codesvc.domain.addresses import stated_address
from codesvc.domain.intent import IntentId, IntentStatus, Kind
from codesvc.domain.openid_handle import HANDLE_LIFE_MS, Claim
from codesvc.service.intents import AskRequest
from codesvc.store.outcomes import Outcome
from codesvc.web import ratelimit
from codesvc.web.api import inputs
from codesvc.web.api.display_names import wanted_name
from codesvc.web.api.inputs import BindIntentInput, EmptyInput, LoginInput
from codesvc.web.api.views import json_response, scan_code, scan_of, wire_time
from codesvc.web.authentication import authenticate
from codesvc.web.context import services
from codesvc.web.event_streams.stream import stream_intent
from codesvc.web.problem import Problem, limited

if TYPE_CHECKING:
    from codesvc.config.settings import Scope
    from codesvc.domain.intent import Intent
    from codesvc.domain.openid_handle import Handles
    from codesvc.domain.signed_links import Links
    from codesvc.service.intents import IntentResult
    from codesvc.sites.directory import SiteEntry
    from codesvc.web.context import Services

routes = web.RouteTableDef()
_PATHS: Final = {Kind.BIND: "/v1/bind-intents", Kind.LOGIN: "/v1/logins"}
_SCOPES: Final[dict[Kind, Scope]] = {Kind.BIND: "bindings", Kind.LOGIN: "verify"}
CLOSED: Final = (
    "There is no QR code to scan: a bind intent by web authorisation has a link, and where scan.picture is not `scan`, "
    "the account has no QR codes with parameters, and its keyword does the same."
)
_NAMES: Final = {Kind.BIND: "bind intent", Kind.LOGIN: "login"}


def intent_view(intent: Intent, links: Links, handles: Handles, site: SiteEntry) -> schema.BindIntent | schema.Login:
    """What the API answers about a bind intent or login; never without a key."""
    page_url = links.page_url(intent.site, intent.id)
    shared: dict[str, Any] = {
        "id": intent.id,
        "status": intent.status.value,
        "reference": intent.reference,
        "created_at": wire_time(intent.created),
        "expires_at": wire_time(intent.expires),
        "scan": scan_of(site, page_url, intent.keyword) if intent.scannable else None,
        "page_url": page_url,
        "page_token": links.page_token(intent.site, intent.id),
        "predecessor": intent.predecessor or None,
        "successor": intent.successor or None,
    }
    if intent.kind is Kind.LOGIN:
        return schema.Login(**shared, user=intent.user or None, handle=_handle(intent, site, handles))
    return schema.BindIntent(
        **shared,
        user=intent.user,
        method=intent.method,
        link=links.ask_url(site.account.name, intent.site, intent.id) if intent.method == "oauth" else None,
        conflict=intent.conflict or None,
    )


def _handle(intent: Intent, site: SiteEntry, handles: Handles) -> str | None:
    """The handle with which a first-time visitor is bound after signing up, without a second scan."""
    until = (intent.ended or 0) + HANDLE_LIFE_MS
    if intent.status is not IntentStatus.UNKNOWN or intent.now >= until:
        return None
    return handles.seal(intent.site, site.account.config.appid, Claim(intent.id, intent.claimed_by, until))


def _view(request: web.Request, intent: Intent) -> schema.BindIntent | schema.Login:
    return _drawn(services(request), intent)


def _drawn(here: Services, intent: Intent) -> schema.BindIntent | schema.Login:
    return intent_view(intent, here.signed_links, here.handles, here.directory.sites[intent.site])


def problem_for(kind: Kind, result: IntentResult) -> Problem:
    """The problem for a use case that ended without success."""
    match result.outcome:
        case Outcome.ENDED if result.intent:
            status = result.intent.status.value
            return Problem("intent-ended", f"This {_NAMES[kind]} has ended: {status}.", intent_status=status)
        case Outcome.LIMITED if result.denial:
            return limited(result.denial)
        case Outcome.MISMATCH:
            return Problem("idempotency-mismatch")
        case Outcome.CLOSED:
            return Problem("not-found", CLOSED)
        case Outcome.ABSENT:
            return Problem("not-found", f"There is no such {_NAMES[kind]}.")
        case _:
            return Problem("internal")


def expect(kind: Kind, result: IntentResult, *wanted: Outcome) -> Intent:
    """The intent of a use case that succeeded.

    Raises:
        Problem: it did not.
    """
    if result.outcome not in wanted or result.intent is None:
        raise problem_for(kind, result)
    return result.intent


def _identifier(request: web.Request, kind: Kind) -> IntentId:
    found = IntentId.parse(request.match_info["id"])
    if found is None or found.kind is not kind:
        raise Problem("not-found", f"There is no such {_NAMES[kind]}.")
    return found


def _kind(request: web.Request) -> Kind:
    return Kind.BIND if request.path.startswith(_PATHS[Kind.BIND]) else Kind.LOGIN


async def _start(request: web.Request, given: BindIntentInput | LoginInput, body: bytes) -> web.Response:
    kind = _kind(request)
    caller, here = authenticate(request, _SCOPES[kind]), services(request)
    inputs.check_return_url(given.return_url, caller.site.config.origins)
    bind = given if isinstance(given, BindIntentInput) else None
    wanted = AskRequest(
        kind=kind,
        user=bind.user if bind else "",
        display=wanted_name(bind.display) if bind and bind.display is not None else "",
        method=bind.method if bind else "scan",
        replace=bind.replace if bind else False,
        client_ip=stated_address(given.client_ip) if given.client_ip is not None else None,
        user_agent=given.user_agent,
        locale=inputs.language(given.locale),
        return_url=given.return_url,
    )
    result = await here.intents.start(caller.site, wanted, inputs.idempotency(request, body))
    if result.outcome is Outcome.ABSENT:
        raise Problem("intent-ended", "The result for this Idempotency-Key is no longer kept.")
    intent = expect(kind, result, Outcome.STARTED, Outcome.REPEATED)
    headers = {
        "Location": here.address.path(f"{_PATHS[kind]}/{intent.id}"),
        **ratelimit.headers(caller.site, ratelimit.STARTS, result.left),
    }
    return json_response(_view(request, intent), status=201, headers=headers)


@routes.post("/v1/bind-intents")
async def start_bind(request: web.Request) -> web.Response:
    """Start binding: a QR code or link by which a logged-in user binds their WeChat account."""
    authenticate(request, "bindings")
    return await _start(request, *await inputs.read(request, BindIntentInput))


@routes.post("/v1/logins")
async def start_login(request: web.Request) -> web.Response:
    """Start a login: a QR code with which a person logs in."""
    authenticate(request, "verify")
    return await _start(request, *await inputs.read(request, LoginInput))


@routes.get("/v1/bind-intents/{id}")
@routes.get("/v1/logins/{id}")
async def get(request: web.Request) -> web.Response:
    """Read a bind intent or login."""
    kind = _kind(request)
    caller, here = authenticate(request, _SCOPES[kind]), services(request)
    result = await here.intents.get(caller.site, _identifier(request, kind))
    return json_response(_view(request, expect(kind, result, Outcome.DONE)))


@routes.get("/v1/bind-intents/{id}/scan")
@routes.get("/v1/logins/{id}/scan")
async def scan(request: web.Request) -> web.Response:
    """Attach a QR code if there is none yet."""
    kind = _kind(request)
    caller, here = authenticate(request, _SCOPES[kind]), services(request)
    intent = expect(kind, await here.intents.scan(caller.site, _identifier(request, kind)), Outcome.ATTACHED)
    view = _view(request, intent)
    if view.scan is None:
        raise Problem("not-found", f"A scan can no longer continue this {_NAMES[kind]}.")
    return json_response(scan_code(intent.scene_url or "", view.scan, view.expires_at))


@routes.post("/v1/bind-intents/{id}/cancel")
@routes.post("/v1/logins/{id}/cancel")
async def cancel(request: web.Request) -> web.Response:
    """End a bind intent or login."""
    kind = _kind(request)
    caller, here = authenticate(request, _SCOPES[kind]), services(request)
    await inputs.read(request, EmptyInput)
    result = await here.intents.cancel(caller.site, _identifier(request, kind))
    return json_response(_view(request, expect(kind, result, Outcome.DONE)))


@routes.get("/v1/bind-intents/{id}/events")
@routes.get("/v1/logins/{id}/events")
async def events(request: web.Request) -> web.StreamResponse:
    """Server-sent events: the bind intent or login at once, then at every change."""
    kind = _kind(request)
    caller, here = authenticate(request, _SCOPES[kind]), services(request)
    identifier = _identifier(request, kind)
    return await stream_intent(request, caller.site, identifier, partial(_drawn, here), scope=_SCOPES[kind])
