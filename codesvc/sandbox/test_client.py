"""A sandbox for a test suite: a server in a thread, and objects for the people who use WeChat.

    with Sandbox() as wechat:
        alice = wechat.person("alice")
        alice.scan(qr_url); alice.follow()
        assert "482913" in alice.messages()[-1]["content"]

All calls use HTTP, so a synchronous test, an asynchronous test and an SDK of any language see the same platform.
"""

import asyncio
import json
from dataclasses import replace
from http.client import HTTPConnection
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from codesvc.sandbox.account import DEFAULT_ACCOUNT, AccountSpec
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.rights import AccountKind
from codesvc.sandbox.server import start_server

_TIMEOUT = 60.0


class ControlCallError(RuntimeError):
    """The sandbox refused a control call; the message is its answer."""


class SandboxUser:
    """A person in relation to one account.

    Attributes:
        openid: the person's openid in the account.
        unionid: the person's unionid in all accounts of the account's owner.
        name: the person's name.
    """

    def __init__(self, sandbox: "Sandbox", described: dict[str, Any]) -> None:
        self._sandbox = sandbox
        self.openid: str = described["openid"]
        self.unionid: str | None = described["unionid"]
        self.name: str = described["person"]

    def follow(self) -> dict[str, Any]:
        """Follow the account; returns the outcome of the callback."""
        return self._act("follow")

    def unfollow(self) -> dict[str, Any]:
        """Stop following the account."""
        return self._act("unfollow")

    def scan(self, url: str, **options: Any) -> dict[str, Any]:
        """Scan a QR code, given by its text or by its showqrcode address; `consent` answers a website login."""
        return self._act("scan", url=url, **options)

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
        """The messages that the person has received, oldest first."""
        found: list[dict[str, Any]] = self._sandbox.control("GET", f"/sandbox/users/{self.openid}/messages")["messages"]
        return found

    def _act(self, verb: str, **body: Any) -> dict[str, Any]:
        return self._sandbox.control("POST", f"/sandbox/users/{self.openid}/{verb}", body)


class Sandbox:
    """A running sandbox; use it as a context manager.

    Args:
        account: the default account.
        kind: the kind of the default account, such as `unverified_subscription`.

    Attributes:
        url: its address; use it instead of `https://api.weixin.qq.com` and WeChat's other hosts.
        account: the default account's settings.
    """

    def __init__(self, account: AccountSpec = DEFAULT_ACCOUNT, *, kind: AccountKind | None = None) -> None:
        self.account = account if kind is None else replace(account, kind=kind)
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

    def person(self, name: str | None = None, *, account: str | None = None) -> SandboxUser:
        """The person with this name; created if there is none."""
        body = {key: value for key, value in {"person": name, "account": account}.items() if value is not None}
        return SandboxUser(self, self.control("POST", "/sandbox/users", body))

    def change_account(self, **members: Any) -> dict[str, Any]:
        """Change members of the default account, such as `kind`, until the next reset."""
        return self.control("PATCH", f"/sandbox/accounts/{self.account.appid}", members)

    def callback(self, url: str, *, mode: str | None = None) -> dict[str, Any]:
        """Set the callback URL of the default account."""
        body = {"appid": self.account.appid, "callback_url": url} | ({"mode": mode} if mode else {})
        return self.control("POST", "/sandbox/accounts", body)

    def fault(self, kind: str, **details: Any) -> dict[str, Any]:
        """Activate a fault."""
        return self.control("POST", "/sandbox/faults", {"kind": kind, **details})

    def advance(self, seconds: float) -> None:
        """Advance the platform's clock."""
        self.control("POST", "/sandbox/clock", {"advance": seconds})

    def settle(self) -> None:
        """Wait until no callback is in progress."""
        self.control("POST", "/sandbox/settle", {})

    def reset(self) -> None:
        """Restore the initial state."""
        self.control("POST", "/sandbox/reset", {})

    def calls(self, **query: str) -> list[dict[str, Any]]:
        """The journal of API calls."""
        found: list[dict[str, Any]] = self.control("GET", f"/sandbox/calls?{urlencode(query)}")["calls"]
        return found

    def control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Make a control call.

        Raises:
            ControlCallError: the status is not 2xx.
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
            raise ControlCallError(f"{method} {path}: {response.status} {text}")
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
