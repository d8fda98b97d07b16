"""The walk over the sandbox: a person who agrees to everything, and a platform that lives as long as the walk."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from codesvc.sandbox.account import DEFAULT_ACCOUNT, Mode
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.probe.receiver import Receiver
from codesvc.sandbox.probe.target import Target
from codesvc.sandbox.probe.transcript import Transcript
from codesvc.sandbox.probe.walk import Walk
from codesvc.sandbox.rights import AccountKind
from codesvc.sandbox.server import start_server

Serve = Callable[[Platform], Awaitable[tuple[web.AppRunner, str]]]


@dataclass
class SandboxWalker:
    """A person of the sandbox, who does what a walk asks."""

    http: aiohttp.ClientSession
    url: str
    openid: str
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def agree(self, step: str, words: str) -> bool:  # noqa: ARG002 - the protocol's names
        """Yes."""
        return True

    async def scan(self, url: str) -> None:
        """Scan, and follow."""
        self._begin(self._act("scan", {"url": url}), self._act("follow", {}))

    async def send(self, text: str) -> None:
        """Send a message; only a follower can."""
        self._begin(self._act("follow", {}), self._act("send", {"text": text}))

    async def open(self, url: str) -> None:
        """Open a link, and allow what it asks."""
        self._begin(self._act("open", {"url": url}))

    async def confirm(self, words: str) -> bool:  # noqa: ARG002 - as above
        """Whether the last message came from the account; here it is there before the question is asked."""
        await self._settle()
        async with self.http.get(f"{self.url}/sandbox/users/{self.openid}/messages") as response:
            return bool((await response.json())["messages"])

    def _begin(self, *acts: Any) -> None:
        async def run() -> None:
            for act in acts:
                await act

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _act(self, verb: str, body: dict[str, Any]) -> None:
        async with self.http.post(f"{self.url}/sandbox/users/{self.openid}/{verb}", json=body) as response:
            await response.read()

    async def _settle(self) -> None:
        await asyncio.gather(*self._tasks)
        async with self.http.post(f"{self.url}/sandbox/settle", json={}) as response:
            await response.read()


async def rehearse(
    kind: AccountKind,
    mode: Mode,
    steps: list[str] | None = None,
    *,
    serve: Serve = start_server,
    patience: float = 5.0,
) -> Transcript:
    """Walk over a sandbox and return what was recorded.

    Args:
        kind: the kind of the account.
        mode: the mode of its callback.
        steps: only these; None: all.
        serve: starts the platform; a test starts one that deviates.
        patience: seconds to wait for a callback; in the sandbox it comes at once or never.
    """
    platform = Platform()
    async with AsyncExitStack() as stack:
        runner, url = await serve(platform)
        stack.push_async_callback(runner.cleanup)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        account = replace(DEFAULT_ACCOUNT, kind=kind, mode=mode)
        target = Target(
            appid=account.appid,
            secret=account.secret,
            token=account.token,
            aes_key=account.aes_key,
            mode=mode,
            kind=kind,
            api_url=url,
            open_url=url,
        )
        receiver = Receiver(target)
        own = f"http://127.0.0.1:{await receiver.listen(stack, '127.0.0.1', 0)}"
        platform.put_account(replace(account, callback_url=f"{own}/wechat"))
        contact = platform.ensure_contact(platform.person("operator"), platform.accounts[account.appid])
        walker = SandboxWalker(http, url, contact.openid)
        today = datetime.now(UTC).date().isoformat()
        walk = Walk(
            replace(target, return_url=f"{own}/return"),
            walker,
            receiver,
            http,
            patience=patience,
            transcript=Transcript(kind, mode, today),
        )
        return await walk.go(steps)
