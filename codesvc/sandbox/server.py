"""Serves the sandbox in the running event loop."""

from aiohttp import web

from codesvc.sandbox.app import create_app
from codesvc.sandbox.bind_guard import check_bind
from codesvc.sandbox.platform import Platform


async def start_server(
    platform: Platform, *, host: str = "127.0.0.1", port: int = 0, token: str | None = None
) -> tuple[web.AppRunner, str]:
    """Start serving; returns the runner, which the caller cleans up, and the address.

    Raises:
        UnsafeBind: see `check_bind`.
        OSError: the port is in use.
    """
    check_bind(host, token)
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
