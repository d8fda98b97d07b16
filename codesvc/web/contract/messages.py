"""The calls around messages: codes that the caller made."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from codesvc.client import schema
from codesvc.web.api.message_inputs import MessageInput, RecipientInput, RecipientsInput
from codesvc.web.contract import examples
from codesvc.web.contract.operation import Answer, Body, Operation, in_path

if TYPE_CHECKING:
    from codesvc.web.api.inputs import Input

TAG: Final = "Messages"
_ID: Final = in_path("id", "A message's id.", examples.MESSAGE_ID)

_ONE_RECIPIENT: Final[dict[type[Input], dict[str, Any]]] = {RecipientInput: {"minProperties": 1, "maxProperties": 1}}


def _one_of(*ways: dict[str, Any]) -> dict[str, Any]:
    """At least one of some members; a condition and not a union, so that generated types stay one type."""
    return {"if": {"anyOf": [{"required": list(way), "properties": way} for way in ways]}, "else": False}


_NEEDED: Final[dict[str, Any]] = {
    "allOf": [
        _one_of({"code": True}, {"text": {"minLength": 1}}),
        _one_of({"recipient": {"type": "object"}}, {"user": True}),
    ]
}

_call = partial(Operation, tag=TAG, scope="messages")
SEND: Final = _call(
    method="POST",
    path="/v1/messages",
    id="sendMessage",
    summary="Deliver a code that you generated",
    description="Accepts a code and answers immediately; the delivery follows. People with a binding get it as a "
    "template message, all others through the gateway that the site's configuration names for SMS or "
    "e-mail. The answer is the same for both. Give a `recipient`, a `user`, or both; a user alone has "
    "no gateway to fall back to. The code is kept encrypted until the delivery ends, for at most "
    "`expires_in`, and never logged.",
    body=Body(
        shape=MessageInput,
        examples={
            "phone": {
                "recipient": {"phone": "+8613800138000"},
                "code": "721082",
                "purpose": "register",
                "client_ip": "192.0.2.1",
            },
            "email": {
                "recipient": {"email": "alice@example.com"},
                "user": "alice",
                "code": "721082",
                "purpose": "reset",
                "locale": "en",
                "expires_in": 600,
            },
        },
        narrowed=_NEEDED,
        narrowed_parts=_ONE_RECIPIENT,
    ),
    answers=(
        Answer(
            status=202,
            description="Accepted, now or by an earlier call with this Idempotency-Key.",
            shape=schema.Message,
            example=examples.MESSAGE,
            headers=("Location",),
            links={"getMessage": {"id": "$response.body#/id"}},
        ),
    ),
    problems=("not-found", "idempotency-mismatch", "rate-limited"),
    retry=True,
    limited=True,
)
GET: Final = _call(
    method="GET",
    path="/v1/messages/{id}",
    id="getMessage",
    summary="Read a message",
    description="Its state, up to an hour after it ends. If its purpose does not disclose bindings, the status is "
    "accepted until then.",
    parameters=(_ID,),
    answers=(Answer(description="The message.", shape=schema.Message, example=examples.MESSAGE),),
    problems=("not-found",),
)
RECIPIENT: Final = _call(
    method="POST",
    path="/v1/recipients",
    id="findRecipient",
    summary="Get the user id of a phone number or e-mail address",
    description="The id is always the same for a recipient, and different on every site. Bind a WeChat account "
    "under it (by a bind intent, an import or the openid), and messages to this recipient go there. Nothing is stored.",
    body=Body(
        shape=RecipientsInput,
        examples={"phone": {"recipient": {"phone": "+8613800138000"}}},
        narrowed_parts=_ONE_RECIPIENT,
    ),
    answers=(Answer(description="The id.", shape=schema.RecipientUser, example=examples.RECIPIENT_USER),),
)

CALLS: Final = (SEND, GET, RECIPIENT)
