"""Structured logs: one line per story step, JSON for machines or coloured for people; never a secret.

What may be logged is decided where it is logged (ids, names, words); here is the second line of defence: values under
names that could hold a secret are blotted out whatever they are.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from structlog.tracebacks import ExceptionDictTransformer

from codesvc.clock import rfc3339, unix_ms
from codesvc.loglines import LogLines

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

_SECRET_NAMES: Final = (
    "code", "key", "secret", "token", "proof", "ticket", "openid", "unionid", "user", "password", "authorization",
)  # fmt: skip
# structlog would print the local variables of every frame: codes, keys, whole requests.
_TRACEBACKS: Final = ExceptionDictTransformer(show_locals=False)
_HARMLESS: Final = frozenset({"user_agent"})


def blot_out(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace what stands under a name that could be a secret's."""
    for name in event:
        if name not in _HARMLESS and any(part in name.lower().split("_") for part in _SECRET_NAMES):
            event[name] = "…"
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


REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id")
"""Stands in every line that is written while the request is answered."""

_requests = structlog.get_logger("codesvc.http")
_lines: LogLines | None = None
_encoder = msgspec.json.Encoder(enc_hook=repr)


def tell_request(*, method: str, route: str, status: int, site: str | None, seconds: float) -> None:
    """Log what a request came to. Nothing here may be a secret: it is not looked at again."""
    ms = round(seconds * 1000, 2)
    if _lines is None:
        _requests.info("request", method=method, route=route, status=status, site=site, ms=ms)
        return
    line = _Request(method, route, status, site, ms, REQUEST_ID.get(""), rfc3339(unix_ms()))
    _lines.add(_encoder.encode(line))


def add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Name the request during which something is logged."""
    if request_id := REQUEST_ID.get(""):
        event["request_id"] = request_id
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
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            blot_out,
            *([] if for_people else [structlog.processors.ExceptionRenderer(_TRACEBACKS)]),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if for_people
            else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr) if lines is None else lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)
    # aiohttp prints what it could not parse, with the keys and tokens in it. What a request came to is logged by us.
    for name in ("aiohttp.server", "aiohttp.web", "aiohttp.web_log", "aiohttp.internal", "asyncio"):
        library = logging.getLogger(name)
        library.handlers = [_NameOnly()]
        library.propagate = False
