"""The command `codesvc demo`: runs sandbox, service and website in one process; nothing else must be installed."""

from __future__ import annotations

import logging
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codesvc.config.api_keys import new_key
from codesvc.demo.configuration import LOOPBACK, OPERATOR, SITE, Addresses, by_keyword
from codesvc.demo.login_clients import APP
from codesvc.demo.service_calls import ServiceError
from codesvc.demo.stack import running
from codesvc.demo.story import run_story
from codesvc.domain.account_kinds import AccountKind, Right
from codesvc.domain.errors import CodesvcError, in_words
from codesvc.runtime import http_server, signals
from codesvc.runtime import logging as runtime_logging
from codesvc.runtime.sockets import require_free

if TYPE_CHECKING:
    import argparse

    from codesvc.demo.stack import Stack

_SHORTEST_KEY: Final = 32
_HIGHEST_PORT: Final = 65_535


def run(arguments: argparse.Namespace) -> int:
    """Run the demo until Ctrl-C, or all its steps once with `--check`; returns the exit status."""
    key = arguments.api_key or new_key(SITE, secrets.token_bytes(32))
    if len(key) < _SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        return _complain(f"--api-key needs at least {_SHORTEST_KEY} visible ASCII characters")
    if not 1 <= arguments.port_base <= _HIGHEST_PORT - 3:
        return _complain("--port-base needs a port with three free ports after it")
    if arguments.relay and Right.TEMPLATE not in AccountKind(arguments.kind).rights:
        return _complain(f"--relay shows pushed codes, but --kind {arguments.kind} cannot push: omit one of the two")
    runtime_logging.configure(level=logging.WARNING if arguments.check else logging.INFO)
    addresses = Addresses(arguments.port_base)
    with tempfile.TemporaryDirectory(prefix="codesvc-demo-") as temporary:
        data_dir = (arguments.data_dir or Path(temporary) / "data").absolute()
        story = _check if arguments.check else _show
        try:
            # Before anything starts; the demo needs four ports in a row.
            require_free(LOOPBACK, range(arguments.port_base, arguments.port_base + 4), remedy=_other_ports(arguments))
            return http_server.run(story(addresses, key, data_dir, arguments))
        except (CodesvcError, OSError) as error:
            return _complain(in_words(error))
        except ServiceError as error:
            return _complain(f"the identity system's site cannot be set up: {error.problem}")


def _other_ports(arguments: argparse.Namespace) -> str:
    other = arguments.port_base + 10_000
    other = other if other <= _HIGHEST_PORT - 3 else 18_080
    return f"choose four other ports: codesvc demo --port-base {other} (make demo PORT_BASE={other})"


def _complain(text: str) -> int:
    sys.stderr.write(f"codesvc demo: {text}\n")
    return 1


def _command() -> str:
    """Where the command `codesvc` is: beside this Python, as `make demo` installs it, or how it was called."""
    beside = Path(sys.executable).with_name("codesvc")
    return str(beside) if beside.exists() else sys.argv[0]


async def _show(addresses: Addresses, key: str, data_dir: Path, chosen: argparse.Namespace) -> int:
    async with running(addresses, api_key=key, data_dir=data_dir, relay=chosen.relay, kind=chosen.kind) as stack:
        _introduce(stack, key)
        await signals.stopped()
    return 0


async def _check(addresses: Addresses, key: str, data_dir: Path, chosen: argparse.Namespace) -> int:
    async with running(addresses, api_key=key, data_dir=data_dir, relay=chosen.relay, kind=chosen.kind) as stack:
        return 0 if await run_story(addresses, key, by_keyword=by_keyword(stack.account)) else 1


def _introduce(stack: Stack, key: str) -> None:
    where, account, plan = stack.addresses, stack.account, stack.identity
    identity = f"\n  Identity    {where.website}/relay   a system that makes its own codes, and its SMS" if plan else ""
    calls = (
        "\n  A code from outside: by SMS, and in the chat if a WeChat account is linked and the switch is at live:"
        f"\n    {plan.calls()}\n"
        if plan
        else ""
    )
    keyword = "\n              codes come by keyword: follow it, then send it the page's keyword"
    hint = keyword if by_keyword(account) else ""
    sys.stdout.write(
        f"""
codesvc demo

  Website     {where.website}   sign up, log in, reset a password{identity}
  Phone       {where.sandbox}   the sandbox: follow, scan, read messages
  Wiki        {where.wiki}   a third-party app: log in with WeChat by OpenID Connect
  Service     {where.service}   the API
  Operations  {where.service}/admin   for operators: sign in as {OPERATOR} with {stack.password} (shown only once)

  API key     {key}
              (site "{SITE}", every scope; shown only once)
  Your app    issuer {where.issuer}, client {APP}
              secret {stack.app_secret}   log in with WeChat: docs/en/openid.md
  Command     {_command()}   check, send, init and others

  For the examples of README and quick start (快速开始), in a second terminal:
    export CODESVC_URL={where.service}
    export CODESVC_API_KEY={key}
{calls}
  Account     {account.name} {account.appid} {account.original_id}, mode {account.mode}, kind {account.kind}{hint}
              callback token {account.token}, EncodingAESKey {account.aes_key}

Ctrl-C stops everything.
"""
    )
    sys.stdout.flush()
