"""The calls of the console page: the journal, the present state, recent QR codes and a stream of events."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from aiohttp import web

from codesvc.sandbox.account_state import Account
from codesvc.sandbox.api.qrcode import describe_code
from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.confidence import describe_catalogue
from codesvc.sandbox.control.account import describe_account, describe_quota
from codesvc.sandbox.control.guard import COOKIE, BadInput, Body, answer, cookie_value, is_equal, read_json
from codesvc.sandbox.courier import Courier
from codesvc.sandbox.platform import NotFound, Platform
from codesvc.sandbox.qrcode import read_integer

_HEARTBEAT = 15.0
_FRESH_CODES = 50


class _Session(Body):
    token: str


class _Shown(Body):
    url: str
    title: str = ""
    title_en: str = ""


class ConsoleControl:
    """Handlers for the console page.

    Args:
        token: the sandbox's token, with which the page opens its session.
    """

    def __init__(self, platform: Platform, courier: Courier, token: str | None) -> None:
        self._platform = platform
        self._courier = courier
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/sandbox/calls", self.list_calls),
            web.get("/sandbox/catalogue", self.show_catalogue),
            web.get("/sandbox/callbacks", self.list_callbacks),
            web.get("/sandbox/qrcodes", self.list_codes),
            web.post("/sandbox/qrcodes/shown", self.show_code),
            web.get("/sandbox/state", self.show_state),
            web.get("/sandbox/events", self.stream),
            web.post("/sandbox/session", self.open_session),
        ]

    async def list_calls(self, request: web.Request) -> web.Response:
        """API calls, oldest first; filtered by `path`, `account` and `after` (an entry's number)."""
        return answer({"calls": self._journal(request, "api")})

    async def show_catalogue(self, _request: web.Request) -> web.Response:
        """Every call of the platform that is imitated: rights, escapes and errcodes, each with its confidence."""
        return answer(describe_catalogue(ENDPOINTS))

    async def list_callbacks(self, request: web.Request) -> web.Response:
        """Every request to a callback, oldest first; `path` is the event's name."""
        return answer({"callbacks": self._journal(request, "callback")})

    async def list_codes(self, _request: web.Request) -> web.Response:
        """The last QR codes, newest first."""
        return answer({"qrcodes": self._codes()})

    async def show_code(self, request: web.Request) -> web.Response:
        """A page shows a code now: `url` is the text in the picture, `title` says whose page it is."""
        body = await read_json(request, _Shown)
        code = self._platform.codes.by_text(body.url)
        if code is None:
            raise NotFound("no QR code of this platform")
        code.show(body.title, body.title_en, self._platform.clock.now())
        self._platform.event_bus.publish("qrcode", **describe_code(code))
        return answer(describe_code(code))

    def _codes(self) -> list[dict[str, Any]]:
        codes = self._platform.codes
        return [{**describe_code(code), "stock": codes.is_stock(code)} for code in codes.recent(_FRESH_CODES)]

    async def show_state(self, _request: web.Request) -> web.Response:
        """The whole present state, for a page that has just been opened."""
        platform = self._platform
        return answer(
            {
                "default_account": platform.default_account.appid,
                "clock": {"now": platform.clock.now(), "advanced": platform.clock.advanced},
                "accounts": [self._describe(account) for account in platform.accounts.values()],
                "users": [c.describe() for account in platform.accounts.values() for c in account.contacts.values()],
                "qrcodes": self._codes(),
                "faults": [msgspec.to_builtins(fault) for fault in platform.faults.list()],
                "settings": msgspec.to_builtins(platform.settings),
                "held_receipts": len(self._courier.held),
                "held_reviews": len(platform.held),
            }
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: `event` is the type, `data` is JSON; a comment every 15 s keeps the connection open."""
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with self._platform.event_bus.listen() as listener, suppress(ConnectionError):
            await response.write(b": connected\n\n")
            while not self._platform.event_bus.closed:
                try:
                    await asyncio.wait_for(listener.arrived.wait(), _HEARTBEAT)
                except TimeoutError:
                    await response.write(b": alive\n\n")
                    continue
                listener.arrived.clear()
                while listener.events:
                    event = listener.events.popleft()
                    head = f"id: {event['id']}\nevent: {event['type']}\ndata: ".encode()
                    await response.write(head + msgspec.json.encode(event) + b"\n\n")
        return response

    async def open_session(self, request: web.Request) -> web.Response:
        """Exchange the token for a cookie, because an EventSource cannot send an Authorization header."""
        body = await read_json(request, _Session)
        if self._token is not None and not is_equal(body.token, self._token):
            return answer({"error": "unauthorized", "message": "not the sandbox's token"}, 401)
        response = answer({"ok": True})
        if self._token is not None:
            response.set_cookie(
                COOKIE, cookie_value(self._token), httponly=True, samesite="Strict", secure=request.secure
            )
        return response

    def _journal(self, request: web.Request, direction: str) -> list[dict[str, Any]]:
        after = read_integer(request.query.get("after", "0"))
        if after is None:
            raise BadInput("after: a number")
        query = request.query
        found = self._platform.journal.entries(
            direction, path=query.get("path"), account=query.get("account"), after=after
        )
        return [entry.describe() for entry in found]

    def _describe(self, account: Account) -> dict[str, Any]:
        now = self._platform.clock.now()
        tokens = [
            {
                "kind": token.kind,
                "token": token.value[:12] + "…",
                "left": min(token.expires_at, token.dead_at or 1e18) - now,
            }
            for token in account.credentials.live(now)
        ]
        quotas = [describe_quota(account, path, now) for path in account.quotas.used_paths()]
        return {**describe_account(account), "tokens": tokens, "quotas": quotas, "followers": len(account.followers())}
