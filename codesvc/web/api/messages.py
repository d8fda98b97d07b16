"""The API's calls around messages: delivering a code that the caller made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.client import schema
from codesvc.domain.addresses import stated_address
from codesvc.domain.recipient import MessageKind
from codesvc.service.message_models import MessageRequest
from codesvc.store.outcomes import Outcome
from codesvc.web import ratelimit
from codesvc.web.api import inputs
from codesvc.web.api.message_inputs import MessageInput, RecipientsInput, stated_recipient
from codesvc.web.api.views import json_response, wire_time, wire_time_or_none
from codesvc.web.authentication import authenticate
from codesvc.web.context import services
from codesvc.web.problem import Problem, limited

if TYPE_CHECKING:
    from codesvc.domain.message import Message
    from codesvc.service.message_models import MessageResult

routes = web.RouteTableDef()


def message_view(message: Message) -> schema.Message:
    """What the API answers about a message: the same for every recipient, unless the purpose discloses bindings."""
    shown = message.disclose
    return schema.Message(
        id=message.id,
        user=message.user if shown else message.alias,
        purpose=message.purpose,
        kind=message.kind.value,
        status=message.status.value if shown else "accepted",
        channel=(message.channel or None) if shown else None,
        reason=(message.reason or None) if shown else None,
        reference=message.reference or None,
        created_at=wire_time(message.created),
        expires_at=wire_time(message.expires),
        ended_at=wire_time_or_none(message.ended) if shown else None,
    )


def problem_for(result: MessageResult) -> Problem:
    """The problem for a use case that ended without success."""
    match result.outcome:
        case Outcome.LIMITED if result.denial:
            return limited(result.denial)
        case Outcome.MISMATCH:
            return Problem("idempotency-mismatch")
        case Outcome.ABSENT:
            return Problem("not-found", "There is no such message.")
        case _:
            return Problem("internal")


@routes.post("/v1/messages")
async def send(request: web.Request) -> web.Response:
    """Take a message."""
    caller = authenticate(request, "messages")
    given, body = await inputs.read(request, MessageInput)
    kind, recipient = stated_recipient(given.recipient) if given.recipient else (MessageKind.SMS, "")
    wanted = MessageRequest(
        kind=kind,
        recipient=recipient,
        user=given.user or "",
        known_recipient=given.known_recipient,
        code=given.code or "",
        text=given.text,
        subject=given.subject,
        purpose=given.purpose,
        locale=inputs.language(given.locale),
        expires_in=given.expires_in,
        client_ip=stated_address(given.client_ip) if given.client_ip is not None else None,
        reference=given.reference,
    )
    here = services(request)
    result = await here.messages.accept(caller.site, wanted, inputs.idempotency(request, body))
    if result.message is None:
        raise problem_for(result)
    headers = {
        "Location": here.address.path(f"/v1/messages/{result.message.id}"),
        **ratelimit.headers(caller.site, ratelimit.STARTS, result.left),
    }
    return json_response(message_view(result.message), status=202, headers=headers)


@routes.get("/v1/messages/{id}")
async def get(request: web.Request) -> web.Response:
    """Read a message."""
    caller, here = authenticate(request, "messages"), services(request)
    result = await here.messages.get(caller.site, request.match_info["id"])
    if result.message is None:
        raise problem_for(result)
    return json_response(message_view(result.message))


@routes.post("/v1/recipients")
async def find(request: web.Request) -> web.Response:
    """The lasting user id of a recipient."""
    caller, here = authenticate(request, "messages"), services(request)
    given, _ = await inputs.read(request, RecipientsInput)
    kind, recipient = stated_recipient(given.recipient)
    return json_response(schema.RecipientUser(user=await here.messages.user_of(caller.site, kind, recipient)))
