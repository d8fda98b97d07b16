"""Server-sent events: a verification at once, and again whenever what may be said of it has changed.

Hidden changes are not seen: what is compared is the text that would be sent, so that a stream of an undisclosed
verification moves no more than its GET does (DESIGN rule 7).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from codesvc.errors import StoreUnavailable
from codesvc.store.wakeups import EVERYBODY
from codesvc.verification import Status
from codesvc.web.problem import Problem
from codesvc.web.services import SERVICES, services

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codesvc.codes import VerificationId
    from codesvc.directory import SiteEntry
    from codesvc.intent import Intent, IntentId
    from codesvc.record import Record

KEEP_ALIVE_SECONDS: Final = 15.0
_COME_BACK: Final = b"retry: 1000\n\n"
"""Milliseconds; browsers' EventSource opens the stream again by itself (HTML standard, 9.2.6)."""
_STOP: Final = web.AppKey("stop_streams", asyncio.Event)


def prepare(app: web.Application) -> None:
    """Let open streams end when the application shuts down."""
    app[_STOP] = asyncio.Event()

    async def end_streams(app: web.Application) -> None:
        finish(app)

    app.on_shutdown.append(end_streams)


def finish(app: web.Application) -> None:
    """Let open streams end now, with the word to come back: this application goes, and another is there already."""
    app[_STOP].set()
    if SERVICES in app:
        app[SERVICES].wakeups.wake(EVERYBODY)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at what is streamed.

    Attributes:
        document: what may be said of it.
        over: nothing can change any more.
        until_ms: when it changes by itself, from now.
    """

    document: dict[str, Any]
    over: bool
    until_ms: int


async def stream_changes(
    request: web.Request,
    site: SiteEntry,
    identifier: VerificationId,
    draw: Callable[[Record], dict[str, Any]],
    *,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Send `draw(record)` at once and after each change, until the verification has ended or the reader has left.

    Raises:
        Problem: there is no such verification.
    """

    async def look() -> Look | None:
        record = (await services(request).verifications.get(site, identifier)).record
        if record is None:
            return None
        return Look(draw(record), record.status is not Status.PENDING, record.expires - record.now)

    return await _stream(request, identifier.text, look, headers or {})


async def stream_intent(
    request: web.Request,
    site: SiteEntry,
    identifier: IntentId,
    draw: Callable[[Intent], dict[str, Any]],
    *,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """The same for a bind intent or login.

    Raises:
        Problem: there is none.
    """

    async def look() -> Look | None:
        intent = (await services(request).intents.get(site, identifier)).intent
        return Look(draw(intent), intent.over, intent.expires - intent.now) if intent else None

    return await _stream(request, identifier.text, look, headers or {})


async def _stream(
    request: web.Request, identifier: str, look: Callable[[], Awaitable[Look | None]], headers: Mapping[str, str]
) -> web.StreamResponse:
    stop = request.app[_STOP]
    with services(request).wakeups.watch(identifier) as changed:
        seen = await look()
        if seen is None:
            raise Problem("not-found", "There is nothing of that id.")
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                **headers,
            },
        )
        await response.prepare(request)
        last, clock = b"", asyncio.get_running_loop().time
        # By the clock alone: a beat that came later because something hidden had happened would tell of it (rule 7).
        beat = clock() + KEEP_ALIVE_SECONDS
        try:
            while seen is not None:
                text = _event(seen.document)
                if text != last:
                    await response.write(text)
                    last = text
                if seen.over or stop.is_set():
                    break
                # No task of its own for either wait: thousands of streams are open at once.
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, min(beat - clock(), seen.until_ms / 1000 + 0.05))):
                        await changed.wait()
                if clock() >= beat:
                    await response.write(b": \n\n")
                    beat += KEEP_ALIVE_SECONDS
                changed.clear()
                seen = await look()
            if seen is not None and not seen.over:
                # Not over this connection, which leads to an application that goes.
                response.force_close()
                await response.write(_COME_BACK)
        except StoreUnavailable:
            # It was answered with 200 long ago; who comes back is told the state, or that there is none just now.
            with suppress(ConnectionResetError):
                await response.write(_COME_BACK)
        except ConnectionResetError:
            pass
    return response


def _event(document: dict[str, Any]) -> bytes:
    return b"event: change\ndata: " + msgspec.json.encode(document) + b"\n\n"
