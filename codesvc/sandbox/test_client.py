"""A sandbox for somebody else's test suite: a server in a thread, and people with verbs.

    with Sandbox() as wechat:
        alice = wechat.person("alice")
        alice.scan(qr_url); alice.follow()
        assert "482913" in alice.messages()[-1]["content"]

Everything goes over HTTP, so a synchronous test, an asynchronous one and a foreign SDK see the same platform.
"""

import asyncio
import json
from http.client import HTTPConnection
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from codesvc.sandbox.account import DEFAULT_ACCOUNT, AccountSpec
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.server import start_server

_TIMEOUT = 60.0


class ControlError(RuntimeError):
    """A control call was refused; the text is the sandbox's answer."""


class Someone:
    """A person in relation to one account.

    Attributes:
        openid: the person's openid there.
        unionid: the one over all accounts of the owner.
        name: the person.
    """

    def __init__(self, sandbox: "Sandbox", described: dict[str, Any]) -> None:
        self._sandbox = sandbox
        self.openid: str = described["openid"]
        self.unionid: str | None = described["unionid"]
        self.name: str = described["person"]

    def follow(self) -> dict[str, Any]:
        """Follow; returns what the callback did."""
        return self._act("follow")

    def unfollow(self) -> dict[str, Any]:
        """Stop following."""
        return self._act("unfollow")

    def scan(self, url: str) -> dict[str, Any]:
        """Scan a QR code, given as its text or as its showqrcode address."""
        return self._act("scan", url=url)

    def send(self, text: str) -> dict[str, Any]:
        """Send a text message."""
        return self._act("send", text=text)

    def click(self, key: str) -> dict[str, Any]:
        """Press a menu button."""
        return self._act("click", key=key)

    def open(self, url: str, **options: Any) -> dict[str, Any]:
        """Open a link in WeChat's browser."""
        return self._act("open", url=url, **options)

    def change(self, **preferences: Any) -> dict[str, Any]:
        """Set `blocks`, `blacklisted`, `refuses`, `snapshot`."""
        return self._sandbox.control("PATCH", f"/sandbox/users/{self.openid}", preferences)

    def messages(self) -> list[dict[str, Any]]:
        """What the person has received, oldest first."""
        found: list[dict[str, Any]] = self._sandbox.control("GET", f"/sandbox/users/{self.openid}/messages")["messages"]
        return found

    def _act(self, verb: str, **body: Any) -> dict[str, Any]:
        return self._sandbox.control("POST", f"/sandbox/users/{self.openid}/{verb}", body)


class Sandbox:
    """A running sandbox; use it as a context manager.

    Args:
        account: the default account.

    Attributes:
        url: its address, to be used in place of `https://api.weixin.qq.com` and its sisters.
        account: the default account's settings.
    """

    def __init__(self, account: AccountSpec = DEFAULT_ACCOUNT) -> None:
        self.account = account
        self.url = ""
        self._failure: BaseException | None = None
        self._ready = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = Thread(target=self._run, name="wechat-sandbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(_TIMEOUT)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_TIMEOUT)

    def person(self, name: str | None = None, *, account: str | None = None) -> Someone:
        """A person, made on first mention."""
        body = {key: value for key, value in {"person": name, "account": account}.items() if value is not None}
        return Someone(self, self.control("POST", "/sandbox/users", body))

    def callback(self, url: str, *, mode: str | None = None) -> dict[str, Any]:
        """Point the default account's callback at a service."""
        body = {"appid": self.account.appid, "callback_url": url} | ({"mode": mode} if mode else {})
        return self.control("POST", "/sandbox/accounts", body)

    def fault(self, kind: str, **details: Any) -> dict[str, Any]:
        """Put a fault in force."""
        return self.control("POST", "/sandbox/faults", {"kind": kind, **details})

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.control("POST", "/sandbox/clock", {"advance": seconds})

    def settle(self) -> None:
        """Wait until no callback is under way."""
        self.control("POST", "/sandbox/settle", {})

    def reset(self) -> None:
        """Begin anew."""
        self.control("POST", "/sandbox/reset", {})

    def calls(self, **query: str) -> list[dict[str, Any]]:
        """The journal of API calls."""
        found: list[dict[str, Any]] = self.control("GET", f"/sandbox/calls?{urlencode(query)}")["calls"]
        return found

    def control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Any control call.

        Raises:
            ControlError: the answer is no 2xx.
        """
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_TIMEOUT)
        try:
            payload = None if body is None else json.dumps(body, ensure_ascii=False).encode()
            connection.request(method, quote(path, safe="/?&=%~-._"), payload)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if not 200 <= response.status < 300:  # noqa: PLR2004 - HTTP
            raise ControlError(f"{method} {path}: {response.status} {text}")
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner, self.url = await start_server(Platform(self.account))
        self._ready.set()
        try:
            await self._stop.wait()
        finally:
            await runner.cleanup()
