"""The command `codesvc sandbox`: serves the imitation platform."""

import argparse
import asyncio
import errno
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from codesvc.sandbox.account import DEFAULT_ACCOUNT, AccountSpec
from codesvc.sandbox.bind_guard import UnsafeBind, check_bind
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.rights import KINDS
from codesvc.sandbox.server import start_server
from codesvc.sandbox.website import DEFAULT_WEBSITE

DEFAULT_PORT = 8081
CALLBACK_URL = "http://127.0.0.1:8080/wechat/main"
"""Where a service on this machine takes callbacks that was configured by `codesvc init --sandbox`."""
NO_CALLBACK = "none"
TLS_PORT = 8443
PROXY_PORT = 8444
_HIGHEST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "act", nargs="?", choices=("compare",), help="compare: a transcript of `codesvc probe` with the sandbox"
    )
    parser.add_argument("file", nargs="?", type=Path, help="of compare: the transcript")
    parser.add_argument("--seconds", type=float, default=1.0, help="of compare: other times from here on (default 1)")
    parser.add_argument("--table", choices=("zh", "en"), help="of compare: print the rows of the documentation's table")
    parser.add_argument("--by", default="", help="of compare: who recorded it, for the table")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; other than loopback needs --token")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port for plain HTTP (default %(default)s)")
    parser.add_argument("--token", help="the token that control calls must send as Authorization: Bearer")
    parser.add_argument(
        "--callback-url",
        default=CALLBACK_URL,
        help=f"where the default account's callbacks go, or {NO_CALLBACK} (default %(default)s)",
    )
    parser.add_argument("--mode", choices=("safe", "compatible", "plaintext"), default="safe", help="of callbacks")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="verified_service",
        help="what the default account may do; a personal account is an unverified_subscription (default %(default)s)",
    )
    parser.add_argument("--appid", help="of the default account")
    parser.add_argument("--secret", help="of the default account")
    parser.add_argument("--tls", action="store_true", help="also serve HTTPS for WeChat's hosts, and a CONNECT proxy")
    parser.add_argument("--tls-port", type=_port, default=TLS_PORT, help="port for HTTPS (default %(default)s)")
    parser.add_argument("--proxy-port", type=_port, default=PROXY_PORT, help="port of the proxy (default %(default)s)")
    parser.add_argument("--tls-dir", type=Path, default=Path("wechat-sandbox-tls"), help="keeps the authority's files")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; returns 2 if the options are wrong, 1 if the server cannot start."""
    if args.act == "compare":
        from codesvc.sandbox.probe import compare_command  # noqa: PLC0415 - not needed to serve

        return compare_command.run(args.file, seconds=args.seconds, table=args.table, by=args.by)
    try:
        check_bind(args.host, args.token)
        account = account_of(args)
    except (UnsafeBind, ValueError) as error:
        print(f"codesvc sandbox: {error}", file=sys.stderr)  # noqa: T201 - a command line prints
        return 2
    try:
        asyncio.run(_serve(args, account))
    except (OSError, ImportError) as error:
        print(f"codesvc sandbox: {_explained(error, args)}", file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


def _explained(error: Exception, args: argparse.Namespace) -> str:
    """The error in words; that of a port that is in use names the ports and the options that change them."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine has no address {args.host} (--host); `ip address` shows those that it has"
    if error.errno != errno.EADDRINUSE:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    ports = {"--port": args.port}
    if args.tls:
        ports |= {"--tls-port": args.tls_port, "--proxy-port": args.proxy_port}
    named = " or ".join(f"{port} ({option})" for option, port in ports.items() if str(port) in str(error))
    named = named or " or ".join(f"{port} ({option})" for option, port in ports.items())
    options = " or ".join(ports)
    return (
        f"port {named} on {args.host} is in use, perhaps by another sandbox or demo; `ss -ltnp` names the process; "
        f"end it, or choose another port with {options}"
    )


def _port(text: str) -> int:
    """The argument type of ports; 0 lets the system choose one."""
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= _HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"must be a port from 0 to {_HIGHEST_PORT}, not {text[:40]!r}")
    return int(text)


def account_of(args: argparse.Namespace) -> AccountSpec:
    """The default account as the options have it.

    Raises:
        ValueError: an option has not the form that it needs.
    """
    callback = None if args.callback_url == NO_CALLBACK else args.callback_url
    given = {"callback_url": callback, "mode": args.mode, "kind": args.kind, "appid": args.appid, "secret": args.secret}
    return replace(DEFAULT_ACCOUNT, **{name: value for name, value in given.items() if value is not None})


async def _serve(args: argparse.Namespace, account: AccountSpec) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        runner, address = await start_server(Platform(account), host=args.host, port=args.port, token=args.token)
        stack.push_async_callback(runner.cleanup)
        lines = [f"WeChat sandbox  {address}", *_describe(account)]
        if args.tls:
            from codesvc.sandbox.tunnel import start_tls  # noqa: PLC0415 - needs the extra `sandbox-tls`

            lines += await start_tls(
                runner,
                stack,
                host=args.host,
                tls_port=args.tls_port,
                proxy_port=args.proxy_port,
                directory=args.tls_dir,
            )
        print("\n".join(lines), flush=True)  # noqa: T201 - a command line prints
        await stop.wait()


def _describe(account: AccountSpec) -> list[str]:
    shown = {
        "appid": account.appid,
        "secret": account.secret,
        "original id": account.original_id,
        "kind": account.kind,
        "callback": account.callback_url or "none (--callback-url)",
        "token": account.token,
        "aes key": account.aes_key,
        "mode": account.mode,
    }
    website = [f"  website       {DEFAULT_WEBSITE.appid}  {DEFAULT_WEBSITE.secret}  /connect/qrconnect"]
    templates = [f"  template      {item.template_id}  {item.kind}  {item.title}" for item in account.templates]
    return [f"  {name:<13} {value}" for name, value in shown.items()] + templates + website
