"""Signing up: verify first, then create the customer and bind the WeChat account that received the code."""

import secrets

from aiohttp import web

from codesvc.demo.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD, NameTakenError, hash_password
from codesvc.demo.languages import locale_of
from codesvc.demo.service_calls import ServiceError
from codesvc.demo.sessions import SESSION, Pending, Session
from codesvc.demo.shop import SHOP, go, notice_of, page

routes = web.RouteTableDef()


def fault_in_password(password: str) -> str:
    """The key of the message for a password that is not allowed; "" if it is allowed."""
    return "" if SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD else "bad-password"


@routes.get("/signup")
async def form(request: web.Request) -> web.Response:
    """The sign-up form."""
    return go("/account") if request[SESSION].user else page(request, "signup", name="")


@routes.post("/signup")
async def begin(request: web.Request) -> web.Response:
    """Start a verification and send the browser to its page."""
    shop, given = request.app[SHOP], await request.post()
    name, password = str(given.get("name", "")).strip(), str(given.get("password", ""))
    fault = "" if shop.accounts.is_name(name) else "bad-name"
    fault = fault or fault_in_password(password) or ("name-taken" if shop.accounts.find(name) else "")
    if fault:
        return page(request, "signup", status=422, notice=fault, name=name)
    try:
        started = await shop.service.start(
            request,
            purpose="register",
            # A new id for each attempt, never the typed name. Otherwise a person could bind their WeChat account to the
            # name of another person.
            user="attempt-" + secrets.token_hex(12),
            locale=locale_of(request),
            return_url=f"{shop.public_url}/signup/return",
        )
    except ServiceError as error:
        return page(request, "signup", status=503, notice=notice_of(error), name=name)
    pending = Pending(started["id"], name=name, password=await hash_password(password))
    shop.sessions.replace(request, Session(sign_up=pending))
    return go(started["page_url"])


@routes.get("/signup/return")
async def finish(request: web.Request) -> web.Response:
    """If this browser's verification is approved, create the customer, bind, log in."""
    session = request[SESSION]
    async with session.lock:
        if session.user or session.left:
            return go("/account")  # a second tab, or the browser's back button
        return await _finish(request, session.sign_up)


async def _finish(request: web.Request, pending: Pending | None) -> web.Response:
    shop = request.app[SHOP]
    if pending is None or pending.verification != request.query.get("verification"):
        return page(request, "signup", status=403, notice="foreign-return", name="")
    try:
        state = await shop.service.read(pending.verification)
        if state["status"] == "pending":
            return go(state["page_url"])
        if "proof" not in state:
            return page(request, "signup", status=410, notice="not-approved", name=pending.name)
        customer = shop.accounts.add(pending.name, pending.password)
        try:
            await shop.service.bind(customer.id, state["proof"])
        except ServiceError:
            shop.accounts.remove(customer)
            raise
    except NameTakenError:
        return page(request, "signup", status=409, notice="name-taken", name=pending.name)
    except ServiceError as error:
        return page(request, "signup", status=409, notice=notice_of(error), name=pending.name)
    shop.sessions.replace(request, Session(user=customer.id, notice="welcome"))
    return go("/account")
