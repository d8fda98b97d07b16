"""Delivers pushes to callbacks: at most three attempts of five seconds each (WECHAT.md 9.4)."""

import asyncio
import secrets
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import aiohttp
from yarl import URL

from codesvc.sandbox.account import AccountSpec
from codesvc.sandbox.cipher import sign
from codesvc.sandbox.envelope import seal
from codesvc.sandbox.journal import Entry
from codesvc.sandbox.platform import NotFound, Platform
from codesvc.sandbox.push import UNAVAILABLE_TEXT, Push
from codesvc.sandbox.reply import BadReply, Reply, beginning, read_reply
from codesvc.sandbox.request_body import read_at_most

_MAX_ANSWER_BYTES = 2**20  # a longer answer is cut, and the XML parser then refuses it
_AGENT = "Mozilla/4.0"  # field report (WECHAT.md 17)
Status = Literal["replied", "success", "failed", "none", "lost", "deferred"]


@dataclass
class Outcome:
    """The result of a push.

    Attributes:
        status: `replied` (the person gets a message), `success` (they get none), `failed`, `none` (the account has no
            callback), `lost` and `deferred` (caused by a fault).
        reason: why it failed, or the error of the last attempt.
        messages: the messages that the person gets because of it.
    """

    event: str
    status: Status
    attempts: int = 0
    reason: str | None = None
    encrypted: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """The outcome as JSON, without the messages."""
        return {name: value for name, value in asdict(self).items() if name != "messages"}


class DeliveryFailed(Exception):
    """An attempt failed and may be repeated: no connection, no answer in time, or an HTTP error."""


