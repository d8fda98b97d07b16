"""Redaction of log lines: only known names with known forms of values pass, everything else is replaced.

A list of forbidden values is never complete, so this is a list of allowed values. A value passes only under a listed
name, and only in that name's form: an id of ours, a word, a number, a place in the code. Texts of errors have no fixed
form; they are shortened, and everything in them that could be a code, a key, a token or an openid is removed. The event
must be a constant word, not a text built at run time. Of an exception, its type and its places in the code are shown.
Its text is shown only for our own exceptions, whose texts are safe to log.
"""

import re
import sys
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, Final

from codesvc.domain.errors import CodesvcError

HIDDEN: Final = "…"

_EVENT: Final = re.compile(r"[a-z]+(?:_[a-z]+)*")
_WORD: Final = re.compile(r"[a-z]{1,20}(?:[ _-][a-z]{1,20})*")
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ID: Final = re.compile(r"(?:vf|bi|lg|nt|evt|wh|ms)_[A-Za-z0-9_-]{6,64}")
_REQUEST: Final = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_HEX: Final = re.compile(r"[0-9a-f]{16,32}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")
_CALL: Final = re.compile(r"/[a-z_/-]{1,60}")
_ENTRY: Final = re.compile(r"[a-z][a-z0-9_/.-]{0,64}")
_ROUTE: Final = re.compile(r"/[A-Za-z0-9_./{}-]{0,80}|unknown|unreadable")
_METHOD: Final = re.compile(r"[A-Z]{3,20}")
_OPTION: Final = re.compile(r"(?:mode|service|store|secrets|accounts|sites|templates)(?:\.[a-z][a-z0-9_-]{0,31})*")
_DETAIL: Final = re.compile(r"[a-z]+(?:[_-][a-z]+)*(?:\.(?:-?\d{1,6}|[a-z_]+))?")
_TASK: Final = re.compile(r"[a-z]+(?: [a-z]+){0,4}")
_PLACE: Final = re.compile(r"[a-z_][a-z0-9_.]{0,60}:\d{1,5}")

_MOST_TEXT: Final = 500
_MOST_ITEMS: Final = 200
_MOST_FRAMES: Final = 30

# What is removed from an error's text. Our own ids and WeChat's errcodes stay, because they are needed for diagnosis.
_ADDRESS: Final = re.compile(r"(?P<where>[a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?(?P<host>[^\s/?#@]+)[^\s]*")
# An appid stays too: it is public, and begins as no openid, token or key does.
_KEPT: Final = re.compile(
    rf"{_ID.pattern}|\bwx[0-9a-f]{{16}}\b|(?:errcode|code|errno|line|port|status) ?[:=]? ?-?\d{{1,6}}\b"
)
_MAIL: Final = re.compile(r"[^\s@'\"(]+@[^\s@'\")]+")
_DIGITS: Final = re.compile(r"(?<![A-Za-z0-9_-])\d{4,12}(?![A-Za-z0-9_-])")
_MIXED: Final = re.compile(r"(?=[A-Za-z0-9_=-]*[0-9A-Z])[A-Za-z0-9_=-]{16,}(?:\.[A-Za-z0-9_=-]{8,})*")


def text(value: object) -> str:
    """An error's text without possible secrets and openids, shortened."""
    if not isinstance(value, str):
        return HIDDEN
    # What is kept stands between NULs meanwhile, so the text itself must have none.
    value = value[: 4 * _MOST_TEXT].replace("\0", " ")
    value = _ADDRESS.sub(lambda found: f"{found['where']}{found['host']}/{HIDDEN}", value)
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\0{len(kept) - 1}\0"

    value = _MIXED.sub(HIDDEN, _DIGITS.sub(HIDDEN, _MAIL.sub(HIDDEN, _KEPT.sub(keep, value))))
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], value)[:_MOST_TEXT]


def _shaped(pattern: re.Pattern[str]) -> Callable[[object], object]:
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else HIDDEN


