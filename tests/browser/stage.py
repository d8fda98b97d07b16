"""The demo as a whole, people with phones, and a real Chromium: what the browser tests and the screenshots share."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import socket
import tempfile
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from itsdangerous import URLSafeSerializer

from codesvc.demo.configuration import Addresses
from codesvc.demo.stack import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Route

KEY = "csk_shop_" + "b" * 43
WHOLE = os.environ.get("CODESVC_ALL_LOOKS") == "1"
"""Whether pages are read in every look: each scene on both screens in both languages, light and dark; other pages on
both screens, light and dark. Else each scene in one of the four by turns, and the others in some of the four, which
hold every screen and every scheme."""
TWO_LOOKS = [(False, False), (True, True), *([(False, True), (True, False)] if WHOLE else [])]
"""On a phone or not, dark or not: schemes differ in colours alone, and every scene is read in both."""
PHONE_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)
WECHAT_AGENT = PHONE_AGENT.replace("Version/18.1", "MicroMessenger/8.0.54(0x18003632) NetType/WIFI Language/zh_CN")
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


def four_free_ports() -> int:
    """The first of four neighbouring ports."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        try:
            for each in range(port, port + 4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", each))
        except OSError:
            continue
        return port


_OWN = ("http://127.0.0.1:", "data:", "weixin:")


def _is_fault(said: ConsoleMessage) -> bool:
    """Errors of scripts and broken policies; not the note that an answer was a 422, or that there is no WeChat here."""
    expected = ("Failed to load resource", "Failed to launch 'weixin://'")
    return said.type == "error" and not any(part in said.text for part in expected)


def verification_of(page: Page) -> str:
    """The id of the verification whose page this is."""
    token = urlsplit(page.url).path.rpartition("/p/")[2]
    _, (_, identifier) = URLSafeSerializer("").loads_unsafe(token)
    return str(identifier)


def another_code_than(code: str) -> str:
    """A code of the right form that is not this one."""
    return "222222" if code == "111111" else "111111"


@dataclass(frozen=True)
class Person:
    """Somebody with a phone."""

    stage: Stage
    openid: str

    async def follow(self) -> Any:
        return await self.stage.control("POST", f"/users/{self.openid}/follow")

    async def unfollow(self) -> Any:
        return await self.stage.control("POST", f"/users/{self.openid}/unfollow")

    async def say(self, text: str) -> Any:
        return await self.stage.control("POST", f"/users/{self.openid}/send", {"text": text})

    async def scan(self, identifier: str) -> Any:
        """Point the camera at the QR code of the page of this verification, bind intent or login."""
        what = {"vf": "verifications", "bi": "bind-intents", "lg": "logins"}[identifier[:2]]
        url = (await self.stage.api("GET", f"/v1/{what}/{identifier}/scan"))["url"]
        return await self.stage.control("POST", f"/users/{self.openid}/scan", {"url": url})

    async def messages(self) -> list[dict[str, Any]]:
        return list((await self.stage.control("GET", f"/users/{self.openid}/messages"))["messages"])

    async def new_template_code(self) -> str:
        """The code of a template message, which the service pushes in its own time."""
        for _ in range(200):
            for message in reversed(await self.messages()):
                if message["type"] == "template" and "character_string1" in message["data"]:
                    return str(message["data"]["character_string1"]["value"])
            await asyncio.sleep(0.02)
        raise AssertionError("no template message with a code")

    async def link(self) -> str:
        """The first link in the newest text message that has one."""
        for message in reversed(await self.messages()):
            if found := re.search(r'href="([^"]+)"', message.get("content", "")):
                return found[1]
        raise AssertionError("no message with a link")

    async def code(self) -> str:
        """The code in the newest message that has one."""
        for message in reversed(await self.messages()):
            if message["type"] == "template" and "character_string1" in message["data"]:
                return str(message["data"]["character_string1"]["value"])
            if found := re.search(r"^\d{6}$", message.get("content", ""), re.MULTILINE):
                return found[0]
        raise AssertionError("no message with a code")


@dataclass(frozen=True)
class Stage:
    addresses: Addresses
    http: aiohttp.ClientSession
    browser: Browser

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with self.http.request(method, self.addresses.service + path, json=body, headers=headers) as answer:
            return await answer.json(content_type=None) if answer.status != 204 else None

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.addresses.sandbox}/sandbox{path}", json=body) as answer:
            assert answer.ok, await answer.text()
            return await answer.json()

    async def pass_time(self, seconds: float) -> None:
        await self.api("POST", "/test/clock", {"advance": seconds})

    async def person(self, *, follows: bool = False) -> Person:
        person = Person(self, (await self.control("POST", "/users", {}))["openid"])
        if follows:
            await person.follow()
        return person

    async def start(self, purpose: str = "register", user: str = "", **more: Any) -> dict[str, Any]:
        body = {
            "purpose": purpose,
            "user": user or "u" + secrets.token_hex(6),
            "client_ip": "192.0.2.7",
            "return_url": f"{self.addresses.website}/signup/return",
            **more,
        }
        return dict(await self.api("POST", "/v1/verifications", body))

    async def delivered(self, started: dict[str, Any]) -> None:
        """Wait for a push's receipt: until then its page is drawn anew, and forgets what was clicked."""
        for _ in range(1500):
            if (await self.api("GET", f"/v1/verifications/{started['id']}"))["delivery"]["status"] == "delivered":
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the push has no receipt")

    async def spend_guesses(self, user: str) -> None:
        """Guess wrong until the user's budget is spent."""
        for _ in range(2):
            started = await self.start("reset", user)
            for _ in range(5):
                await self.api("POST", f"/v1/verifications/{started['id']}/check", {"code": "000000"})

    async def ask(self, what: str, **more: Any) -> dict[str, Any]:
        """Start one of `bind-intents` and `logins`."""
        body = {"client_ip": "192.0.2.7", "user_agent": PHONE_AGENT, **more}
        return dict(await self.api("POST", f"/v1/{what}", body))

    async def bound(self, person: Person) -> str:
        """A user who is bound to this person's WeChat."""
        user = "u" + secrets.token_hex(6)
        await self.api("PUT", f"/v1/bindings/{user}", {"openid": person.openid})
        return user

    @asynccontextmanager
    async def visitor(
        self, *, phone: bool = False, locale: str = "zh-CN", dark: bool = False, **more: Any
    ) -> AsyncIterator[BrowserContext]:
        options: dict[str, Any] = {"viewport": PHONE if phone else DESKTOP, "device_scale_factor": 2 if phone else 1}
        if phone:
            options |= {"user_agent": PHONE_AGENT, "has_touch": True}
        options |= {"locale": locale, "color_scheme": "dark" if dark else "light", "reduced_motion": "reduce", **more}
        context = await self.browser.new_context(**options)
        context.set_default_timeout(15_000)
        faults: list[str] = []
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
        context.on("request", lambda made: faults.append(made.url) if not made.url.startswith(_OWN) else None)
        try:
            yield context
        finally:
            # Now and then a Chromium never says that it has closed a context; it goes with the browser then.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await context.close()
        assert faults == []


