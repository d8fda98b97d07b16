"""Running the service as a process: store, applications one after the other, sockets, signals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from codesvc.cli.serve.revision import Unfit, succeed
from codesvc.runtime import garbage_collector, systemd
from codesvc.runtime.http_server import runner
from codesvc.runtime.signals import Signals
from codesvc.runtime.sockets import queues
from codesvc.store.connection import store_url
from codesvc.web.context import RETIRING
from codesvc.web.event_streams import stream

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from codesvc.cli.serve.revision import Generation, Succession

_log = structlog.get_logger(__name__)
_LAST_REQUESTS_SECONDS: Final = 2.0


class Serving:
    """One application that accepts from copies of listening sockets, which it does not own."""

    def __init__(self, app: web.Application) -> None:
        self._retiring = app[RETIRING] = asyncio.Event()
        self._runner = runner(app)

    @classmethod
    async def start(cls, app: web.Application, sockets: Sequence[socket.socket]) -> Serving:
        """Open everything and accept connections. Raises what the application's parts raise."""
        serving = cls(app)
        try:
            await serving._runner.setup()
            garbage_collector.settle()
            for each in sockets:
                await web.SockSite(serving._runner, each.dup()).start()
        except BaseException:
            await serving.stop()
            raise
        return serving

    async def retire(self) -> None:
        """Accept no more, and let callers who keep their connection hear of it before it goes; then `stop`."""
        self._retiring.set()
        stream.finish(self._runner.app)
        for site in list(self._runner.sites):
            await site.stop()
        server = self._runner.server
        for _ in range(int(_LAST_REQUESTS_SECONDS / 0.05)):
            if server is None or not server.connections:
                break
            await asyncio.sleep(0.05)
        await self.stop()

    async def stop(self) -> None:
        """Accept no more, drain the requests under way, and close everything."""
        await self._runner.cleanup()


async def follow(running: Generation, path: Path, env: Mapping[str, str]) -> Succession | None:
    """Read what a reload asks for and say so; None where the running generation stays."""
    systemd.notify_reloading()
    _log.info("reload_begun")
    try:
        return await asyncio.to_thread(succeed, running, path, env)
    except Unfit as error:
        refuse(str(error).splitlines())
        return None


def refuse(reasons: Sequence[str]) -> None:
    """Say that a reload changed nothing, and why."""
    _log.error("reload_refused", reasons=list(reasons), running="as before")
    systemd.notify("READY=1", f"STATUS=Reload refused, running as before: {'; '.join(reasons)[:500]}")


def accept(succession: Succession) -> None:
    """Say what a reload did."""
    waiting = succession.needs_restart
    _log.info("reload_done", changed=succession.changed)
    if waiting:
        _log.warning("reload_needs_restart", options=waiting)
    told = f" A restart is needed for: {', '.join(waiting)}" if waiting else ""
    systemd.notify("READY=1", f"STATUS=Reloaded.{told}")


async def serve(generation: Generation, path: Path, env: Mapping[str, str]) -> None:
    """Run the service until it is told to stop; on SIGHUP the next application takes over from the present one."""
    service = generation.settings.service
    with queues(service.host, service.port, 1) as [queue], Signals().heard() as signals:
        sockets = queue.sockets()
        async with store_url(generation.settings.store) as url:
            serving = await Serving.start(generation.app(url), sockets)
            systemd.notify("READY=1", "STATUS=Running.")
            try:
                while await signals.reload():
                    if (succession := await follow(generation, path, env)) is None:
                        continue
                    try:
                        # In a thread: reading templates takes a tenth of a second, and others are being answered.
                        app = await asyncio.to_thread(succession.generation.app, url)
                        successor = await Serving.start(app, sockets)
                    except (OSError, RuntimeError, ValueError) as error:
                        refuse([f"it does not start: {error}"])
                        continue
                    retired, serving, generation = serving, successor, succession.generation
                    await retired.retire()
                    del retired
                    garbage_collector.clear_away()
                    accept(succession)
            finally:
                systemd.notify("STOPPING=1")
                await serving.retire()
