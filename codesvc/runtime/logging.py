"""Structured logs: one line for each step, as JSON for machines or coloured for people, without secrets.

`codesvc.runtime.log_redaction` holds the list of what a line may contain. The most frequent lines are written without
structlog, in the same form: those of requests, of a verification's steps and of delivery attempts.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from codesvc.domain.clock import rfc3339_now
from codesvc.runtime.log_redaction import only_shapes
from codesvc.runtime.log_writer import LogLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import EventDict, WrappedLogger


def add_time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the time."""
    event["timestamp"] = rfc3339_now()
    return event


class _LibraryWarnings(logging.Handler):
    """Logs that a library reported a problem: its place and the type of the error, but not its text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the place and the type of the error."""
        error = record.exc_info[0] if record.exc_info else None
        structlog.get_logger(record.name).warning(
            "library_complaint", error=error.__name__ if error else None, where=f"{record.module}:{record.lineno}"
        )


REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id")
"""The id of the request that is being handled; part of every line that is written meanwhile."""

TRACE_ID: Final[ContextVar[str | None]] = ContextVar("trace_id", default=None)
"""The caller's trace id (W3C Trace Context), 32 hexadecimal digits."""

_requests = structlog.get_logger("codesvc.http")
_steps = structlog.get_logger("codesvc.story")
_deliveries = structlog.get_logger("codesvc.delivery.courier")
_lines: LogLines | None = None
_encoder = msgspec.json.Encoder(enc_hook=repr)


@lru_cache(maxsize=1024)
def _request_line(method: str, route: str, status: int, site: str | None) -> str:
    """The part of a request's line that many requests have in common, as JSON without its end."""
    common = {"event": "request", "level": "info", "method": method, "route": route, "status": status, "site": site}
    return _encoder.encode(common)[:-1].decode() + ',"ms":'


@lru_cache(maxsize=1024)
def _step_line(site: str, purpose: str, step: str, detail: str) -> str:
    """The common part of a step's line, up to the verification's id."""
    common = {"event": "step", "level": "info", "site": site, "purpose": purpose, "step": step}
    return _encoder.encode(common | ({"detail": detail} if detail else {}))[:-1].decode() + ',"verification":"'


def _end_of_line() -> str:
    """The end of every line. Nothing in it needs escaping."""
    request_id, trace_id = REQUEST_ID.get(""), TRACE_ID.get()
    named = f',"request_id":"{request_id}"' if request_id else ""
    traced = f',"trace_id":"{trace_id}"' if trace_id else ""
    return f',"timestamp":"{rfc3339_now()}"{named}{traced}}}'


def log_request(*, method: str, route: str, status: int, site: str | None, seconds: float) -> None:
    """Log the result of a request. The values are not redacted, so none of them may be a secret."""
    if _lines is None:
        ms = round(seconds * 1000, 2)
        _requests.info("request", method=method, route=route, status=status, site=site, ms=ms)
        return
    _lines.add(f"{_request_line(method, route, status, site)}{seconds * 1000:.2f}{_end_of_line()}".encode())


def log_steps(verification: str, site: str, purpose: str, steps: Sequence[tuple[str, str]]) -> None:
    """Log steps of a verification, each with its detail, "" for none.

    The names of steps are those of `codesvc.domain.timeline`.
    """
    if _lines is None:
        for step, detail in steps:
            _steps.info("step", verification=verification, site=site, purpose=purpose, step=step, detail=detail or None)
        return
    end = f'{verification}"{_end_of_line()}'
    for step, detail in steps:
        _lines.add(f"{_step_line(site, purpose, step, detail)}{end}".encode())


@lru_cache(maxsize=1024)
def _attempt_line(site: str, account: str, channel: str, ending: str, reason: str) -> str:
    """The common part of an attempt's line."""
    common = {"event": "delivery_attempt", "level": "info", "site": site, "account": account}
    words = {"channel": channel, "ending": ending, "reason": reason}
    return _encoder.encode(common | words)[:-1].decode() + ',"verification":"'


def log_attempt(
    *, verification: str, site: str, account: str, channel: str, ending: str, reason: str, alarm: bool = False
) -> None:
    """Log the result of an attempt to send a code; with `alarm` as an error. The values are not redacted."""
    if _lines is None or alarm:
        tell = _deliveries.error if alarm else _deliveries.info
        tell(
            "delivery_attempt",
            verification=verification,
            site=site,
            account=account,
            channel=channel,
            ending=ending,
            reason=reason,
        )
        return
    _lines.add(f'{_attempt_line(site, account, channel, ending, reason)}{verification}"{_end_of_line()}'.encode())


def add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the ids of the current request and of its trace."""
    if request_id := REQUEST_ID.get(""):
        event["request_id"] = request_id
    if trace_id := TRACE_ID.get():
        event["trace_id"] = trace_id
    return event


def _format_exceptions(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Format an exception for people, the innermost last."""
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


def _encoded(_: WrappedLogger, __: str, line: str) -> bytes:
    """The line as octets, which go below the text stream of a command: that one shows the colours' controls."""
    return line.encode(errors="backslashreplace")


def is_written() -> bool:
    """Whether the latest lines of this process's log could be written."""
    return _lines is None or not _lines.failing


def configure(*, human: bool | None = None, level: int = logging.INFO) -> None:
    """Configure logging for this process; for people if standard error is a terminal, unless `human` is given."""
    global _lines  # noqa: PLW0603  one for the process, like structlog's configuration
    for_people = sys.stderr.isatty() if human is None else human
    lines = None if for_people else LogLines(sys.stderr.buffer)
    _lines = lines if level <= logging.INFO else None  # structlog leaves out what is below the level
    structlog.configure(
        processors=[
            add_request_id,
            structlog.processors.add_log_level,
            add_time,
            only_shapes,
            *([_format_exceptions, structlog.dev.ConsoleRenderer(), _encoded] if for_people else [_as_json]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer) if lines is None else lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    # Libraries log what they could not parse, with keys and tokens in it. Only our own lines report results of
    # requests.
    logging.basicConfig(level=logging.WARNING, handlers=[_LibraryWarnings()], force=True)
