"""Serving the sandbox: in this loop for the command, in a thread of its own for a test suite.

Without a token the sandbox binds to loopback only (DESIGN rule 11): whoever reaches it can do everything to it.
"""

from ipaddress import ip_address

from aiohttp import web

from codesvc.sandbox.app import create_app
from codesvc.sandbox.platform import Platform


class Exposed(ValueError):
    """The sandbox would be reachable from other machines without a token."""


def check_exposure(host: str, token: str | None) -> None:
    """Refuse to listen on the network without a token.

    Raises:
        Exposed: the host is not loopback and there is no token.
    """
    if token or is_loopback(host):
        return
    raise Exposed(f"{host} is not loopback: give --token, or listen on 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host; names other than `localhost` are not looked up."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def start_server(
    platform: Platform, *, host: str = "127.0.0.1", port: int = 0, token: str | None = None
) -> tuple[web.AppRunner, str]:
    """Start serving in the running loop; returns the runner, to clean up, and the address.

    Raises:
        Exposed: see `check_exposure`.
        OSError: the port is taken.
    """
    check_exposure(host, token)
    runner = web.AppRunner(create_app(platform, token=token), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    bound = runner.addresses[0]
    name = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    return runner, f"http://{name}:{bound[1]}"
