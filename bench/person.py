"""A person's browser and phone, and the back end that serves them, through a sign-up, a reset and a login."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from bench import phone
from bench.bindings import KEYS
from bench.service import KEY, openid, start_body
from codesvc.config import load
from codesvc.domain.codes import VerificationId, derive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    import aiohttp
    import redis

    from bench.meter import Meter
    from bench.service import Running

    Journey = Callable[["Person"], Coroutine[Any, Any, None]]

_HTML = {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140"}
_PANEL = _HTML | {"X-Codesvc-Part": "panel"}
"""The header with which the page's script asks for what has changed."""
_ASSET = re.compile(r'(?:src|href)="([^"]+\.(?:js|css|svg|woff2)(?:\?[^"]*)?)"')
_PICTURE = "/qr.svg"
_STRANGERS = 10_000_000  # openids from here on are not bound
_PATIENCE_SECONDS = 60


class Person:
    """One person, by their number."""

    def __init__(
        self, here: Running, http: aiohttp.ClientSession, store: redis.Redis, meter: Meter, number: int
    ) -> None:
        self._here, self._http, self._store, self._meter = here, http, store, meter
        self._number = number

    async def _ask(self, method: str, path: str, wanted: int = 200, **more: Any) -> Any:
        self._meter.requests += 1
        url = path if path.startswith("http") else f"{self._here.base}{path}"
        async with self._http.request(method, url, **more) as answer:
            body = await answer.read()
            if answer.status != wanted:
                raise SystemExit(f"{method} {path}: {answer.status} {body[:300]!r}")
            return await answer.json() if "json" in answer.content_type else body.decode()

    async def _keyed(self, method: str, path: str, wanted: int = 200, **more: Any) -> Any:
        return await self._ask(method, path, wanted, headers={"Authorization": f"Bearer {KEY}"}, **more)

    async def _open_page(self, url: str) -> None:
        async with self._meter.step("page"):
            page = await self._ask("GET", url, headers=_HTML)
        async with self._meter.step("assets"):
            for asset in dict.fromkeys(_ASSET.findall(page)):
                if not asset.endswith(_PICTURE):  # which is a step of its own
                    await self._ask("GET", asset)

    async def _panel(self, url: str) -> None:
        """What the page fetches when its stream says that something has changed."""
        async with self._meter.step("panel after a change"):
            await self._ask("GET", url, headers=_PANEL)

    async def _check(self, url: str, code: str) -> None:
        """The code box's form, as the page's script sends it."""
        async with self._meter.step("check on the page"):
            await self._ask("POST", f"{url}/check", data={"code": code}, headers=_PANEL)

    async def _pushed(self, callback: tuple[str, str]) -> str:
        path, body = callback
        reply = await self._ask("POST", path, data=body, headers={"Content-Type": "text/xml"})
        return phone.answer(reply)

    async def _scan(self, openid: str, scene: str) -> str:
        async with self._meter.step("callback and its reply"):
            return await self._pushed(phone.scan(openid, scene))

    @asynccontextmanager
    async def _watching(self, url: str) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            async with self._meter.step("event stream"):
                self._meter.requests += 1
                answer = await stack.enter_async_context(self._http.get(f"{url}/events"))
                await answer.content.readuntil(b"\n\n")
            yield

    async def _scene(self, path: str) -> str:
        """What the picture says, by the key; not counted."""
        scan = await self._keyed("GET", f"{path}/scan")
        self._meter.requests -= 1
        return scan["url"].rpartition("/")[2]

    async def sign_up(self) -> None:
        """Start, page, picture, stream, scan, panel, check, state, binding."""
        user = f"new-{self._number}"
        async with self._meter.step("start"):
            body = start_body(self._number) | {"user": user}
            started = await self._keyed("POST", "/v1/verifications", 201, json=body)
        url = started["page_url"]
        await self._open_page(url)
        async with self._meter.step("picture"):
            await self._ask("GET", f"{url}{_PICTURE}")
        async with self._watching(url):
            reply = await self._scan(
                openid(_STRANGERS + self._number), await self._scene(f"/v1/verifications/{started['id']}")
            )
            code = re.search(r"(?<!\d)\d{6}(?!\d)", reply)
            assert code is not None, reply
            await self._panel(url)
            await self._check(url, code[0])
        async with self._meter.step("state, by key"):
            seen = await self._keyed("GET", f"/v1/verifications/{started['id']}")
        async with self._meter.step("binding"):
            await self._keyed("PUT", f"/v1/bindings/{user}", 201, json={"proof": seen["proof"]})

    async def reset(self) -> None:
        """Start, page, stream, delivery by template message, check, state, proof spent. For a bound user."""
        async with self._meter.step("start"):
            body = start_body(self._number) | {"purpose": "reset"}
            started = await self._keyed("POST", "/v1/verifications", 201, json=body)
            await self._delivered()
        url = started["page_url"]
        await self._open_page(url)
        async with self._watching(url):
            identifier = VerificationId.parse(started["id"])
            assert identifier is not None
            key = load(self._here.config).secrets.keyring().find(identifier.key_id)
            assert key is not None
            await self._check(url, derive(key.code_key, identifier))
        async with self._meter.step("state, by key"):
            seen = await self._keyed("GET", f"/v1/verifications/{started['id']}")
        async with self._meter.step("proof spent"):
            await self._keyed("POST", "/v1/proofs/verify", json={"proof": seen["proof"]})

    async def _delivered(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._store.xlen(KEYS.outbox):
            if time.monotonic() > deadline:
                raise SystemExit("a message was not delivered")
            await asyncio.sleep(0.001)

    async def log_in(self) -> None:
        """Start, page, picture, stream, scan, the yes in the chat, panel, state."""
        async with self._meter.step("start"):
            address = start_body(self._number)["client_ip"]
            started = await self._keyed("POST", "/v1/logins", 201, json={"client_ip": address})
        url = started["page_url"]
        await self._open_page(url)
        async with self._meter.step("picture"):
            await self._ask("GET", f"{url}{_PICTURE}")
        async with self._watching(url):
            await self._scan(openid(self._number), await self._scene(f"/v1/logins/{started['id']}"))
            async with self._meter.step("the yes in the chat"):
                await self._pushed(phone.text(openid(self._number), "确认"))
            await self._panel(url)
        async with self._meter.step("state, by key"):
            seen = await self._keyed("GET", f"/v1/logins/{started['id']}")
        assert seen["status"] == "approved", seen


JOURNEYS: Final[dict[str, Journey]] = {
    "sign-up by scan": Person.sign_up,
    "reset by push": Person.reset,
    "login by scan": Person.log_in,
}
