"""Runs the service as one process: store, sockets, signals, and a new application after each reload."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from codesvc.cli.serve.revision import UnusableConfiguration, read_successor
from codesvc.domain.errors import CodesvcError
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

    from codesvc.cli.serve.revision import ReloadResult, Revision

_log = structlog.get_logger(__name__)
_LAST_REQUESTS_SECONDS: Final = 2.0


class Serving:
    """One running application. It accepts on copies of the listening sockets and does not own the sockets."""

    def __init__(self, app: web.Application) -> None:
        self._retiring = app[RETIRING] = asyncio.Event()
        self._runner = runner(app)

    @classmethod
    async def start(cls, app: web.Application, sockets: Sequence[socket.socket]) -> Serving:
        """Start the application and accept connections; errors of the application's parts are not caught."""
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
        """Stop accepting, give clients of kept-alive connections time for a last answer, and then `stop`."""
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
        """Stop accepting, wait for the requests in progress, and close everything."""
        await self._runner.cleanup()


async def follow(running: Revision, path: Path, env: Mapping[str, str]) -> ReloadResult | None:
    """Read the new revision for a reload and log the result; None if the running revision stays."""
    systemd.notify_reloading()
    _log.info("reload_begun")
    try:
        return await asyncio.to_thread(read_successor, running, path, env)
    except UnusableConfiguration as error:
        refuse(str(error).splitlines())
        return None


def refuse(reasons: Sequence[str]) -> None:
    """Log that a reload was refused, and why."""
    _log.error("reload_refused", reasons=list(reasons), running="as before")
    systemd.notify("READY=1", f"STATUS=Reload refused, running as before: {'; '.join(reasons)[:500]}")


def accept(result: ReloadResult) -> None:
    """Log the changes of a reload."""
    waiting = result.needs_restart
    _log.info("reload_done", changed=result.changed)
    if waiting:
        _log.warning("reload_needs_restart", options=waiting)
    hint = f" A restart is needed for: {', '.join(waiting)}" if waiting else ""
    systemd.notify("READY=1", f"STATUS=Reloaded.{hint}")


async def serve(revision: Revision, path: Path, env: Mapping[str, str]) -> None:
    """Run the service until a signal stops it; on SIGHUP a new application replaces the running one."""
    service, operators = revision.settings.service, revision.settings.admin.listener
    with queues(service.host, service.port, 1, operators) as [queue], Signals().installed() as signals:
        sockets = queue.sockets()
        async with store_url(revision.settings.store) as url:
            serving = await Serving.start(revision.app(url), sockets)
            systemd.notify("READY=1", "STATUS=Running.")
            try:
                while await signals.reload():
                    if (result := await follow(revision, path, env)) is None:
                        continue
                    try:
                        # In a thread: reading the templates takes 0.1 s, and requests must be answered meanwhile.
                        app = await asyncio.to_thread(result.revision.app, url)
                        successor = await Serving.start(app, sockets)
                    except (CodesvcError, OSError, RuntimeError, ValueError) as error:
                        refuse([f"the service cannot start: {error}"])
                        continue
                    retired, serving, revision = serving, successor, result.revision
                    await retired.retire()
                    del retired
                    garbage_collector.clear_away()
                    accept(result)
            finally:
                systemd.notify("STOPPING=1")
                await serving.retire()
