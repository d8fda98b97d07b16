"""A tiny identity system beside the shop: it makes its own codes, and hands them to codesvc in place of an SMS gateway.

Its gateway is here too, drawn as a phone: it takes the signed calls for people who are not bound. The switch between
shadow mode and live changes the site at run time, by the service's admin API, as an operator would.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from codesvc.config.keys import hash_line
from codesvc.demo.languages import locale_of
from codesvc.demo.sessions import GATEWAY_PATH, SESSION
from codesvc.demo.shop import go, page

if TYPE_CHECKING:
    from collections.abc import Mapping

SITE: Final = "signin"
_KEY_NAME: Final = "identity"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_DIGITS: Final = 6
_LIFE_SECONDS: Final = 300
_MOST_SHOWN: Final = 6
_MOST_KNOWN: Final = 1_000
_PRICE: Final = 0.045

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Plan:
    """What the identity system is made with.

    Attributes:
        service_url: the service's address.
        public_url: the website's address.
        account: the account of its site.
        admin_key: sets up its site at run time.
        site_key: its own key, with the scopes messages and bindings.
        secret: signs the calls of its gateway.
    """

    service_url: str
    public_url: str
    account: str
    admin_key: str = field(repr=False)
    site_key: str = field(repr=False)
    secret: str = field(repr=False)


class IdentitySystem:
    """Codes that were made, and the SMS that the gateway took.

    Args:
        plan: what it is made with.
        http: a client session that lives as long as the website.
    """

    def __init__(self, plan: Plan, http: aiohttp.ClientSession) -> None:
        self._plan, self._http = plan, http
        self._codes: OrderedDict[str, str] = OrderedDict()
        self._taken: OrderedDict[str, None] = OrderedDict()
        self.messages: deque[Mapping[str, Any]] = deque(maxlen=_MOST_SHOWN)
        self.shadow = True
        self._ready = False

    async def _call(self, method: str, path: str, body: Any, *, key: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        async with self._http.request(
            method, self._plan.service_url + path, json=body, headers=headers, timeout=_TIMEOUT
        ) as answer:
            text = await answer.read()
            return answer.status, (await answer.json(content_type=None)) if text else None

    async def _administer(self, method: str, path: str, body: Any) -> int:
        return (await self._call(method, f"/admin/v1/sites/{SITE}{path}", body, key=self._plan.admin_key))[0]

    async def prepare(self) -> None:
        """Set up the site and its key, once: the service starts after the website."""
        if self._ready:
            return
        await self._administer("PUT", "?again=true", self._table())
        await self._administer("PUT", f"/keys/{_KEY_NAME}", self._key())
        self._ready = True

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
            "relay": self._relay(),
            "gateways": {"phone": {"signed": gateway}},
        }

    def _relay(self) -> dict[str, Any]:
        return {"sms": "phone", "region": "CN", "purpose": "login", "price": _PRICE, "shadow": self.shadow}

    async def switch(self, *, shadow: bool) -> None:
        """Change between shadow mode and live."""
        self.shadow = shadow
        await self._administer("PATCH", "", {"relay": self._relay()})

    async def send(self, phone: str, *, address: str, locale: str) -> str:
        """Make a code and hand it to codesvc; "" if it was accepted, else the key of a message."""
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        body = {
            "recipient": {"phone": phone},
            "code": code,
            "expires_in": _LIFE_SECONDS,
            "client_ip": address,
            "locale": locale,
        }
        status, _ = await self._call("POST", "/v1/messages", body, key=self._plan.site_key)
        if status == 400:  # noqa: PLR2004  invalid
            return "bad-phone"
        if status != 202:  # noqa: PLR2004  accepted
            return "unavailable"
        self._codes[phone] = code
        if len(self._codes) > _MOST_KNOWN:
            self._codes.popitem(last=False)
        return ""

    def is_right(self, phone: str, typed: str) -> bool:
        """Whether this is the phone's code; a right one is used up."""
        code = self._codes.get(phone, "")
        right = bool(code) and hmac.compare_digest(code.encode(), typed.strip().encode())
        if right:
            del self._codes[phone]
        return right

    async def bind_page(self, phone: str, *, address: str, locale: str) -> str:
        """The page on which the phone's owner binds a WeChat; "" if there is none."""
        key = self._plan.site_key
        status, found = await self._call("POST", "/v1/recipients", {"recipient": {"phone": phone}}, key=key)
        if status != 200:  # noqa: PLR2004
            return ""
        body = {
            "user": found["user"],
            "client_ip": address,
            "locale": locale,
            "return_url": f"{self._plan.public_url}/relay",
        }
        status, intent = await self._call("POST", "/v1/bind-intents", body, key=key)
        return str(intent["page_url"]) if status == 201 else ""  # noqa: PLR2004

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


