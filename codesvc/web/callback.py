"""WeChat's callback (WECHAT.md 9): parses it, passes it to the service, and answers a reply or `success`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.domain.callback_health import PROBE_OPENID
from codesvc.domain.clock import unix_ms
from codesvc.web.context import services
from codesvc.web.problem import Problem
from codesvc.web.short_response import ShortResponse
from codesvc.wechat import callback_format
from codesvc.wechat.errors import BadCallback, BadEnvelope, BadKeys, BadMessage, BadSignature, StaleCallback

if TYPE_CHECKING:
    from codesvc.sites.directory import AccountEntry

routes = web.RouteTableDef()


def _account_in(request: web.Request) -> AccountEntry:
    account = services(request).directory.account(request.match_info["account"])
    if account is None:
        raise Problem("not-found", "There is no such account.")
    return account


def _noted_problem(request: web.Request, account: AccountEntry, error: BadCallback | BadKeys) -> Problem:
    """Note a refused callback for operators. Returns the problem that answers it."""
    signed = isinstance(error, StaleCallback | BadEnvelope | BadMessage | BadKeys)
    services(request).readiness.callbacks.note(account.name, error, signed=signed)
    if isinstance(error, BadEnvelope | BadMessage):
        return Problem("bad-callback", str(error))
    return Problem("bad-signature")


def _type_of(relayed: bytes) -> str:
    """The Content-Type for the other back end's answer. Its own is not used: it could be that of a page.

    WeChat does not look at the type. Whoever has seen a callback can let any page send it again from a visitor's
    browser. The answer then opens there on the service's own origin, where a page could run scripts.
    """
    return "application/xml" if relayed.lstrip().startswith(b"<") else "text/plain"


@routes.get("/wechat/{account}")
async def verify_url(request: web.Request) -> web.Response:
    """The URL verification by WeChat's console."""
    account = _account_in(request)
    try:
        echo = callback_format.verify_url(account.callback_keys, request.query)
    except BadCallback as error:
        raise _noted_problem(request, account, error) from None
    return web.Response(text=echo, content_type="text/plain")


@routes.post("/wechat/{account}")
async def handle(request: web.Request) -> web.Response:
    """Handle a callback. Its timestamp is checked against real time: test mode moves only the service's clock."""
    account, here = _account_in(request), services(request)
    body = await request.read()
    try:
        inbound = callback_format.parse(account.callback_keys, request.query, body, now=unix_ms() / 1000)
    except (BadCallback, BadKeys) as error:
        raise _noted_problem(request, account, error) from None
    if not inbound.covered and not await here.callback_events.admits(account, inbound):
        raise _noted_problem(
            request, account, BadSignature("the timestamp and nonce have come with too many other events")
        )
    # `codesvc check` sends an event of this openid. It does not show that WeChat reaches the service.
    if inbound.event.openid != PROBE_OPENID:
        here.readiness.callbacks.hear(account.name)
    text = await here.callback_events.handle(account, inbound)
    query, stamp = request.rel_url.raw_query_string, inbound.stamp
    if text is None:
        relayed = await here.callback_forwarding.ask(account, query, body, stamp=stamp)
        if relayed is not None:
            return ShortResponse(body=relayed, content_type=_type_of(relayed))
        return ShortResponse(body=callback_format.render_nothing(), content_type="text/plain")
    here.callback_forwarding.copy(account, query, body, stamp=stamp)
    reply = callback_format.render_text(inbound, text, now=unix_ms() / 1000)
    return ShortResponse(body=reply, content_type="application/xml", charset="utf-8")
