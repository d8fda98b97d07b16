"""`codesvc demo --check`: a sign-up and a reset over HTTP; every step is printed with its result."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from codesvc.demo.configuration import Addresses

_POLLS = 100
_POLL_SECONDS = 0.05


class _StepFailed(Exception):
    """A step did not give the expected result."""


class _Story:
    def __init__(self, http: aiohttp.ClientSession, addresses: Addresses, key: str) -> None:
        self._http = http
        self._addresses = addresses
        self._headers = {"Authorization": f"Bearer {key}"}
        self.step = 0

    def say(self, title: str, result: str) -> None:
        self.step += 1
        sys.stdout.write(f"{self.step:>3}. {title:<58} {result}\n")

    async def call(self, method: str, path: str, body: Any = None, *, expect: int, title: str) -> dict[str, Any]:
        """Make one call of the API, and print the result.

        Raises:
            _StepFailed: another status than expected.
        """
        url = self._addresses.service + path
        async with self._http.request(method, url, json=body, headers=self._headers) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
        result = answer.get("type", "").rpartition("/")[2] or answer.get("status") or ""
        self.say(title, f"{response.status} {result}")
        if response.status != expect:
            raise _StepFailed(f"{method} answered {response.status} instead of {expect}: {answer}")
        return answer

    async def sandbox(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        async with self._http.request(method, f"{self._addresses.sandbox}/sandbox{path}", json=body) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
        if not response.ok:
            raise _StepFailed(f"sandbox {path} answered {response.status}: {answer}")
        return answer

    async def message(self, openid: str, kind: str, *, after: int) -> dict[str, Any]:
        """The next message of a type that the person receives, not counting their first `after` messages.

        Raises:
            _StepFailed: no message came.
        """
        for _ in range(_POLLS):
            messages = (await self.sandbox("GET", f"/users/{openid}/messages"))["messages"]
            for message in messages[after:]:
                if message["type"] == kind:
                    return dict(message)
            await asyncio.sleep(_POLL_SECONDS)
        raise _StepFailed(f"no {kind} message reached the phone")

    async def sign_up(self, openid: str, user: str, *, by_keyword: bool) -> None:
        started = await self.call(
            "POST",
            "/v1/verifications",
            {"purpose": "register", "user": "attempt-1", "client_ip": "192.0.2.7", "user_agent": "iPhone"},
            expect=201,
            title="Sign-up: a verification starts; no account is bound",
        )
        path = f"/v1/verifications/{started['id']}"
        if by_keyword:
            await self.call("GET", f"{path}/scan", expect=404, title="there is no QR code with parameters")
            await self.sandbox("POST", f"/users/{openid}/follow")
            code = await self.send_keyword(openid, started)
        else:
            scan = await self.call("GET", f"{path}/scan", expect=200, title="the page asks for its QR code")
            await self.sandbox("POST", f"/users/{openid}/scan", {"url": scan["url"]})
            await self.sandbox("POST", f"/users/{openid}/follow")
            code = _code_in((await self.message(openid, "text", after=0))["content"])
            self.say("the phone scans, follows, and reads the code in the chat", "6 digits")
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        await self.call("POST", f"{path}/check", {"code": wrong}, expect=422, title="a wrong code is refused")
        approved = await self.call("POST", f"{path}/check", {"code": code}, expect=200, title="the right code approves")
        await self.call("POST", f"{path}/check", {"code": code}, expect=410, title="the same code again is refused")
        await self.call(
            "PUT", f"/v1/bindings/{user}", {"proof": approved["proof"]}, expect=201, title="the site binds the new user"
        )
        await self.call(
            "POST", "/v1/proofs/verify", {"proof": approved["proof"]}, expect=410, title="the proof is spent by that"
        )

    async def send_keyword(self, openid: str, started: dict[str, Any]) -> str:
        """Send the keyword of a page to the account; returns the code that comes back.

        Raises:
            _StepFailed: no code came back.
        """
        seen = len((await self.sandbox("GET", f"/users/{openid}/messages"))["messages"])
        await self.sandbox("POST", f"/users/{openid}/send", {"text": started["scan"]["keyword"]})
        code = _code_in((await self.message(openid, "text", after=seen))["content"])
        self.say("the phone sends the keyword, and the reply brings the code", f"{len(code)} digits")
        return code

    async def see_website(self) -> None:
        """Request the demo website's home page.

        Raises:
            _StepFailed: it does not answer.
        """
        async with self._http.get(self._addresses.website) as page:
            self.say("the demo website answers", str(page.status))
            if not page.ok:
                raise _StepFailed("the demo website does not answer")

    async def reset(self, openid: str, user: str, *, by_keyword: bool) -> None:
        seen = len((await self.sandbox("GET", f"/users/{openid}/messages"))["messages"])
        started = await self.call(
            "POST",
            "/v1/verifications",
            {"purpose": "reset", "user": user, "client_ip": "192.0.2.7"},
            expect=201,
            title="Reset: a verification starts; the user is bound",
        )
        path = f"/v1/verifications/{started['id']}"
        if by_keyword:
            code = await self.send_keyword(openid, started)
        else:
            message = await self.message(openid, "template", after=seen)
            code = message["data"]["character_string1"]["value"]
            self.say("a template message brings the code", f"{len(code)} digits")
        await self.call("POST", f"{path}/resend", {}, expect=429, title="asking again at once is refused")
        approved = await self.call("POST", f"{path}/check", {"code": code}, expect=200, title="the right code approves")
        await self.call(
            "POST", "/v1/proofs/verify", {"proof": approved["proof"]}, expect=200, title="the site verifies the proof"
        )
        await self.call(
            "POST", "/v1/proofs/verify", {"proof": approved["proof"]}, expect=410, title="which works exactly once"
        )


def _code_in(text: str) -> str:
    found = re.search(r"^\d{6}$", text, re.MULTILINE)
    if found is None:
        raise _StepFailed("the chat's answer holds no code")
    return found[0]


async def run_story(addresses: Addresses, key: str, *, by_keyword: bool = False) -> bool:
    """Run all steps against a running demo, whose codes may come by keyword only; returns whether all succeeded."""
    async with aiohttp.ClientSession() as http:
        story = _Story(http, addresses, key)
        try:
            phone = await story.sandbox("POST", "/users", {})
            await story.sign_up(phone["openid"], "alice", by_keyword=by_keyword)
            await story.reset(phone["openid"], "alice", by_keyword=by_keyword)
            await story.see_website()
        except _StepFailed as failure:
            sys.stdout.write(f"\nFAILED: {failure}\n")
            return False
    sys.stdout.write("\nAll steps passed.\n")
    return True