class Courier:
    """Sends the platform's pushes to the callbacks."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._deferred: list[Push] = []
        self.held: list[Push] = []

    async def close(self) -> None:
        """Cancel the deliveries in progress and close the connections."""
        self.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def clear(self) -> None:
        """Cancel every delivery that has not ended; used by a reset."""
        self._deferred.clear()
        self.held.clear()
        for task in self._tasks:
            task.cancel()

    def dispatch_outbox(self) -> None:
        """Deliver the pushes in the platform's outbox in the background; hold them if `receipt_hold` is set."""
        outbox = self._platform.outbox
        while outbox:
            push = outbox.popleft()
            if self._platform.settings.receipt_hold:
                self.held.append(push)
            else:
                self.dispatch(push)

    def release(self) -> int:
        """Deliver the held pushes in the background; returns how many there were."""
        held, self.held = self.held, []
        for push in held:
            self.dispatch(push)
        return len(held)

    def dispatch(self, push: Push, *, late: bool = False) -> None:
        """Deliver in the background, after the push's delay; a `late` push is not hit by a fault again."""
        task = asyncio.create_task(self._deliver_delayed(push, late=late))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> int:
        """Wait until no delivery is in progress, deferred ones included; returns how many there were."""
        count = 0
        while self._tasks or self._deferred:
            deferred, self._deferred = self._deferred, []
            for push in deferred:
                self.dispatch(push, late=True)
            count += len(self._tasks)
            await asyncio.gather(*self._tasks, return_exceptions=True)
        return count

    async def deliver(self, push: Push, *, late: bool = False) -> Outcome:
        """Deliver now, and add the resulting messages to the person's chat."""
        account = self._platform.account(push.appid).spec
        if account.callback_url is None:
            return Outcome(push.label, "none")
        fault = None if late else self._platform.faults.for_callback(push.appid)
        kind = fault.kind if fault else None
        if kind == "lost":
            return Outcome(push.label, "lost", reason="a fault lost it")
        if kind == "out_of_order":
            self._deferred.append(push)
            return Outcome(push.label, "deferred", reason="a fault lets a later one overtake it")
        if fault and kind == "slow":
            await asyncio.sleep(fault.delay)
        outcome = await self._deliver_with_retries(account, push)
        if kind == "twice":
            await self._deliver_with_retries(account, push)
            outcome.attempts += 1
        self._show(push, outcome)
        deferred, self._deferred = self._deferred, []
        for overtaken in deferred:
            self.dispatch(overtaken, late=True)
        return outcome

    async def verify(self, account: AccountSpec) -> Outcome:
        """Do the console's URL verification: a GET that must be answered with the echostr exactly (WECHAT.md 9.1)."""
        if account.callback_url is None:
            return Outcome("verify", "none")
        timestamp, nonce = str(int(self._platform.clock.wall())), str(secrets.randbelow(10**10))
        echo = str(secrets.randbelow(10**19))
        query = {
            "signature": sign(account.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": echo,
        }
        try:
            body = await self._exchange(account, query, None)
        except DeliveryFailed as failure:
            return Outcome("verify", "failed", 1, str(failure))
        if body != echo.encode():
            shown = beginning(body.decode("utf-8", "replace"))
            return Outcome("verify", "failed", 1, f"the answer is not the echostr, exactly; {shown}")
        return Outcome("verify", "success", 1)

    async def _deliver_delayed(self, push: Push, *, late: bool) -> Outcome:
        if push.delay:
            await asyncio.sleep(push.delay)
        try:
            return await self.deliver(push, late=late)
        except NotFound:  # a reset has removed the person in the meantime
            return Outcome(push.label, "none", reason="the sandbox was reset")

    async def _deliver_with_retries(self, account: AccountSpec, push: Push) -> Outcome:
        settings = self._platform.settings
        reason = None
        stamp: tuple[int, str] | None = None
        for attempt in range(1, settings.callback_attempts + 1):
            if stamp is None or settings.callback_fresh_nonce:
                stamp = int(self._platform.clock.wall()), str(secrets.randbelow(10**10))
            sealed = seal(account, push.fields, openid=push.openid, timestamp=stamp[0], nonce=stamp[1])
            try:
                body = await self._exchange(account, sealed.query, sealed.body, push)
                reply = read_reply(account, push.openid, body, articles=push.max_articles)
            except DeliveryFailed as failure:
                reason = str(failure)
                continue
            except BadReply as failure:  # the callback has answered, so there is no retry (WECHAT.md 9.4)
                return Outcome(push.label, "failed", attempt, str(failure))
            if reply.transferred:
                self._platform.account(account.appid).agents.waiting[push.openid] = self._platform.clock.now()
            return _outcome(push, attempt, reply)
        return Outcome(push.label, "failed", settings.callback_attempts, reason)

    def _show(self, push: Push, outcome: Outcome) -> None:
        contact = self._platform.contact(push.openid)
        if outcome.status == "failed" and push.shows_reply:
            outcome.messages.append({"type": "system", "content": UNAVAILABLE_TEXT})
        if push.shows_reply:
            outcome.messages = [self._platform.show(contact, message) for message in outcome.messages]
        elif outcome.messages:  # WeChat does not show a reply to such an event (WECHAT.md 10.3)
            outcome.status, outcome.messages = "success", []

    async def _exchange(
        self, account: AccountSpec, query: dict[str, str], body: str | None, push: Push | None = None
    ) -> bytes:
        url = URL(str(account.callback_url)).update_query(query)
        entry = Entry(
            direction="callback",
            at=self._platform.clock.now(),
            method="GET" if body is None else "POST",
            path=push.label if push else "verify",
            query=url.query_string,
            account=account.appid,
            request=body or "",
        )
        started = time.monotonic()
        try:
            answer = await self._request(url, body)
            entry.status, entry.response = answer[0], answer[1].decode("utf-8", "replace")
        except TimeoutError as error:
            entry.note = f"no answer in {self._platform.settings.callback_timeout:g} s"
            raise DeliveryFailed(entry.note) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            entry.note = f"no answer: {type(error).__name__}"
            raise DeliveryFailed(entry.note) from error
        finally:
            entry.duration = time.monotonic() - started
            self._platform.journal.add(entry)
            self._platform.event_bus.publish("callback", entry=entry.describe())
        if answer[0] != 200:  # noqa: PLR2004 - WeChat accepts no other status
            shown = f"; {beginning(entry.response)}" if entry.response else ""
            raise DeliveryFailed(f"HTTP {answer[0]}{shown}")
        return answer[1]

    async def _request(self, url: URL, body: str | None) -> tuple[int, bytes]:
        session = self._session()
        timeout = aiohttp.ClientTimeout(total=self._platform.settings.callback_timeout)
        headers = {"User-Agent": _AGENT, "Accept": "*/*"}
        if body is not None:
            headers["Content-Type"] = "text/xml"
        method, data = ("GET", None) if body is None else ("POST", body.encode())
        async with session.request(
            method, url, data=data, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            return response.status, await read_at_most(response.content, _MAX_ANSWER_BYTES)

    def _session(self) -> aiohttp.ClientSession:
        old = self._platform.settings.callback_http10
        if old not in self._sessions:
            version = aiohttp.HttpVersion10 if old else aiohttp.HttpVersion11
            self._sessions[old] = aiohttp.ClientSession(version=version, cookie_jar=aiohttp.DummyCookieJar())
        return self._sessions[old]


def _outcome(push: Push, attempt: int, reply: Reply) -> Outcome:
    messages = [reply.message] if reply.message else []
    status: Status = "replied" if messages else "success"
    return Outcome(push.label, status, attempt, None, reply.encrypted, messages)
