"""Server-sent events: a verification at once, and again whenever what may be said of it has changed.

Hidden changes are not seen: what is compared is the text that would be sent, so that a stream of an undisclosed
verification moves no more than its GET does (DESIGN rule 7).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from codesvc.store.outcomes import Outcome
from codesvc.verification import Status
from codesvc.web.problem import Problem
from codesvc.web.services import services

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesvc.codes import VerificationId
    from codesvc.directory import SiteEntry
    from codesvc.record import Record

KEEP_ALIVE_SECONDS: Final = 15.0
_STOP: Final = web.AppKey("stop_streams", asyncio.Event)


def prepare(app: web.Application) -> None:
    """Let open streams end when the application shuts down."""
    stop = asyncio.Event()
    app[_STOP] = stop

    async def end_streams(_: web.Application) -> None:
        stop.set()

    app.on_shutdown.append(end_streams)


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
    here, stop = services(request), request.app[_STOP]
    with here.wakeups.watch(identifier.text) as changed:
        result = await here.verifications.get(site, identifier)
        if result.outcome is not Outcome.DONE:
            raise Problem("not-found", "There is no such verification.")
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                **(headers or {}),
            },
        )
        await response.prepare(request)
        last = b""
        stopping = asyncio.create_task(stop.wait())
        try:
            while result.record is not None and not stop.is_set():
                text = _event(draw(result.record))
                if text != last:
                    await response.write(text)
                    last = text
                if result.record.status is not Status.PENDING:
                    break
                changed_soon = asyncio.create_task(changed.wait())
                until_expiry = (result.record.expires - result.record.now) / 1000 + 0.05
                done, _ = await asyncio.wait(
                    {changed_soon, stopping},
                    timeout=min(KEEP_ALIVE_SECONDS, until_expiry),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                changed_soon.cancel()
                if not done:
                    await response.write(b": \n\n")
                changed.clear()
                result = await here.verifications.get(site, identifier)
        except ConnectionResetError:
            pass
        finally:
            stopping.cancel()
    return response


def _event(document: dict[str, Any]) -> bytes:
    return b"event: change\ndata: " + msgspec.json.encode(document) + b"\n\n"
