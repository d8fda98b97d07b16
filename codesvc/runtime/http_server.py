"""Serves an aiohttp application on a port, and runs a coroutine as a whole process.

aiohttp answers by itself, past every middleware, what it cannot read as a request, and what it refuses before it calls
a handler. Those answers are plain text with aiohttp's version. An application can replace them, see `REFUSAL`.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import uvloop
from aiohttp import web

GRACE_SECONDS: Final = 10.0
"""How long running requests may take after a stop was requested, in seconds."""
IDLE_SECONDS: Final = 75.0
"""How long a connection may lack a whole request head, at its beginning and after each answer, in seconds."""
UNREAD_SECONDS: Final = 60.0
"""How long a client may leave what was sent to it without any sign of reading, in seconds."""
_INTERNET: Final = frozenset({socket.AF_INET, socket.AF_INET6})
MAX_LINE_BYTES: Final = 8190
"""The longest request line, and the longest header."""

Refusal = Callable[[web.BaseRequest, int, BaseException | None], web.Response]
REFUSAL: Final[web.AppKey[Refusal]] = web.AppKey("REFUSAL")
"""Makes the answer to a request that never reached the application. Arguments: the request (a stand-in without a path
or headers, if it could not be read), the status that aiohttp chose, and the reason.
"""


class _Connection(web.RequestHandler):
    """A connection of a client, whose answers without the application are made by `REFUSAL`."""

    __slots__ = ("_refuse", "_unread_milliseconds")

    def __init__(self, *given: Any, refuse: Refusal, unread_seconds: float, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self._refuse = refuse
        self._unread_milliseconds = round(1000 * unread_seconds)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection whose client has to read.

        Closing a connection first sends what is still to be sent. To a client that reads nothing that takes for ever,
        and the connection keeps its descriptor and the answer's bytes. The kernel ends such a connection (tcp(7),
        `TCP_USER_TIMEOUT`, Linux), also after an event stream has taken it over.
        """
        connected = transport.get_extra_info("socket")
        if connected is not None and connected.family in _INTERNET and hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):  # it was closed meanwhile
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._unread_milliseconds)
        super().connection_made(transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  it quotes what the client sent
    ) -> web.StreamResponse:
        """Answer what could not be read, or whose handler failed, and close the connection.

        Raises:
            ConnectionError: an answer has begun already.
        """
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        response = self._refuse(request, status, exc)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; one that aiohttp raised before the middlewares ran is replaced."""
        if isinstance(resp, web.HTTPException) and not resp.prepared:
            resp = self.handle_error(request, resp.status, resp)
        return await super().finish_response(request, resp, start_time)


class _Connections:
    """The protocol factory of the sockets: makes a `_Connection` for each client, and lists the open ones."""

    def __init__(self, server: web.Server, refuse: Refusal, unread_seconds: float, settings: dict[str, Any]) -> None:
        self._server = server
        self._refuse = refuse
        self._unread_seconds = unread_seconds
        self._settings = settings

    @property
    def connections(self) -> list[web.RequestHandler]:
        """The open connections."""
        return self._server.connections

    def __call__(self) -> _Connection:
        loop = asyncio.get_running_loop()
        return _Connection(
            self._server, loop=loop, refuse=self._refuse, unread_seconds=self._unread_seconds, **self._settings
        )


class _Runner(web.AppRunner):
    """aiohttp's runner, whose connections answer with the application's `REFUSAL`."""

    def __init__(
        self, app: web.Application, *, shutdown_timeout: float, unread_seconds: float, **settings: Any
    ) -> None:
        super().__init__(app, shutdown_timeout=shutdown_timeout, **settings)
        self._unread_seconds = unread_seconds
        self._settings = settings

    @property
    def server(self) -> web.Server | None:
        """The protocol factory of the sockets, None before `setup`."""
        server, refuse = super().server, self.app.get(REFUSAL)
        if server is None or refuse is None:
            return server
        return cast("web.Server", _Connections(server, refuse, self._unread_seconds, self._settings))


def runner(
    app: web.Application,
    *,
    grace_seconds: float = GRACE_SECONDS,
    idle_seconds: float = IDLE_SECONDS,
    unread_seconds: float = UNREAD_SECONDS,
) -> web.AppRunner:
    """The runner that serves every application of the service."""
    return _Runner(
        app,
        access_log=None,
        shutdown_timeout=grace_seconds,
        # Compressed bodies are refused. Inflating one costs much more time than sending it.
        auto_decompress=False,
        keepalive_timeout=idle_seconds,
        unread_seconds=unread_seconds,
        lingering_time=5.0,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
    )


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[web.AppRunner]:
    """Serve an application while the context is open. Leaving it waits for running requests.

    Raises:
        OSError: the port is in use.
    """
    serving = runner(app)
    await serving.setup()
    try:
        await web.TCPSite(serving, host, port, reuse_address=True).start()
        yield serving
    finally:
        await serving.cleanup()


def run(main: Coroutine[Any, Any, int | None]) -> int:
    """Run a coroutine on uvloop. Its result is the exit status; None means 0."""
    with contextlib.suppress(KeyboardInterrupt):
        return uvloop.run(main) or 0
    return 130