def _number(value: object) -> object:
    return value if isinstance(value, int | float) else HIDDEN


def _either(*shapes: Callable[[object], object]) -> Callable[[object], object]:
    def shape(value: object) -> object:
        return next((shown for each in shapes if (shown := each(value)) != HIDDEN), HIDDEN)

    return shape


def _each(shape: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: [shape(part) for part in value[:_MOST_ITEMS]] if isinstance(value, list | tuple) else HIDDEN


_word, _name, _id = _shaped(_WORD), _shaped(_NAME), _shaped(_ID)

SHAPES: Final[dict[str, Callable[[object], object]]] = {
    **dict.fromkeys(("level", "by", "channel", "ending", "kind", "mode", "notice", "outcome", "running"), _word),
    **dict.fromkeys(("script", "state", "step", "wish"), _word),
    **dict.fromkeys(("account", "purpose", "site", "source"), _name),
    "task": _shaped(_TASK),
    **dict.fromkeys(("verification", "intent", "webhook", "message", "subject"), _id),
    **dict.fromkeys(
        (
            *(
                "accounts",
                "again_in",
                "after_ms",
                "count",
                "daily",
                "jobs",
                "left",
                "lines",
                "ms",
                "octets",
                "partitions",
                "pause_ms",
                "pid",
                "seconds",
            ),
            *("restart_in", "sites", "stopped", "entered", "worker"),
        ),
        _number,
    ),
    **dict.fromkeys(("error", "faults", "why"), text),
    "reasons": _each(text),
    "status": _either(_number, _word),
    "reason": _either(_shaped(_DETAIL), text),
    "result": _either(_word, _shaped(re.compile(r"-?\d{1,5}"))),
    "detail": _shaped(_DETAIL),
    "type": _shaped(re.compile(r"[a-z]+(?:[._][a-z]+)*")),
    "appid": _shaped(re.compile(r"wx[0-9a-f]{16}")),
    "call": _shaped(_CALL),
    "entry": _shaped(_ENTRY),
    "route": _shaped(_ROUTE),
    "method": _shaped(_METHOD),
    "options": _each(_shaped(_OPTION)),
    "changed": _each(_shaped(_OPTION)),
    "store": _shaped(re.compile(r"[A-Za-z0-9_.,:/\[\]-]{1,200}")),
    **dict.fromkeys(("data_dir", "copy"), _shaped(re.compile(r"/[^\0\n]{0,300}"))),
    "where": _shaped(_PLACE),
    "request_id": _shaped(_REQUEST),
    "trace_id": _shaped(_HEX),
    "timestamp": _shaped(_TIME),
    "since": _shaped(_TIME),
    "until": _shaped(_TIME),
}
"""Every name that a line may contain, with the form of its value."""


def only_shapes(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that lets only the names and forms of `SHAPES` pass."""
    name = event.get("event")
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()[1]
    shown: dict[str, Any] = {
        name: None if value is None else SHAPES[name](value) if name in SHAPES else HIDDEN
        for name, value in event.items()
        if name != "event" and _EVENT.fullmatch(name)
    }
    shown["event"] = name if isinstance(name, str) and _EVENT.fullmatch(name) else HIDDEN
    if isinstance(raised, BaseException):
        shown["exception"] = list(_outlines(raised))
    return shown


def _outlines(error: BaseException) -> Iterator[dict[str, Any]]:
    """An exception and its causes: types, places, and the texts of our own exceptions."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        outline: dict[str, Any] = {"type": type(found).__qualname__, "frames": list(_frames(found))}
        if isinstance(found, CodesvcError):
            outline["text"] = text(str(found))
        yield outline
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _frames(error: BaseException) -> Iterator[str]:
    trace, count = error.__traceback__, 0
    while trace is not None and count < _MOST_FRAMES:
        code = trace.tb_frame.f_code
        yield f"{'/'.join(code.co_filename.split('/')[-2:])}:{trace.tb_lineno} {code.co_name}"
        trace, count = trace.tb_next, count + 1
