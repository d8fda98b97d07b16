"""WeChat's pushes, forwarded by a customer's back end that keeps WeChat's callback itself (DESIGN rule 9).

The back end authenticates with an event key of the account. The service cannot check WeChat's signature of a forwarded
push. So the answer contains no code, link or proof; a code is sent as a customer-service message.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.client import schema
from codesvc.config.api_keys import hash_line
from codesvc.domain.clock import unix_ms
from codesvc.domain.errors import Invalid
from codesvc.web.api import inputs
from codesvc.web.api.event_input import Addressee, EventInput
from codesvc.web.api.user_ids import check_openid
from codesvc.web.api.views import json_response
from codesvc.web.authentication import bearer
from codesvc.web.context import services
from codesvc.web.problem import Problem
from codesvc.wechat.callback_format import Inbound, ReplyContext
from codesvc.wechat.events import Event, Followed, Scanned, TemplateReceipt, Text, Unfollowed

if TYPE_CHECKING:
    from codesvc.sites.directory import AccountEntry

routes = web.RouteTableDef()


def _one_of(given: str, known: tuple[str, ...]) -> bool:
    # All keys are compared, so that the time does not disclose which one matches.
    return sum(hmac.compare_digest(given, one) for one in known) > 0


def _account(request: web.Request, name: str) -> AccountEntry:
    """The account, if the request's key is one of its event keys.

    Raises:
        Problem: the key is missing or unknown, or there is no such account; all get the same answer.
    """
    given = hash_line(bearer(request))
    account = services(request).directory.account(name)
    known = account.config.event_keys if account else ()
    if account is None or not _one_of(given, known):
        raise Problem("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="codesvc events"'})
    return account


def _event(given: EventInput) -> Event:
    at = unix_ms() // 1000
    dedupe = "given:" + sha256(f"{given.account}/{given.openid}/{given.id}".encode()).hexdigest()[:32]
    match given.type:
        case "subscribe":
            return Followed(openid=given.openid, at=at, dedupe=dedupe, scene=given.scene)
        case "unsubscribe":
            return Unfollowed(openid=given.openid, at=at, dedupe=dedupe)
        case "scan" if given.scene is not None:
            return Scanned(openid=given.openid, at=at, dedupe=dedupe, scene=given.scene)
        case "text" if given.content is not None:
            return Text(openid=given.openid, at=at, dedupe=dedupe, content=given.content)
        case "template_receipt" if given.msgid is not None and given.status is not None:
            reason = "" if given.status == "success" else "failed"
            return TemplateReceipt(
                openid=given.openid,
                at=at,
                dedupe=dedupe,
                msgid=given.msgid,
                status="failed" if reason else "delivered",
                reason=reason,
            )
        case _:
            wanted = {"scan": "scene", "text": "content"}.get(given.type, "msgid and status")
            raise Invalid(f"{given.type} needs {wanted}", "/" + wanted.partition(" ")[0])


@routes.post("/v1/wechat/events")
async def handle(request: web.Request) -> web.Response:
    """Handle one push; `reply` is the text that the caller may send in the chat, null if there is none."""
    body = await request.read()
    account, here = _account(request, inputs.decode(body, Addressee).account), services(request)
    given = inputs.decode(body, EventInput)
    check_openid(given.openid, here.settings.mode)
    event = _event(given)
    if isinstance(event, Unfollowed):
        # The event key is trusted for this: the binding stays, and whatever the person does in the chat corrects it.
        await here.followers.left(account, event.openid, dedupe=event.dedupe)
        return json_response(schema.Heard(ours=True, reply=None))
    context = ReplyContext(
        appid=account.config.appid,
        openid=given.openid,
        original_id=account.config.original_id or "",
        nonce="",
        encrypted=False,
        token="",
    )
    inbound = Inbound(event=event, covered=False, vouched=True, reply_context=context)
    text = await here.callback_events.handle(account, inbound)
    ours = text is not None or isinstance(event, TemplateReceipt)
    return json_response(schema.Heard(ours=ours, reply=text))
