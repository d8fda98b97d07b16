"""Server-sent events: the state of a verification at once, and again whenever its disclosed state changes.

Two states are compared by the text that would be sent. So a hidden change sends no event, and the stream of an
undisclosed verification shows no more than its GET (DESIGN rule 7).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aiohttp import hdrs, web

from codesvc.domain.verification import Status
from codesvc.runtime.logging import REQUEST_ID
from codesvc.sites.registry.tables import UnreadableEntry
from codesvc.web.authentication import bearer
from codesvc.web.context import SERVICES, services
from codesvc.web.event_streams.connections import ASK_AGAIN, COME_BACK, OpenStreams
from codesvc.web.event_streams.look import StreamState
from codesvc.web.headers import uncached_headers
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping

    from codesvc.client.schema import Answer
    from codesvc.config.settings import Scope
    from codesvc.domain.codes import VerificationId
    from codesvc.domain.intent import Intent, IntentId
    from codesvc.domain.record import Record
    from codesvc.sites.directory import SiteEntry

_T = TypeVar("_T")


class SharedReads:
    """Reads that are shared by all who ask for the same key in the same turn of the event loop."""

    def __init__(self) -> None:
        self._reads: dict[Hashable, asyncio.Future[Any]] = {}

    async def read(self, key: Hashable, read: Callable[[], Awaitable[_T]]) -> _T:
        """What `read` returns, or a read that another caller has begun in this turn.

        A change wakes all streams of a verification in one turn, and the read is sent in the next one. So no stream
        gets a state from before the change that woke it.

        Raises:
            Exception: what `read` raises, to each caller.
        """
        reading: asyncio.Future[_T] | None = self._reads.get(key)
        if reading is None:
            reading = self._reads[key] = asyncio.ensure_future(read())
            asyncio.get_running_loop().call_soon(self._reads.pop, key)
        # One caller that is cancelled does not end the read of the others.
        return await asyncio.shield(reading)


_STREAMS: Final = web.AppKey("open_streams", OpenStreams)
_READS: Final = web.AppKey("shared_reads", SharedReads)


def install(app: web.Application) -> None:
    """Set up the streams of an application, and end them when it shuts down."""

    async def keep(app: web.Application) -> AsyncIterator[None]:
        app[_STREAMS] = OpenStreams(app[SERVICES].change_notifier)
        app[_READS] = SharedReads()
        yield

    async def end_streams(app: web.Application) -> None:
        finish(app)

    app.cleanup_ctx.append(keep)
    app.on_shutdown.append(end_streams)


def finish(app: web.Application) -> None:
    """End open streams now and ask clients to reconnect; used when a new application has replaced this one."""
    if _STREAMS in app:
        app[_STREAMS].close()


async def stream_changes(
    request: web.Request,
    site: SiteEntry,
    identifier: VerificationId,
    draw: Callable[[Record], Answer],
    *,
    scope: Scope | None = None,
    drawn_for: Hashable = None,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Send `draw(record)` at once and after each change, until the verification ends or the client disconnects.

    The returned response is complete for aiohttp, while the stream may stay open for long. So `draw` must not keep a
    reference to the request. Streams with the same `drawn_for` (of a page: its language) are drawn alike.

    `scope` is the one that the key which reads has to have. Without it a page reads with its token, and `headers` are
    the page's.

    Raises:
        Problem: there is no such verification, or its page has too many streams.
    """
    verifications = services(request).verifications

    async def look() -> StreamState | None:
        record = (await verifications.get(site, identifier)).record
        if record is None:
            return None
        return StreamState(draw(record), record.status is not Status.PENDING, record.expires - record.now)

    return await _stream(request, site, identifier.text, look, headers, scope=scope, drawn_for=drawn_for)


async def stream_intent(
    request: web.Request,
    site: SiteEntry,
    identifier: IntentId,
    draw: Callable[[Intent], Answer],
    *,
    scope: Scope | None = None,
    drawn_for: Hashable = None,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Send `draw(intent)` in the same way, for a bind intent or login.

    Raises:
        Problem: there is none.
    """
    intents = services(request).intents

    async def look() -> StreamState | None:
        intent = (await intents.get(site, identifier)).intent
        return StreamState(draw(intent), intent.over, intent.expires - intent.now) if intent else None

    return await _stream(request, site, identifier.text, look, headers, scope=scope, drawn_for=drawn_for)


def _shared(
    request: web.Request, identifier: str, alike: Hashable, look: Callable[[], Awaitable[StreamState | None]]
) -> Callable[[], Awaitable[StreamState | None]]:
    """`look`, made together with the other streams of the object that are drawn alike."""
    notifier, reads = services(request).change_notifier, request.app[_READS]

    async def shared() -> StreamState | None:
        return await (reads.read(alike, look) if notifier.listeners(identifier) > 1 else look())

    return shared


def _while_allowed(
    look: Callable[[], Awaitable[StreamState | None]], allowed: Callable[[], bool]
) -> Callable[[], Awaitable[StreamState | None]]:
    """`look`, which sees nothing more once its reader could not open the stream again."""

    async def while_allowed() -> StreamState | None:
        return await look() if allowed() else None

    return while_allowed


def _reader(request: web.Request, opened: SiteEntry, scope: Scope | None) -> Callable[[], bool]:
    """Asks what was asked of the reader at the beginning: the site is there, and the key is of it and has the scope.

    A site of the same name at another account is another one: what it was asked of lies with the first account.
    """
    directory, key = services(request).directory, bearer(request)

    def allowed() -> bool:
        if scope is None:
            site = directory.sites.get(opened.name)
        else:
            try:
                caller = directory.caller(key)
            except UnreadableEntry:
                return False
            site = caller.site if caller is not None and scope in caller.key.scopes else None
        return (
            site is not None and site.name == opened.name and site.account.config.appid == opened.account.config.appid
        )

    return allowed


async def _stream(
    request: web.Request,
    site: SiteEntry,
    identifier: str,
    look: Callable[[], Awaitable[StreamState | None]],
    headers: Mapping[str, str] | None,
    *,
    scope: Scope | None,
    drawn_for: Hashable,
) -> web.StreamResponse:
    look = _shared(request, identifier, (identifier, scope, site.name, drawn_for), look)
    look = _while_allowed(look, _reader(request, site, scope))
    streams = request.app[_STREAMS]
    stream = streams.add(identifier, look, site=site.name if scope is not None else "")
    if stream is None and scope is None:
        raise Problem("too-many-streams", headers={hdrs.RETRY_AFTER: "5", **(headers or {})})
    opened = False
    try:
        seen = await look()
        if seen is None:
            raise Problem("not-found", "There is nothing of that id.")
        response = web.StreamResponse(
            headers={
                **uncached_headers("text/event-stream; charset=utf-8"),
                "X-Request-Id": REQUEST_ID.get(),
                "X-Accel-Buffering": "no",
                **(headers or {}),
            },
        )
        if not seen.over:
            response.force_close()
        try:
            await response.prepare(request)
            if request.method == hdrs.METH_HEAD:
                return response
            await response.write(seen.event())
            if seen.over:
                return response
            if stream is None or streams.closing:
                # Clients of a site come back, and need not know how to read a state otherwise.
                await response.write(ASK_AGAIN if stream is None else COME_BACK)
                return response
        except ConnectionResetError:
            return response
        stream.take_over(request, response, seen)
        opened = True
        return response
    finally:
        if stream is not None and not opened:
            streams.forget(stream)
