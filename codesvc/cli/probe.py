"""`codesvc probe`: walks over a real account with its operator, and records what WeChat answers, without its values.

It takes the place of the service for the time of the walk: it listens where the service does and opens WeChat's
callbacks. It asks before each step, and sends only to the WeChat account that scans its QR code or sends its keyword.
`codesvc sandbox compare FILE` then compares the recording with the sandbox.
"""

from __future__ import annotations

import asyncio
import errno
import sys
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, cast

import aiohttp

from codesvc import __version__
from codesvc.cli.arguments import seconds
from codesvc.domain.errors import in_words
from codesvc.domain.outbound_proxy import leaving
from codesvc.domain.service_address import ServiceAddress
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.qr_code import draw_lines
from codesvc.sandbox.probe.receiver import Receiver
from codesvc.sandbox.probe.target import Stopped, Target
from codesvc.sandbox.probe.transcript import Transcript
from codesvc.sandbox.probe.walk import STEPS, Walk
from codesvc.sandbox.rights import KINDS

if TYPE_CHECKING:
    import argparse

    from codesvc.config import Settings
    from codesvc.sandbox.rights import AccountKind

_NOT_SAFE_KEY: Final = "A" * 43  # where an account in plaintext has no key
_BEGINNING: Final = """\
This test asks before each step. It sends messages only to the WeChat account that scans its QR code or sends its
keyword.
逐步询问；只向扫了本次二维码或发了本次口令的微信发消息。
The recording has no secrets, tokens, openids or addresses: names, types and forms only. 记录里只有名称、类型和形式。
y = continue 继续, n = skip 跳过, q = stop 结束
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True, help="the new file for the recording")
    parser.add_argument("--account", help="the account's name in the configuration, if there are several")
    parser.add_argument(
        "--kind", choices=KINDS, help="the kind of account; for a personal one: unverified_subscription"
    )
    parser.add_argument("--listen", help="HOST:PORT for WeChat's callbacks (default: where the service listens)")
    parser.add_argument("--template", default="", help="the id of the template to send (default: the account's first)")
    parser.add_argument(
        "--wait", type=seconds, default=180.0, help="seconds to wait for you at each step (default: 180)"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Walk and record; returns 0 if something was recorded, 1 if not, 2 if the options are wrong."""
    try:
        target = _target(arguments, settings)
        host, port = _listening(arguments, settings)
        arguments.record.touch(mode=0o600, exist_ok=False)  # now, and not when the walk is done and would be lost
    except FileExistsError:
        print(f"codesvc probe: {arguments.record} already exists; name a new file", file=sys.stderr)
        return 2
    except (ValueError, OSError) as error:
        print(f"codesvc probe: {in_words(error)}", file=sys.stderr)
        return 2
    today = datetime.now(UTC).date().isoformat()
    transcript = Transcript(target.kind, target.mode, today, __version__)
    failure = None
    try:
        asyncio.run(_walk(target, transcript, host, port, arguments.wait))
    except KeyboardInterrupt:
        print("\nstopped")
    except OSError as error:
        failure = _explained(error, host, port)
    taken = transcript.steps()
    if taken:
        transcript.save(arguments.record)
    else:
        arguments.record.unlink()
    if failure is not None:
        print(f"codesvc probe: {failure}", file=sys.stderr)
        return 2
    if not taken:
        print("nothing was recorded")
        return 1
    print(f"{len(taken)} of {len(STEPS)} steps are in {arguments.record}. Read it, it is short. Then:")
    print(f"  codesvc sandbox compare {arguments.record}")
    return 0


def _target(arguments: argparse.Namespace, settings: Settings) -> Target:
    """The account.

    Raises:
        ValueError: it is not named, or unknown.
    """
    name = arguments.account or (next(iter(settings.accounts)) if len(settings.accounts) == 1 else "")
    if name not in settings.accounts:
        raise ValueError(f"--account: one of {', '.join(sorted(settings.accounts))}")
    account = settings.accounts[name]
    options, headers = leaving(settings.service.proxy_to_wechat, account.api_url.partition(":")[0])
    return Target(
        appid=account.appid,
        secret=account.secret.reveal(),
        token=account.token.reveal(),
        aes_key=account.aes_key.reveal() if account.aes_key else _NOT_SAFE_KEY,
        mode=account.callback,
        kind=cast("AccountKind", arguments.kind or account.kind),
        api_url=account.api_url.rstrip("/"),
        open_url=account.open_url.rstrip("/"),
        return_url=ServiceAddress(settings.service.public_url).url(f"/wechat/{name}/oauth"),
        template_id=arguments.template,
        options={**options, "headers": headers},
    )


def _listening(arguments: argparse.Namespace, settings: Settings) -> tuple[str, int]:
    if arguments.listen is None:
        return settings.service.host, settings.service.port
    host, _, port = arguments.listen.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port[:6]) <= 65_535):  # noqa: PLR2004 - the last port
        raise ValueError("--listen: HOST:PORT")
    return host.strip("[]"), int(port)


def _explained(error: OSError, host: str, port: int) -> str:
    """Why nothing can listen there, and what to do."""
    if error.errno != errno.EADDRINUSE:
        return f"cannot listen on {host}:{port}: {in_words(error)}"
    return (
        f"{host}:{port} is in use, perhaps by the service. Stop it during the test, or give "
        "--listen HOST:PORT and route WeChat's callbacks there."
    )


async def _walk(target: Target, transcript: Transcript, host: str, port: int, patience: float) -> None:
    receiver = Receiver(target)
    async with AsyncExitStack() as stack:
        await receiver.listen(stack, host, port)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=BoundedConnector()))
        print(_BEGINNING)
        print(f"Waiting for WeChat's callbacks on {host}:{port}.\n", flush=True)
        operator = Operator()
        await Walk(target, operator, receiver, http, patience=patience, transcript=transcript).go()
        if receiver.refused:
            print(
                f"{receiver.refused} requests were not signed with this account's token, or not in the mode "
                f"{target.mode}."
            )


class Operator:
    """The person at the terminal, who has the phone: a `Walker`."""

    async def agree(self, step: str, words: str) -> bool:
        """Ask before a step."""
        return await self._ask(f"{step}: {words}")

    async def confirm(self, words: str) -> bool:
        """Ask what the phone shows."""
        return await self._ask(words)

    async def scan(self, url: str) -> None:
        """Show a QR code."""
        print(f"{draw_lines(url)}\n{url}\n… 等待扫码 · waiting for the scan", flush=True)

    async def send(self, text: str) -> None:
        """Show the keyword."""
        print(f"\n    {text}\n\n… 等待消息 · waiting for the message", flush=True)

    async def open(self, url: str) -> None:
        """Show a link."""
        print(f"{draw_lines(url)}\n{url}\n… 用微信扫码打开，或把链接发给自己再点开 · scan it with WeChat", flush=True)

    async def _ask(self, words: str) -> bool:
        while True:
            print(f"{words} [y/n/q] ", end="", flush=True)
            line = await _read_line()
            word = line.strip().lower()
            if not line or word == "q":
                raise Stopped
            if word in {"y", "yes", "n", "no"}:
                return word.startswith("y")


async def _read_line() -> str:
    """A line of the input, or "" at its end; a thread that waits for it does not keep the process alive."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        text = sys.stdin.readline()
        with suppress(RuntimeError):  # the walk has ended meanwhile
            loop.call_soon_threadsafe(give, text)

    def give(text: str) -> None:
        if not line.done():
            line.set_result(text)

    Thread(target=read, daemon=True).start()
    return await line
