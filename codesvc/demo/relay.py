"""A tiny identity system beside the shop: it makes its own codes, and hands them to codesvc in place of an SMS gateway.

Its gateway is here too, drawn as a phone: it takes the signed calls for people who are not bound. The switch between
shadow mode and live changes the site at run time, by the service's admin API, as an operator would.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import OrderedDict, deque
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from codesvc.config.api_keys import hash_line
from codesvc.demo.identity_plan import NUMBER, SITE, Plan
from codesvc.demo.languages import locale_of, mark
from codesvc.demo.service_calls import ServiceCalls, ServiceError
from codesvc.demo.sessions import GATEWAY_PATH, SESSION
from codesvc.demo.shop import go, notice_of, page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import aiohttp

_ADMINISTRATION: Final = f"/admin/v1/sites/{SITE}"
_KEY_NAME: Final = "identity"
_DIGITS: Final = 6
_LIFE_SECONDS: Final = 300
_MOST_SHOWN: Final = 6
_MOST_KNOWN: Final = 1_000
_PRICE: Final = 0.045

_REASONS: Final = {
    "shadow": mark("Shadow mode"),
    "no-binding": mark("No WeChat account is linked to this number."),
    "unreachable": mark("The WeChat account does not follow the Official Account."),
    "muted": mark("The WeChat account has answered 不是我."),
    "limited": mark("The WeChat account had enough messages today."),
    "no-receipt": mark("WeChat sent no receipt in time."),
    "repeated": mark("Asked for again: by SMS this time."),
}
"""Why the gateway was called, in words; the others need a fault of WeChat, and are shown as the call has them."""

routes = web.RouteTableDef()


class IdentitySystem:
    """Codes that were made, and the SMS that the gateway took.

    Args:
        http: a client session that lives as long as the website.
    """

    def __init__(self, plan: Plan, http: aiohttp.ClientSession) -> None:
        self._plan = plan
        self._service = ServiceCalls(http, plan.service_url, plan.site_key)
        self._admin = ServiceCalls(http, plan.service_url, plan.admin_key)
        self._codes: OrderedDict[str, str] = OrderedDict()
        self._taken: OrderedDict[str, None] = OrderedDict()
        self.messages: deque[Mapping[str, Any]] = deque(maxlen=_MOST_SHOWN)
        self.shadow = True
        self._ready, self._preparing = False, asyncio.Lock()

    async def prepare(self) -> None:
        """Set up the site and its key, once: the service starts after the website.

        Raises:
            ServiceError: the service does not answer, or refuses.
        """
        async with self._preparing:
            if not self._ready:
                await self._set_up()
                self._ready = True

    async def _set_up(self) -> None:
        await self._admin.call("PUT", f"{_ADMINISTRATION}?again=true", self._table())
        try:
            # A store that is used again has the key of the demo that ran before.
            await self._admin.call("DELETE", f"{_ADMINISTRATION}/keys/{_KEY_NAME}")
        except ServiceError as error:
            if error.problem != "not-found":
                raise
        await self._admin.call("PUT", f"{_ADMINISTRATION}/keys/{_KEY_NAME}", self._key())

    def _key(self) -> dict[str, Any]:
        return {"scopes": ["messages", "bindings"], "hash": hash_line(self._plan.site_key)}

    def _table(self) -> dict[str, Any]:
        gateway = {
            "url": self._plan.public_url + GATEWAY_PATH,
            "secrets": [self._plan.secret],
            "allow_private": True,
            "allow_http": True,
        }
        return {
            "name": {"zh": "山月账号", "en": "Moonhill ID"},
            "account": self._plan.account,
            "origins": [self._plan.public_url],
            "purposes": {"login": {"name": {"zh": "登录", "en": "Sign-in"}}},
            "relay": self._relay(shadow=self.shadow),
            "gateways": {"phone": {"signed": gateway}},
            "inbound": {"own": self._inbound()},
        }

    def _inbound(self) -> dict[str, Any]:
        """As docs/en/relay/generic.md has it."""
        names = {"recipient": "data.mobile", "code": "data.otp", "text": "data.text"}
        names |= {"purpose": "event", "locale": "lang", "id": "data.id"}
        return {"adapter": "generic", "secrets": [self._plan.inbound], "options": names}

    @staticmethod
    def _relay(*, shadow: bool) -> dict[str, Any]:
        return {"sms": "phone", "region": "CN", "purpose": "login", "price": _PRICE, "shadow": shadow}

    async def switch(self, *, shadow: bool) -> None:
        """Change between shadow mode and live.

        Raises:
            ServiceError: the service does not answer, or refuses.
        """
        await self._admin.call("PATCH", _ADMINISTRATION, {"relay": self._relay(shadow=shadow)})
        self.shadow = shadow

    async def send(self, phone: str, *, address: str, locale: str) -> None:
        """Make a code and hand it to codesvc.

        Raises:
            ServiceError: `invalid` if this is not a phone number, or see `ServiceCalls.call`.
        """
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        body = {
            "recipient": {"phone": phone},
            "code": code,
            "expires_in": _LIFE_SECONDS,
            "client_ip": address,
            "locale": locale,
        }
        await self._service.call("POST", "/v1/messages", body)
        self._codes[phone] = code
        if len(self._codes) > _MOST_KNOWN:
            self._codes.popitem(last=False)

    def is_right(self, phone: str, typed: str) -> bool:
        """Whether this is the phone's code; a right one is used up."""
        code = self._codes.get(phone, "")
        right = bool(code) and hmac.compare_digest(code.encode(), typed.strip().encode())
        if right:
            del self._codes[phone]
        return right

    async def bind_page(self, phone: str, *, address: str, locale: str) -> str:
        """The page on which the phone's owner binds a WeChat account.

        Raises:
            ServiceError: `invalid` if this is not a phone number, or see `ServiceCalls.call`.
        """
        found = await self._service.call("POST", "/v1/recipients", {"recipient": {"phone": phone}})
        body = {
            "user": found["user"],
            "display": _masked(phone),
            "client_ip": address,
            "locale": locale,
            "return_url": f"{self._plan.public_url}/relay",
        }
        return str((await self._service.ask("bind-intents", body))["page_url"])

    def take(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Take a call of the gateway: 204, 409 if it was taken before, 400 if it is not genuine."""
        try:
            said = Webhook(self._plan.secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError):
            return 400
        identifier = headers["webhook-id"]
        if identifier in self._taken:
            return 409
        self._taken[identifier] = None
        if len(self._taken) > _MOST_KNOWN:
            self._taken.popitem(last=False)
        self.messages.appendleft(said["data"])
        return 204


def _masked(phone: str) -> str:
    """A number that its owner recognises in the question of the chat: who scans need not be the owner."""
    digits = "".join(character for character in phone if character.isdigit())
    return f"{digits[:3]}****{digits[-4:]}"


IDENTITY: Final = web.AppKey("identity", IdentitySystem)
LEDGER: Final = web.AppKey("ledger", str)
"""The address of the operator's page of messages."""
_PHONE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


def _draw(request: web.Request, *, notice: str = "", phone: str = "", sent: bool = False) -> web.Response:
    identity = request.app[IDENTITY]
    shadow, ledger = identity.shadow, request.app[LEDGER]
    given: dict[str, Any] = {"number": phone, "usual": NUMBER, "sent": sent, "shadow": shadow, "ledger": ledger}
    return page(request, "relay", notice=notice, **given)


async def _number(request: web.Request) -> str:
    return str((await request.post()).get("phone", "")).strip()[:40]


def _prepared(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that finds the site set up. An error of the service becomes a message on the page."""

    @wraps(handler)
    async def prepared(request: web.Request) -> web.Response:
        try:
            await request.app[IDENTITY].prepare()
            return await handler(request)
        except ServiceError as error:
            notice = "bad-phone" if error.problem == "invalid" else notice_of(error)
            return _draw(request, notice=notice, phone=await _number(request))

    return prepared


@routes.get("/relay")
@_prepared
async def show(request: web.Request) -> web.Response:
    """The sign-in, the phone and the switch."""
    return _draw(request)


@routes.get("/relay/phone")
async def phone(request: web.Request) -> web.Response:
    """The screen of the phone; it looks again by itself."""
    response = page(request, "relay_phone", messages=list(request.app[IDENTITY].messages), reasons=_REASONS)
    response.headers["Content-Security-Policy"] = _PHONE_POLICY
    response.headers["Refresh"] = "2"
    return response


@routes.post("/relay/code")
@_prepared
async def send(request: web.Request) -> web.Response:
    """Make a code for a number."""
    number = await _number(request)
    await request.app[IDENTITY].send(number, address=request.remote or "127.0.0.1", locale=locale_of(request))
    return _draw(request, notice="code-sent", phone=number, sent=True)


@routes.post("/relay/sign-in")
async def sign_in(request: web.Request) -> web.Response:
    """Check a typed code."""
    given, number = await request.post(), await _number(request)
    right = request.app[IDENTITY].is_right(number, str(given.get("code", ""))[:16])
    return _draw(request, notice="signed-in" if right else "wrong-code", phone=number, sent=not right)


@routes.post("/relay/bind")
@_prepared
async def bind(request: web.Request) -> web.Response:
    """Lead to the page on which a number's owner binds a WeChat account. A real system asks for the session first."""
    identity, number = request.app[IDENTITY], await _number(request)
    return go(await identity.bind_page(number, address=request.remote or "127.0.0.1", locale=locale_of(request)))


@routes.post("/relay/mode")
@_prepared
async def mode(request: web.Request) -> web.Response:
    """Switch between shadow mode and live."""
    identity = request.app[IDENTITY]
    await identity.switch(shadow=str((await request.post()).get("mode", "")) == "shadow")
    request[SESSION].notice = "mode-shadow" if identity.shadow else "mode-live"
    return go("/relay")


@routes.post(GATEWAY_PATH)
async def gateway(request: web.Request) -> web.Response:
    """The SMS gateway: it takes each message once."""
    return web.Response(status=request.app[IDENTITY].take(await request.read(), request.headers))
