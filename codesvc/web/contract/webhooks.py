"""The calls around a site's webhook, and the events that it receives."""

from functools import partial
from typing import Any, Final

from codesvc.client import schema as client_schema
from codesvc.web.contract import examples, parameters, schemas
from codesvc.web.contract.operation import JSON, Answer, Operation, in_path, in_query

_ID: Final = in_path("id", "The value of the header `webhook-id`.", examples.WEBHOOK_ID)
_ENDPOINT: Final = Answer(
    description="The webhook's state.", shape=client_schema.WebhookEndpoint, example=examples.WEBHOOK_ENDPOINT
)
_SHOWN: Final = Answer(description="The event.", shape=client_schema.WebhookDelivery, example=examples.WEBHOOK_DELIVERY)


_call = partial(Operation, tag="Webhooks", scope="admin", problems=("not-found",))
ENDPOINT: Final = _call(
    method="GET",
    path="/v1/webhooks",
    id="getWebhook",
    summary="Read the state of your webhook",
    answers=(_ENDPOINT,),
)
ENABLE: Final = _call(
    method="POST",
    path="/v1/webhooks/enable",
    id="enableWebhook",
    summary="Re-enable a disabled endpoint",
    description="An endpoint that answers 410 Gone is disabled. Re-enabling it sends the events that have been "
    "waiting.",
    body=parameters.NOTHING,
    answers=(_ENDPOINT,),
)
TEST: Final = _call(
    method="POST",
    path="/v1/webhooks/test",
    id="testWebhook",
    summary="Send a test event",
    description="Its type is `webhook.test`; it is sent whatever events the endpoint subscribes to.",
    body=parameters.NOTHING,
    answers=(
        Answer(
            status=201,
            description="Queued.",
            shape=client_schema.WebhookDelivery,
            example=examples.WEBHOOK_TEST,
            headers=("Location",),
            links={name: {"id": "$response.body#/id"} for name in ("getWebhookDelivery", "resendWebhookDelivery")},
        ),
    ),
    problems=("not-found", "rate-limited"),
    retry=True,
)
LIST: Final = _call(
    method="GET",
    path="/v1/webhooks/deliveries",
    id="listWebhookDeliveries",
    summary="List events and their deliveries",
    description="Newest first. Events are kept for 30 days; of the completed ones, the newest 5,000.",
    parameters=(
        in_query(
            "status",
            "Only events with this status.",
            "failed",
            {"type": "string", "enum": list(client_schema.HOOK_STATUSES)},
        ),
        in_query(
            "event",
            "Only events of this type.",
            "verification.approved",
            {"type": "string", "enum": list(client_schema.EVENT_SHAPES)},
        ),
        in_query(
            "limit",
            "The maximum number of entries.",
            25,
            {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
        ),
        in_query("cursor", "The `next` of the previous page.", examples.WEBHOOK_CURSOR),
    ),
    answers=(
        Answer(
            description="A page.",
            shape=client_schema.WebhookDeliveries,
            example={
                "deliveries": [{k: v for k, v in examples.WEBHOOK_DELIVERY.items() if k != "payload"}],
                "next": None,
            },
        ),
    ),
    problems=("invalid",),
)
GET: Final = _call(
    method="GET",
    path="/v1/webhooks/deliveries/{id}",
    id="getWebhookDelivery",
    summary="Read an event and its delivery",
    parameters=(_ID,),
    answers=(_SHOWN,),
)
RESEND: Final = _call(
    method="POST",
    path="/v1/webhooks/deliveries/{id}/resend",
    id="resendWebhookDelivery",
    summary="Send an event again",
    description="With the same id, immediately and with a new retry schedule. A receiver that remembers ids will "
    "ignore one that it has already handled.",
    parameters=(_ID,),
    body=parameters.NOTHING,
    answers=(_SHOWN,),
    problems=("not-found", "rate-limited"),
)
CALLS: Final = (ENDPOINT, ENABLE, TEST, LIST, GET, RESEND)

_HEADERS: Final = (
    (
        "webhook-id",
        "The same for every attempt at one event: remember it, and handle each event once.",
        examples.WEBHOOK_ID,
    ),
    (
        "webhook-timestamp",
        "The time of this attempt, in seconds since 1970. Reject a request that is more than 5 minutes off.",
        "1795339816",
    ),
    (
        "webhook-signature",
        "One `v1,` signature for each of your secrets, separated by spaces: HMAC-SHA-256 over id, timestamp and body.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
)


def sent() -> dict[str, Any]:
    """The document's `webhooks`: every event as the site's server receives it."""
    return {kind: {"post": _event(kind, shape)} for kind, shape in client_schema.EVENT_SHAPES.items()}


def _event(kind: str, shape: type[client_schema.WebhookEvent]) -> dict[str, Any]:
    about = schemas.of_answers([shape])[shape.__name__]["description"]
    named = {"allOf": [schemas.reference(shape.__name__), {"properties": {"type": {"const": kind}}}]}
    return {
        "operationId": "on" + "".join(part.capitalize() for part in kind.replace("_", ".").split(".")),
        "tags": ["Webhooks"],
        "summary": client_schema.EVENT_MEANINGS[kind],
        "description": about,
        "parameters": [
            {
                "name": name,
                "in": "header",
                "description": description,
                "required": True,
                "schema": {"type": "string"},
                "example": example,
            }
            for name, description, example in _HEADERS
        ],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": named, "examples": {"event": {"value": examples.EVENTS[kind]}}}},
        },
        "responses": {
            "2XX": {"description": "You have it. Nothing else counts as a success, a redirect neither."},
            "410": {"description": "You want no more: the endpoint is disabled until you enable it."},
        },
    }
