"""Structured logs: one line per story step, JSON for machines or coloured for people; never a secret.

What a line may show is a closed list: `codesvc.logshape`. The two lines that busy services write most, of a request and
of a verification's step, are written without structlog, in the same form.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from codesvc.clock import rfc3339, unix_ms
from codesvc.loglines import LogLines
from codesvc.logshape import only_shapes

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger


def add_time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say when."""
    event["timestamp"] = rfc3339(unix_ms())
    return event


class _NameOnly(logging.Handler):
    """Says that a library complained, of which kind of error, and nothing of what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the complaint's outline."""
        error = record.exc_info[0] if record.exc_info else None
        structlog.get_logger(record.name).warning(
            "library_complaint", error=error.__name__ if error else None, where=f"{record.module}:{record.lineno}"
        )


class _Request(msgspec.Struct):
    """The line that every request leaves, in JSON; what structlog would write of it, in a thirtieth of the time."""

    method: str
    route: str
    status: int
    site: str | None
    ms: float
    request_id: str
    timestamp: str
    event: str = "request"
    level: str = "info"
    trace_id: str | msgspec.UnsetType = msgspec.UNSET


class _Step(msgspec.Struct, omit_defaults=True):
    """The line that every step of a verification leaves, in JSON."""

    event: str
    level: str
    verification: str
    site: str
    purpose: str
    step: str
    timestamp: str
    detail: str = ""
    request_id: str = ""
    trace_id: str | None = None


REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id")
"""Stands in every line that is written while the request is answered."""

TRACE_ID: Final[ContextVar[str | None]] = ContextVar("trace_id", default=None)
"""The trace that the caller named (W3C Trace Context): 32 hexadecimal digits."""

_requests = structlog.get_logger("codesvc.http")
_steps = structlog.get_logger("codesvc.story")
_lines: LogLines | None = None
_encoder = msgspec.json.Encoder(enc_hook=repr)


def tell_request(*, method: str, route: str, status: int, site: str | None, seconds: float) -> None:
    """Log what a request came to. Nothing here may be a secret: it is not looked at again."""
    ms = round(seconds * 1000, 2)
    if _lines is None:
        _requests.info("request", method=method, route=route, status=status, site=site, ms=ms)
        return
    line = _Request(method, route, status, site, ms, REQUEST_ID.get(""), rfc3339(unix_ms()))
    if trace_id := TRACE_ID.get():
        line.trace_id = trace_id
    _lines.add(_encoder.encode(line))


def tell_step(*, verification: str, site: str, purpose: str, step: str, detail: str = "") -> None:
    """Log one step of a verification's story; `detail` is a word of `codesvc.trail`. As little a secret as above."""
    if _lines is None:
        _steps.info("step", verification=verification, site=site, purpose=purpose, step=step, detail=detail or None)
        return
    _lines.add(
        _encoder.encode(
            _Step(
                "step", "info", verification, site, purpose, step, rfc3339(unix_ms()),
                detail, REQUEST_ID.get(""), TRACE_ID.get(),
            )
        )
    )  # fmt: skip


def add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Name the request during which something is logged, and the trace that it belongs to."""
    if request_id := REQUEST_ID.get(""):
        event["request_id"] = request_id
    if trace_id := TRACE_ID.get():
        event["trace_id"] = trace_id
    return event


def _spoken(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An exception as people read it: the innermost last."""
    outlines = event.pop("exception", None)
    if outlines:
        event["exception"] = "\n".join(
            line
            for outline in reversed(outlines)
            for line in (
                *(f"  {frame}" for frame in outline["frames"]),
                f"{outline['type']}: {outline.get('text', '')}",
            )
        )
    return event


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    return _encoder.encode(event)


def configure(*, human: bool | None = None, level: int = logging.INFO) -> None:
    """Set up logging for this process; for people when standard error is a terminal, unless told otherwise."""
    global _lines  # noqa: PLW0603  as structlog's own configuration: one for the process
    for_people = sys.stderr.isatty() if human is None else human
    _lines = lines = None if for_people else LogLines(sys.stderr.buffer)
    structlog.configure(
        processors=[
            add_request_id,
            structlog.processors.add_log_level,
            add_time,
            only_shapes,
            *([_spoken, structlog.dev.ConsoleRenderer()] if for_people else [_as_json]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr) if lines is None else lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    # Libraries print what they could not parse, with the keys and tokens in it. What a request came to is logged by us.
    logging.basicConfig(level=logging.WARNING, handlers=[_NameOnly()], force=True)
