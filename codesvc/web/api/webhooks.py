"""The API's calls around a site's webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web
from yarl import URL

from codesvc.client import schema
from codesvc.delivery.webhooks.payload import draw
from codesvc.domain.errors import Invalid
from codesvc.domain.webhook import EVENTS, TEST_EVENT, HookStatus
from codesvc.service.webhooks import MOST_LISTED, is_webhook_id
from codesvc.web.api import inputs
from codesvc.web.api.inputs import EmptyInput
from codesvc.web.api.views import ABSENT, json_response, wire_time, wire_time_or_none
from codesvc.web.authentication import authenticate
from codesvc.web.context import services
from codesvc.web.problem import Problem, limited

if TYPE_CHECKING:
    from codesvc.config import Webhook
    from codesvc.service.webhooks import Queued
    from codesvc.sites.directory import Caller
    from codesvc.store.webhooks import Endpoint, Hook

routes = web.RouteTableDef()
_LISTED: Final = 25
_FILTERS: Final = {"status": frozenset(HookStatus), "event": frozenset((*EVENTS, TEST_EVENT))}


def _draw(hook: Hook, payload: Any = ABSENT) -> schema.WebhookDelivery:
    return schema.WebhookDelivery(
        id=hook.id,
        event=hook.kind,
        status=hook.status.value,
        reason=hook.reason or None,
        created_at=wire_time(hook.created),
        next_attempt_at=wire_time_or_none(hook.due),
        ended_at=wire_time_or_none(hook.ended),
        attempts=[
            schema.WebhookAttempt(
                at=wire_time(int(tried.at)), result=tried.result, status=tried.status, milliseconds=tried.ms
            )
            for tried in hook.tried
        ],
        payload=payload,
    )


def _draw_whole(hook: Hook) -> schema.WebhookDelivery:
    try:
        payload = draw(hook.kind, hook.created, hook.facts)
    except (msgspec.MsgspecError, LookupError):
        return _draw(hook)
    return _draw(hook, payload)


def _draw_endpoint(webhook: Webhook, endpoint: Endpoint) -> schema.WebhookEndpoint:
    return schema.WebhookEndpoint(
        # The query may contain a secret of the receiver.
        url=str(URL(webhook.url, encoded=True).with_query(None)),
        events=list(webhook.events),
        enabled=endpoint.disabled is None,
        disabled_at=wire_time_or_none(endpoint.disabled),
        waiting=endpoint.waiting,
        delivered_at=wire_time_or_none(endpoint.delivered),
        failed_at=wire_time_or_none(endpoint.failed_at),
        last_failure=endpoint.result or None,
        failures=endpoint.failures,
    )


def _hearing(request: web.Request) -> tuple[Caller, Webhook]:
    caller = authenticate(request, "admin")
    if caller.site.config.webhook is None:
        raise Problem("not-found", "This site has no webhook in its configuration.")
    return caller, caller.site.config.webhook


def _id_in(request: web.Request) -> str:
    text = request.match_info["id"]
    if not is_webhook_id(text):
        raise Problem("not-found", "There is no such delivery.")
    return text


def _listing(request: web.Request) -> dict[str, Any]:
    """The filters for one page of the list.

    Raises:
        Invalid: a filter or its value is unknown.
    """
    query = request.query
    if strange := query.keys() - {*_FILTERS, "limit", "cursor"}:
        raise Invalid(f"unknown filter {min(strange)}", f"/{min(strange)}")
    for name, words in _FILTERS.items():
        if query.get(name) is not None and query[name] not in words:
            raise Invalid(f"{name} must be one of {', '.join(sorted(words))}", f"/{name}")
    limit = query.get("limit", str(_LISTED))
    if not (
        limit.isascii() and limit.isdigit() and len(limit) <= len(str(MOST_LISTED)) and 1 <= int(limit) <= MOST_LISTED
    ):
        raise Invalid(f"limit must be 1 to {MOST_LISTED}", "/limit")
    return {
        "status": query.get("status", ""),
        "kind": query.get("event", ""),
        "limit": int(limit),
        "cursor": query.get("cursor", ""),
    }


def _expect(request: web.Request, caller: Caller, queued: Queued) -> Hook:
    """The event.

    Raises:
        Problem: there is none, or the limit is reached.
    """
    if queued.denial is not None:
        services(request).recorder.refused(caller.site.name, "", queued.denial.limit)
        raise limited(queued.denial)
    return _known(queued.hook)


def _known(hook: Hook | None) -> Hook:
    if hook is None:
        raise Problem("not-found", "There is no such delivery; deliveries are kept for 30 days.")
    return hook


@routes.get("/v1/webhooks")
async def endpoint(request: web.Request) -> web.Response:
    """The state of the site's endpoint."""
    caller, webhook = _hearing(request)
    return json_response(_draw_endpoint(webhook, await services(request).webhooks.endpoint(caller.site)))


@routes.post("/v1/webhooks/enable")
async def enable(request: web.Request) -> web.Response:
    """Enable an endpoint that was disabled because it answered 410 Gone."""
    caller, webhook = _hearing(request)
    await inputs.read(request, EmptyInput)
    return json_response(
        _draw_endpoint(webhook, await services(request).webhooks.enable(caller.site, actor=caller.actor))
    )


@routes.post("/v1/webhooks/test")
async def test(request: web.Request) -> web.Response:
    """Queue a test event."""
    caller, _ = _hearing(request)
    _, body = await inputs.read(request, EmptyInput)
    key = inputs.idempotency(request, body).key
    here = services(request)
    hook = _expect(request, caller, await here.webhooks.test(caller.site, key, by_key=True))
    location = here.address.path(f"/v1/webhooks/deliveries/{hook.id}")
    return json_response(_draw_whole(hook), status=201, headers={"Location": location})


@routes.get("/v1/webhooks/deliveries")
async def find(request: web.Request) -> web.Response:
    """A page of events, newest first."""
    caller = authenticate(request, "admin")
    page = await services(request).webhooks.find(caller.site, **_listing(request))
    return json_response(schema.WebhookDeliveries(deliveries=[_draw(hook) for hook in page.hooks], next=page.cursor))


@routes.get("/v1/webhooks/deliveries/{id}")
async def get(request: web.Request) -> web.Response:
    """One event with the results of its delivery attempts."""
    caller = authenticate(request, "admin")
    hook = _known(await services(request).webhooks.get(caller.site, _id_in(request)))
    return json_response(_draw_whole(hook))


@routes.post("/v1/webhooks/deliveries/{id}/resend")
async def resend(request: web.Request) -> web.Response:
    """Send an event again, under the same id."""
    caller = authenticate(request, "admin")
    identifier = _id_in(request)
    await inputs.read(request, EmptyInput)
    queued = await services(request).webhooks.resend(caller.site, identifier, actor=caller.actor, by_key=True)
    return json_response(_draw_whole(_expect(request, caller, queued)))
