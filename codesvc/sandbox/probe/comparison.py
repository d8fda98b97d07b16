"""The differences between a recording of the platform and the same walk over the sandbox."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codesvc.sandbox.probe.transcript import Event, Transcript

Sort = Literal[
    "missing member",
    "further member",
    "other type",
    "other errcode",
    "other value",
    "other order",
    "other time",
    "missing event",
    "further event",
]
# Members whose value belongs to the account and its history, and says nothing of the platform.
_VALUES_OF_THE_ACCOUNT = frozenset(
    (
        "daily_limit",
        "used",
        "remain",
        "call_count",
        "expires_in",
        "is_menu_open",
        "subscribe_scene",
        "groupid",
        "qr_scene",
    )
)
_CONTENTS_OF_THE_ACCOUNT = frozenset(("menu", "button", "selfmenu_info", "conditionalmenu", "tagid_list"))
_STRICT_FORMS = frozenset(("openid", "appid", "original_id", "rid", "qr_url", "url", "digits"))


@dataclass(frozen=True)
class Difference:
    """One difference: its place, its kind, and both sides."""

    step: str
    event: str
    member: str
    sort: Sort
    recorded: str
    sandbox: str

    def line(self) -> str:
        """In one line."""
        where = f"{self.step}: {self.event}" + (f" {self.member}" if self.member else "")
        return f"{self.sort:<15} {where}: recorded {self.recorded}, sandbox {self.sandbox}"


def compare(recorded: Transcript, sandbox: Transcript, *, seconds: float = 1.0) -> list[Difference]:
    """Every difference, in the order of the walk.

    Args:
        recorded: the transcript of the platform.
        sandbox: the transcript of the same steps with the sandbox.
        seconds: how much later or earlier something may happen.
    """
    found: list[Difference] = []
    for step in recorded.steps():
        found += _compare_step(step, recorded.of(step), sandbox.of(step), seconds)
    return found


def _compare_step(
    step: str, theirs: Mapping[str, Event], ours: Mapping[str, Event], seconds: float
) -> Iterator[Difference]:
    both = [label for label in theirs if label in ours]
    order = [label for label in ours if label in theirs]
    if both != order:
        yield Difference(step, "events", "", "other order", ", ".join(both), ", ".join(order))
    for label in theirs:
        if label not in ours:
            yield Difference(step, label, "", "missing event", "is there", "is not")
    for label in ours:
        if label not in theirs:
            yield Difference(step, label, "", "further event", "is not there", "is there")
    for label in both:
        yield from _compare_event(step, label, theirs[label], ours[label], seconds)


def _compare_event(step: str, label: str, theirs: Event, ours: Event, seconds: float) -> Iterator[Difference]:
    for name in ("status", "content_type"):
        one, other = getattr(theirs, name), getattr(ours, name)
        if one != other:
            yield Difference(step, label, name, "other value", str(one), str(other))
    yield from _compare_shapes(step, label, "", theirs.shape, ours.shape)
    common = [name for name in theirs.elements if name in ours.elements]
    if common != [name for name in ours.elements if name in theirs.elements]:
        yield Difference(step, label, "elements", "other order", ", ".join(theirs.elements), ", ".join(ours.elements))
    if theirs.timed and ours.timed and abs(theirs.seconds - ours.seconds) > seconds:
        yield Difference(step, label, "", "other time", f"{theirs.seconds:g} s", f"{ours.seconds:g} s")


def _compare_shapes(step: str, label: str, where: str, theirs: Any, ours: Any) -> Iterator[Difference]:
    name = where.rpartition(".")[2]
    if name in _CONTENTS_OF_THE_ACCOUNT:
        return
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        yield from _compare_members(step, label, where, theirs, ours)
    elif isinstance(theirs, list) and isinstance(ours, list):
        if name == "query" and theirs != ours:
            one, other = (", ".join(map(str, names)) for names in (theirs, ours))
            yield Difference(step, label, where, "other value", one, other)
        elif theirs and ours:
            yield from _compare_shapes(step, label, where, theirs[0], ours[0])
    elif _type(theirs) != _type(ours) or (_form(theirs) != _form(ours) and None not in {_form(theirs), _form(ours)}):
        yield Difference(step, label, where, "other type", _shown(theirs), _shown(ours))
    elif name == "errcode" and theirs != ours:
        yield Difference(step, label, where, "other errcode", str(theirs), str(ours))
    elif name == "errmsg":
        yield from _compare_errmsg(step, label, where, theirs, ours)
    elif theirs != ours and _is_literal(theirs) and _is_literal(ours) and name not in _VALUES_OF_THE_ACCOUNT:
        yield Difference(step, label, where, "other value", _shown(theirs), _shown(ours))


def _compare_members(
    step: str, label: str, where: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]
) -> Iterator[Difference]:
    for name in {**theirs, **ours}:
        inner = f"{where}.{name}" if where else name
        if name not in ours:
            yield Difference(step, label, inner, "missing member", _shown(theirs[name]), "none")
        elif name in theirs:
            yield from _compare_shapes(step, label, inner, theirs[name], ours[name])
        else:
            sort: Sort = "other errcode" if name == "errcode" else "further member"
            yield Difference(step, label, inner, sort, "none", _shown(ours[name]))


def _compare_errmsg(step: str, label: str, where: str, theirs: Any, ours: Any) -> Iterator[Difference]:
    """The known parts of two errmsgs; what follows them, such as the rid, differs from call to call."""
    one, other = (str(value).partition(" <")[0] for value in (theirs, ours))
    if one != other and _is_literal(one) and _is_literal(other):
        yield Difference(step, label, where, "other value", one, other)


def _type(value: Any) -> str:
    """The type and form of a shape; numbers are of one type whatever their size."""
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    if isinstance(value, int) or (isinstance(value, str) and value.startswith("<integer")):
        return "number"
    if isinstance(value, Mapping | list):
        return type(value).__name__
    return "text"


def _form(value: Any) -> str | None:
    """The form of a text, if it is one that the platform always keeps."""
    form = value[1:].partition(":")[0] if isinstance(value, str) and value.startswith("<") else None
    return form if form in _STRICT_FORMS else None


def _is_literal(value: Any) -> bool:
    return not (isinstance(value, str) and value.startswith("<"))


def _shown(value: Any) -> str:
    return "an object" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else str(value)
