"""Binding a WeChat account in the settings, logging in by a scan, and the links from the chat."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from aiohttp import web

from codesvc.demo.accounts import NameTakenError, hash_password
from codesvc.demo.languages import locale_of
from codesvc.demo.service_calls import ServiceError
from codesvc.demo.sessions import SESSION, Session
from codesvc.demo.shop import SHOP, go, notice_of, page
from codesvc.demo.signup import fault_in_password

if TYPE_CHECKING:
    from codesvc.demo.shop import Shop

routes = web.RouteTableDef()


def _asked(request: web.Request, back: str) -> dict[str, Any]:
    """The members that the requests for bind intents and logins share: the browser's data and the return address."""
    return {
        "client_ip": request.remote,
        "user_agent": request.headers.get("User-Agent", ""),
        "locale": locale_of(request),
        "return_url": request.app[SHOP].public_url + back,
    }


@routes.post("/account/bind")
async def begin_bind(request: web.Request) -> web.Response:
    """Start binding a WeChat account to the customer who is logged in."""
    shop, session = request.app[SHOP], request[SESSION]
    if session.user is None:
        return go("/login")
    try:
        started = await shop.service.ask("bind-intents", {"user": session.user, **_asked(request, "/account/bound")})
    except ServiceError as error:
        session.notice = notice_of(error)
        return go("/account")
    session.intent = started["id"]
    return go(started["page_url"])


@routes.get("/account/bound")
async def end_bind(request: web.Request) -> web.Response:
    """The browser returns from the hosted page; show the settings with the new state."""
    session = request[SESSION]
    if session.intent and session.intent == request.query.get("bind_intent"):
        identifier, session.intent = session.intent, ""
        try:
            intent = await request.app[SHOP].service.asked("bind-intents", identifier)
            session.notice = "bound" if intent["status"] == "bound" else "not-bound"
        except ServiceError as error:
            session.notice = notice_of(error)
    return go("/account")


@routes.post("/login/wechat")
async def begin_login(request: web.Request) -> web.Response:
    """Start a login by a scan."""
    shop = request.app[SHOP]
    try:
        started = await shop.service.ask("logins", _asked(request, "/login/wechat"))
    except ServiceError as error:
        return page(request, "login", status=503, notice=notice_of(error), name="")
    shop.sessions.replace(request, Session(intent=started["id"]))
    return go(started["page_url"])


@routes.get("/login/wechat")
async def end_login(request: web.Request) -> web.Response:
    """The browser returns from the hosted page; only the browser that started this login is logged in."""
    shop, session = request.app[SHOP], request[SESSION]
    if session.user:
        return go("/account")
    if not session.intent or session.intent != request.query.get("login"):
        return page(request, "login", status=403, notice="foreign-return", name="")
    try:
        login = await shop.service.asked("logins", session.intent)
    except ServiceError as error:
        return page(request, "login", status=503, notice=notice_of(error), name="")
    session.intent = ""
    if login["status"] == "unknown" and login["handle"]:
        shop.sessions.replace(request, Session(handle=login["handle"]))
        return go("/welcome")
    customer = shop.accounts.get(login["user"]) if login["status"] == "approved" else None
    if customer is None:
        return page(request, "login", status=410, notice="not-approved", name="")
    shop.sessions.replace(request, Session(user=customer.id))
    return go("/account")


@routes.get("/welcome")
async def welcome(request: web.Request) -> web.Response:
    """The sign-up form for a person who logged in by a scan but is not a customer; asks for name and password."""
    return page(request, "welcome", name="") if request[SESSION].handle else go("/signup")


@routes.post("/welcome")
async def join(request: web.Request) -> web.Response:
    """Create the customer and bind them by the handle, without a second scan."""
    session, given = request[SESSION], await request.post()
    async with session.lock:
        if not session.handle:
            return go("/account")
        return await _join(request, str(given.get("name", "")).strip(), str(given.get("password", "")))


async def _join(request: web.Request, name: str, password: str) -> web.Response:
    shop, session = request.app[SHOP], request[SESSION]
    fault = ("" if shop.accounts.is_name(name) else "bad-name") or fault_in_password(password)
    if fault:
        return page(request, "welcome", status=422, notice=fault, name=name)
    try:
        customer = shop.accounts.add(name, await hash_password(password))
    except NameTakenError:
        return page(request, "welcome", status=409, notice="name-taken", name=name)
    try:
        await shop.service.bind_handle(customer.id, session.handle)
    except ServiceError as error:
        shop.accounts.remove(customer)
        return page(request, "welcome", status=409, notice=notice_of(error), name=name)
    shop.sessions.replace(request, Session(user=customer.id, notice="welcome"))
    return go("/account")


def _detour(request: web.Request, shop: Shop) -> web.Response | None:
    """Send the browser of a link from the chat to the service and back, with a state that only this session knows."""
    if "ticket" not in request.query:
        return None
    state = secrets.token_urlsafe(16)
    shop.sessions.replace(request, Session(user=request[SESSION].user, state=state))
    query = urlencode({"state": state})
    return go(f"{shop.service.url}/t/{quote(request.query['ticket'], safe='')}/go?{query}")


@routes.get("/wechat/bind")
async def offer_bind(request: web.Request) -> web.Response:
    """A link from the chat for binding: ask the customer to confirm, once they are logged in."""
    shop = request.app[SHOP]
    if request[SESSION].user is None:
        shop.sessions.replace(request, Session(ticket=request.query.get("ticket", ""), notice="log-in-first"))
        return go("/login")
    return _detour(request, shop) or page(request, "wechat_bind")


@routes.post("/wechat/bind")
async def bind(request: web.Request) -> web.Response:
    """Redeem the link with this session's state, and bind."""
    shop, session = request.app[SHOP], request[SESSION]
    if session.user is None:
        return go("/login")
    try:
        redeemed = await shop.service.redeem(request.query.get("redeem", ""), session.state)
        await shop.service.bind_handle(session.user, str(redeemed["handle"]))
    except ServiceError as error:
        session.notice = notice_of(error)
    else:
        session.notice = "bound"
    session.state = ""
    return go("/account")


@routes.get("/wechat/reset")
async def offer_reset(request: web.Request) -> web.Response:
    """A link from the chat for a reset: show the form for the new password."""
    return _detour(request, request.app[SHOP]) or page(request, "reset")


@routes.post("/wechat/reset")
async def reset(request: web.Request) -> web.Response:
    """Redeem the link with this session's state, spend the proof and set the password."""
    shop, session, given = request.app[SHOP], request[SESSION], await request.post()
    password = str(given.get("password", ""))
    if fault := fault_in_password(password):
        return page(request, "reset", status=422, notice=fault)
    try:
        redeemed = await shop.service.redeem(request.query.get("redeem", ""), session.state)
        claims = await shop.service.spend(str(redeemed.get("proof")))
    except ServiceError as error:
        return page(request, "forgot", status=409, notice=notice_of(error), name="")
    session.state = ""
    customer = shop.accounts.get(redeemed["user"])
    if customer is None or (claims["sub"], claims["purpose"]) != (customer.id, "reset"):
        return page(request, "forgot", status=410, notice="not-approved", name="")
    customer.password = await hash_password(password)
    shop.sessions.end_all(customer.id)
    shop.sessions.replace(request, Session(user=customer.id, notice="password-changed"))
    return go("/account")
