"""A small tea shop that uses the service as a real website does: its server makes HTTP calls with an API key.

`signup`, `recovery` and `wechat` show the use cases; they need only `service_calls`. Use them as a starting point.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from codesvc.demo import recovery, relay, signup, wechat
from codesvc.demo.accounts import Accounts
from codesvc.demo.activity import PATH, WORDS, Activity
from codesvc.demo.identity_plan import SITE
from codesvc.demo.relay import IDENTITY, LEDGER, IdentitySystem
from codesvc.demo.service_calls import ServiceCalls, ServiceError
from codesvc.demo.sessions import SESSION, Session, Sessions, check_forms
from codesvc.demo.shop import SHOP, Shop, go, notice_of, page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.typedefs import Handler

    from codesvc.demo.identity_plan import Plan

routes = web.RouteTableDef()
_STATIC: Final = {"style.css": "text/css", "favicon.svg": "image/svg+xml"}


def create_app(
    *,
    service_url: str,
    api_key: str,
    public_url: str,
    webhook_secret: str = "",
    phone_url: str = "",
    identity: Plan | None = None,
    by_keyword: bool = False,
) -> web.Application:
    """The website.

    Args:
        service_url: the verification service's address, without a slash at the end.
        api_key: the site's key for the service, with the scopes `verify` and `bindings`.
        public_url: the website's own address; must be one of the site's `origins` in the service's configuration.
        webhook_secret: the secret of the webhook at `/hooks/codesvc`; "" if there is no webhook.
        phone_url: where visitors find a phone with WeChat for the demonstration, the sandbox; "" for none.
        identity: the settings of the identity system at `/relay`; None for none.
        by_keyword: whether nothing can be pushed, so that people send keywords; the texts say so.
    """
    sessions = Sessions(secure=public_url.startswith("https:"))
    activity = Activity(webhook_secret) if webhook_secret else None

    @web.middleware
    async def add_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        # form-action applies to redirects too, and the shop's forms redirect to the service's page. Without the slash,
        # an address with a path would stand for that path alone.
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
            f"form-action 'self' {service_url}/; frame-ancestors 'none'; base-uri 'none'",
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    async def open_shop(app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as http:
            service = ServiceCalls(http, service_url, api_key)
            app[SHOP] = Shop(Accounts(), sessions, service, public_url, activity, phone_url, by_keyword)
            if identity is not None:
                app[IDENTITY] = IdentitySystem(identity, http)
            yield

    app = web.Application(middlewares=[add_headers, sessions.middleware, _answer_errors, check_forms])
    app.cleanup_ctx.append(open_shop)
    for table in (routes, signup.routes, recovery.routes, wechat.routes):
        app.add_routes(table)
    if identity is not None:
        app[LEDGER] = f"{service_url}/admin/relay?site={SITE}"
        app.add_routes(relay.routes)
    if activity is not None:
        app.router.add_post(PATH, activity.receive)
    return app


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer an error with a page."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return page(request, "sorry", status=404)
    except web.HTTPForbidden:
        return page(request, "sorry", status=403, notice="stale-form")


@routes.get("/")
async def home(request: web.Request) -> web.Response:
    """The home page."""
    return page(request, "home")


@routes.get("/static/{name}")
async def static(request: web.Request) -> web.Response:
    """The style sheet and the icon.

    Raises:
        HTTPNotFound: no such file.
    """
    name = request.match_info["name"]
    if name not in _STATIC:
        raise web.HTTPNotFound
    text = files("codesvc.demo").joinpath("pages", name).read_text(encoding="utf-8")
    headers = {"Cache-Control": "public, max-age=300"}
    return web.Response(text=text, content_type=_STATIC[name], headers=headers)


@routes.get("/login")
async def login_form(request: web.Request) -> web.Response:
    """The login form."""
    return go("/account") if request[SESSION].user else page(request, "login", name="")


@routes.post("/login")
async def login(request: web.Request) -> web.Response:
    """Log in by user name and password."""
    shop, given = request.app[SHOP], await request.post()
    name = str(given.get("name", "")).strip()
    customer = await shop.accounts.log_in(name, str(given.get("password", ""))[:1024])
    if customer is None:
        return page(request, "login", status=422, notice="wrong-login", name=name)
    ticket = request[SESSION].ticket
    shop.sessions.replace(request, Session(user=customer.id))
    return go(f"/wechat/bind?{urlencode({'ticket': ticket})}" if ticket else "/account")


@routes.post("/logout")
async def logout(request: web.Request) -> web.Response:
    """Log out."""
    request.app[SHOP].sessions.replace(request, Session())
    return go("/")


@routes.get("/account")
async def account(request: web.Request) -> web.Response:
    """The customer's settings, with the state of their binding at the service."""
    return await _settings(request)


@routes.post("/account/unbind")
async def unbind(request: web.Request) -> web.Response:
    """Unbind the WeChat account. Asks for the password again, because a reset is impossible without a binding."""
    shop, given = request.app[SHOP], await request.post()
    customer = shop.accounts.get(request[SESSION].user)
    if customer is None:
        return go("/login")
    if await shop.accounts.log_in(customer.name, str(given.get("password", ""))[:1024]) is None:
        return await _settings(request, status=422, notice="wrong-password")
    try:
        await shop.service.unbind(customer.id)
    except ServiceError as error:
        return await _settings(request, status=503, notice=notice_of(error))
    request[SESSION].notice = "unbound"
    return go("/account")


async def _settings(request: web.Request, *, status: int = 200, notice: str = "") -> web.Response:
    shop = request.app[SHOP]
    customer = shop.accounts.get(request[SESSION].user)
    if customer is None:
        return go("/login")
    try:
        binding, known = await shop.service.binding(customer.id), True
    except ServiceError:
        binding, known = None, False
    lines = shop.activity.of(customer.id) if shop.activity else []
    values = {"binding": binding, "known": known, "activity": [(line.when, WORDS[line.what]) for line in lines]}
    return page(request, "account", status=status, notice=notice, **values)