IDENTITY: Final = web.AppKey("identity", IdentitySystem)
_PHONE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


@routes.get("/relay")
async def show(request: web.Request) -> web.Response:
    """The sign-in, the phone and the switch."""
    identity = request.app[IDENTITY]
    await identity.prepare()
    return _draw(request)


def _draw(request: web.Request, *, notice: str = "", phone: str = "", sent: bool = False) -> web.Response:
    identity = request.app[IDENTITY]
    shadow, ledger = identity.shadow, request.app[LEDGER]
    return page(request, "relay", notice=notice, number=phone, sent=sent, shadow=shadow, ledger=ledger)


@routes.get("/relay/phone")
async def phone(request: web.Request) -> web.Response:
    """The screen of the phone; it looks again by itself."""
    response = page(request, "relay_phone", messages=list(request.app[IDENTITY].messages))
    response.headers["Content-Security-Policy"] = _PHONE_POLICY
    response.headers["Refresh"] = "2"
    return response


@routes.post("/relay/code")
async def send(request: web.Request) -> web.Response:
    """Make a code for a number."""
    identity, number = request.app[IDENTITY], str((await request.post()).get("phone", "")).strip()[:40]
    await identity.prepare()
    fault = await identity.send(number, address=request.remote or "127.0.0.1", locale=locale_of(request))
    return _draw(request, notice=fault or "code-sent", phone=number, sent=not fault)


@routes.post("/relay/sign-in")
async def sign_in(request: web.Request) -> web.Response:
    """Check a typed code."""
    given = await request.post()
    number = str(given.get("phone", "")).strip()[:40]
    right = request.app[IDENTITY].is_right(number, str(given.get("code", ""))[:16])
    return _draw(request, notice="signed-in" if right else "wrong-code", phone=number, sent=not right)


@routes.post("/relay/bind")
async def bind(request: web.Request) -> web.Response:
    """Lead to the page on which a number's owner binds a WeChat. A real system asks for the session first."""
    identity, number = request.app[IDENTITY], str((await request.post()).get("phone", "")).strip()[:40]
    await identity.prepare()
    url = await identity.bind_page(number, address=request.remote or "127.0.0.1", locale=locale_of(request))
    return go(url) if url else _draw(request, notice="bad-phone", phone=number)


@routes.post("/relay/mode")
async def mode(request: web.Request) -> web.Response:
    """Switch between shadow mode and live."""
    identity = request.app[IDENTITY]
    await identity.prepare()
    await identity.switch(shadow=str((await request.post()).get("mode", "")) == "shadow")
    request[SESSION].notice = "mode-shadow" if identity.shadow else "mode-live"
    return go("/relay")


@routes.post(GATEWAY_PATH)
async def gateway(request: web.Request) -> web.Response:
    """The SMS gateway: it takes each message once."""
    return web.Response(status=request.app[IDENTITY].take(await request.read(), request.headers))


LEDGER: Final = web.AppKey("ledger", str)
"""The address of the operator's page of messages."""
