"""Resetting a forgotten password: the code is sent to the bound WeChat account, and the proof allows a new password."""

from aiohttp import web

from codesvc.demo.accounts import hash_password
from codesvc.demo.languages import locale_of
from codesvc.demo.service_calls import ServiceError
from codesvc.demo.sessions import SESSION, Pending, Session
from codesvc.demo.shop import SHOP, go, notice_of, page
from codesvc.demo.signup import fault_in_password

routes = web.RouteTableDef()


@routes.get("/forgot")
async def form(request: web.Request) -> web.Response:
    """The form that asks for the user name."""
    return page(request, "forgot", name="")


@routes.post("/forgot")
async def begin(request: web.Request) -> web.Response:
    """Start a verification. The browser sees the same whether or not there is such a customer."""
    shop, given = request.app[SHOP], await request.post()
    name = str(given.get("name", "")).strip()
    if not shop.accounts.is_name(name):
        return page(request, "forgot", status=422, notice="bad-name", name=name)
    user = shop.accounts.id_to_verify(name)
    try:
        started = await shop.service.start(
            request,
            purpose="reset",
            user=user,
            locale=locale_of(request),
            return_url=f"{shop.public_url}/forgot/return",
        )
    except ServiceError as error:
        return page(request, "forgot", status=503, notice=notice_of(error), name=name)
    shop.sessions.replace(request, Session(reset=Pending(started["id"], user=user)))
    return go(started["page_url"])


@routes.get("/forgot/return")
async def back(request: web.Request) -> web.Response:
    """The browser returns from the hosted page: check that the verification is its own and approved.

    The proof is not spent yet.
    """
    shop, pending = request.app[SHOP], request[SESSION].reset
    if pending is None or pending.verification != request.query.get("verification"):
        return page(request, "forgot", status=403, notice="foreign-return", name="")
    try:
        state = await shop.service.read(pending.verification)
    except ServiceError as error:
        return page(request, "forgot", status=503, notice=notice_of(error), name="")
    if state["status"] == "pending":
        return go(state["page_url"])
    if "proof" not in state:
        return page(request, "forgot", status=410, notice="not-approved", name="")
    return go("/reset")


@routes.get("/reset")
async def new_password(request: web.Request) -> web.Response:
    """The form for the new password; the proof is fetched when the form is sent."""
    return page(request, "reset") if request[SESSION].reset else go("/forgot")


@routes.post("/reset")
async def change(request: web.Request) -> web.Response:
    """Spend the proof, set the password, end all other sessions and log in."""
    shop, session, given = request.app[SHOP], request[SESSION], await request.post()
    pending, password = session.reset, str(given.get("password", ""))
    if pending is None:
        return go("/forgot")
    if fault := fault_in_password(password):
        return page(request, "reset", status=422, notice=fault)
    try:
        state = await shop.service.read(pending.verification)
        claims = await shop.service.spend(state["proof"]) if "proof" in state else {}
    except ServiceError as error:
        return page(request, "forgot", status=409, notice=notice_of(error), name="")
    session.reset = None
    customer = shop.accounts.get(pending.user)
    # The service checks that the proof is genuine. The shop checks that it belongs to this customer and purpose.
    expected = {"vf": pending.verification, "sub": pending.user, "purpose": "reset"}
    if customer is None or {key: claims.get(key) for key in expected} != expected:
        return page(request, "forgot", status=410, notice="not-approved", name="")
    customer.password = await hash_password(password)
    shop.sessions.end_all(customer.id)
    shop.sessions.replace(request, Session(user=customer.id, notice="password-changed"))
    return go("/account")