async def stop_clock(context: BrowserContext) -> None:
    """Stop the clock of the pages that this context will open: their timers fire only when a test lets time pass."""
    await context.clock.install()
    await context.clock.pause_at(time.time() + 1)


async def without_streams(context: BrowserContext) -> Callable[[str], int]:
    """Refuse event streams for good, so that neither the page nor the browser opens another one by itself.

    Returns how many requests of a kind (`events`, `state`) have been answered.
    """
    answered: Counter[str] = Counter()

    async def refuse(route: Route) -> None:
        answered["events"] += 1
        await route.fulfill(status=429, headers={"Access-Control-Allow-Origin": "*"})

    await context.route("**/events", refuse)
    context.on("requestfinished", lambda made: answered.update(["state"] if made.url.endswith("/state") else []))
    return lambda kind: answered[kind]


async def be(person: Person, context: BrowserContext) -> None:
    """Let WeChat know this person in this browser, who has tapped a link in the chat."""
    cookies, url = {"sandbox_person": person.openid, "sandbox_from_chat": "1"}, person.stage.addresses.sandbox
    await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])


@asynccontextmanager
async def wechat_of(person: Person, **more: Any) -> AsyncIterator[BrowserContext]:
    """This person's own WeChat, as a browser: links that were tapped in the chat open in it."""
    stage = person.stage
    async with stage.visitor(viewport=PHONE, user_agent=WECHAT_AGENT, device_scale_factor=2, **more) as context:
        await be(person, context)
        yield context


@asynccontextmanager
async def staged(browser: Browser) -> AsyncIterator[Stage]:
    """Everything running, and this browser in front of it."""
    addresses = Addresses(four_free_ports())
    with tempfile.TemporaryDirectory(prefix="cs-") as directory:
        async with (
            running(addresses, api_key=KEY, data_dir=Path(directory) / "data"),
            aiohttp.ClientSession() as http,
        ):
            yield Stage(addresses, http, browser)
