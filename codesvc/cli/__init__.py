"""The command line: `codesvc demo|init|serve|sandbox|check|probe|keys|send|webhooks …`."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from codesvc import __version__
from codesvc.cli import terminal
from codesvc.cli.arguments import refusal, seconds, whole
from codesvc.cli.upkeep_arguments import add_upkeep
from codesvc.domain.account_kinds import AccountKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.cli.upkeep_arguments import Commands
    from codesvc.config import Settings


def _add_demo(commands: Commands) -> None:
    demo = commands.add_parser("demo", help="start the sandbox, the service and a demo website with one command")
    demo.add_argument("--api-key", default=None, help="the site's key, at least 32 characters (default: a new one)")
    demo.add_argument(
        "--data-dir", type=Path, default=None, help="the directory for stored data (default: a temporary directory)"
    )
    demo.add_argument(
        "--port-base", type=int, default=8080, help="the service's port; sandbox, website and wiki use the next three"
    )
    demo.add_argument(
        "--kind",
        choices=[kind.value for kind in AccountKind],
        default="verified_service",
        help="the kind of account, as in accounts.*.kind (default: verified_service)",
    )
    demo.add_argument(
        "--relay", action="store_true", help="also start a system that makes its own codes, with an SMS gateway"
    )
    demo.add_argument("--check", action="store_true", help="run all steps over HTTP, print each one, and exit")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="codesvc", description="Verification codes over WeChat.")
    parser.add_argument("--version", action="version", version=f"codesvc {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    _add_demo(commands)

    first = commands.add_parser("init", help="write a first configuration and print the next steps")
    if len(sys.argv) > 1 and sys.argv[1] == "init":
        from codesvc.cli import init as of_init

        of_init.add_arguments(first)

    serve = commands.add_parser("serve", help="run the service")
    serve.add_argument("--config", type=Path, required=True)
    serve.add_argument(
        "--workers", type=whole(0, 64), default=0, help="number of processes on one port (default: as configured)"
    )
    serve.add_argument("--log", choices=("auto", "human", "json"), default="auto")

    add_upkeep(commands)

    sandbox = commands.add_parser("sandbox", help="run the sandbox, an imitation of the WeChat platform")
    if len(sys.argv) > 1 and sys.argv[1] == "sandbox":
        from codesvc.sandbox import sandbox_command as command

        command.add_arguments(sandbox)

    check = commands.add_parser("check", help="check the whole setup and say what to do")
    check.add_argument("--config", type=Path, required=True)
    check.add_argument("--json", action="store_true", help="print the findings as JSON")

    probe = commands.add_parser("probe", help="test a real account step by step, and record WeChat's answers")
    if len(sys.argv) > 1 and sys.argv[1] == "probe":
        from codesvc.cli import probe as of_probe

        of_probe.add_arguments(probe)

    send = commands.add_parser("send", help="start one verification and follow it until the receipt")
    send.add_argument("--config", type=Path, required=True)
    send.add_argument("--site", required=True)
    send.add_argument("--purpose", required=True)
    send.add_argument("--user", required=True)
    send.add_argument("--client-ip", default=None, help="the browser's address (default: 127.0.0.1)")
    send.add_argument("--url", default=None, help="the service's address (default: public_url in the configuration)")
    send.add_argument("--key", default=None, help="an API key of the site; better set in the variable CODESVC_API_KEY")
    send.add_argument("--wait", type=seconds, default=120.0, help="seconds to wait for a receipt (default: 120)")

    bindings = commands.add_parser("bindings", help="export or import bindings, or move them to another appid")
    if len(sys.argv) > 1 and sys.argv[1] == "bindings":
        from codesvc.cli import bindings_arguments as of_bindings

        of_bindings.add_arguments(bindings)

    webhooks = commands.add_parser(
        "webhooks", help="a site's webhook: list, resend, enable, test; secret generates a secret"
    )
    if len(sys.argv) > 1 and sys.argv[1] == "webhooks":
        from codesvc.cli import webhooks_arguments as of_webhooks

        of_webhooks.add_arguments(webhooks)

    if len(sys.argv) > 1 and sys.argv[1] in {"sites", "accounts", "keys", "oidc"}:
        from codesvc.cli import registry_arguments as of_registry

        of_registry.add_arguments(commands)
    else:
        for name in ("sites", "accounts", "keys", "oidc"):
            commands.add_parser(name, help=f"{name}, set up while the service runs")
    return parser


def _settings(path: Path) -> Settings:
    """Read the configuration; if it has faults, print all of them and exit.

    Raises:
        SystemExit: the configuration is wrong.
    """
    from codesvc.config import ConfigError, load

    try:
        settings = load(path, os.environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    _note(settings)
    return settings


def _note(settings: Settings) -> None:
    """Print the notices of a configuration. The service starts although the disk of its log is full."""
    with suppress(OSError):
        for notice in settings.notices:
            print(f"note: {notice}", file=sys.stderr)


def _serve(arguments: argparse.Namespace) -> int:
    from codesvc.runtime import garbage_collector

    garbage_collector.begin()
    from codesvc.cli.serve import server, supervisor, worker
    from codesvc.cli.serve.revision import Revision, UnusableConfiguration
    from codesvc.domain.errors import CodesvcError, in_words
    from codesvc.runtime import file_descriptors, http_server, logging

    garbage_collector.keep()
    logging.configure(human={"auto": None, "human": True, "json": False}[arguments.log])
    file_descriptors.raise_limit()
    if parent := os.environ.get(worker.WORKER_VARIABLE):
        worker.end_with_parent(int(parent))
        return http_server.run(worker.serve(worker.WorkerConfig.read()))
    try:
        revision = Revision.read(arguments.config, os.environ)
        _note(revision.settings)
        count = arguments.workers or revision.settings.service.workers
        if count > 1:
            # -P: not from the working directory, where others may have put modules.
            command = [sys.executable, "-P", "-m", "codesvc.cli", "serve", "--config", str(arguments.config)]
            command += ["--log", arguments.log]
            return http_server.run(supervisor.supervise(revision, arguments.config, command, count))
        return http_server.run(server.serve(revision, arguments.config, os.environ))
    except UnusableConfiguration as error:
        print(error, file=sys.stderr)
        return 2
    except (CodesvcError, OSError) as error:
        print(f"codesvc: {in_words(error)}", file=sys.stderr)
        return 1


def _reload(arguments: argparse.Namespace) -> int:
    from codesvc.cli import reload

    return reload.run(arguments.config, arguments.pid, os.environ)


def _alone(arguments: argparse.Namespace) -> int:
    """Run a command that takes its arguments alone."""
    match arguments.command:
        case "init":
            from codesvc.cli import init

            return init.run(arguments)
        case "demo":
            from codesvc.demo import demo_command

            return demo_command.run(arguments)
        case "sandbox":
            from codesvc.sandbox import sandbox_command

            return sandbox_command.run(arguments)
        case "check":
            from codesvc.doctor import check_command

            return check_command.run(arguments)
        case "send":
            from codesvc.cli import send

            return send.run(arguments)
        case "store":
            from codesvc.cli import store_migrate

            return store_migrate.run(arguments)
        case _:
            from codesvc.cli import password

            return password.make_password(arguments)


def _configured(arguments: argparse.Namespace) -> int:
    """Run a command that reads the configuration first."""
    settings = _settings(arguments.config)
    match arguments.command:
        case "probe":
            from codesvc.cli import probe

            return probe.run(arguments, settings)
        case "bindings":
            from codesvc.cli import bindings

            return bindings.run(arguments, settings)
        case "person":
            from codesvc.cli import person

            return person.run(arguments, settings)
        case _:
            from codesvc.cli import audit

            return audit.run(arguments, settings)


def _webhooks(arguments: argparse.Namespace) -> int:
    import secrets

    if arguments.act == "secret":
        from codesvc.config.api_keys import new_signing_secret

        secret = new_signing_secret(secrets.token_bytes(32))
        print(f"The secret, shown only once. Your receiver needs it too:\n  {secret}")
        print("For the configuration: secrets_file, one per line, under [sites.SITE.webhook]")
        return 0
    from codesvc.cli import webhooks as command

    return command.run(arguments, _settings(Path(arguments.config)))


def _registry(arguments: argparse.Namespace) -> int:
    if (arguments.command, arguments.act) in {("keys", "new"), ("oidc", "secret")}:
        from codesvc.cli import registry_arguments as of_registry

        return of_registry.create_credential(arguments)
    from codesvc.cli import registry as command

    return command.run(arguments, _settings(arguments.config))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status."""
    parsed = _parser().parse_args(arguments)
    from codesvc.runtime.memory_guard import guard_memory

    commands = {
        "serve": _serve,
        "reload": _reload,
        "webhooks": _webhooks,
        **dict.fromkeys(("sites", "accounts", "keys", "oidc"), _registry),
        **dict.fromkeys(("probe", "bindings", "person", "audit"), _configured),
    }
    name = f"{parsed.command} {act}" if (act := getattr(parsed, "act", "")) else parsed.command
    if refused := refusal(parsed):
        print(f"codesvc {name}: {refused}", file=sys.stderr)
        return 2
    # Most commands read the master key.
    guard_memory()
    return terminal.run(lambda: commands.get(parsed.command, _alone)(parsed), name)
