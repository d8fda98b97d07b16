"""Typed replies: a script's list of bytes becomes a struct, by the names in the script's header.

A reply is a subclass of `Reply`. Its further fields are those in the REPLY lines of the header, each with a
default for outcomes that do not have it. `reader` refuses a class whose fields are not exactly the header's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, Union, get_args, get_origin

import msgspec

from codesvc.domain.intent import Intent
from codesvc.domain.message import Message
from codesvc.domain.record import Record
from codesvc.domain.ticket import Ticket
from codesvc.store.outcomes import Outcome  # noqa: TC001  msgspec reads the annotation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    type_of_part = Callable[[int, Any], Any]

NOT_READ: Final = "_"
"""The name in a header for a part of a reply that no caller reads."""


class Reply(msgspec.Struct, frozen=True):
    """The answer of a script, and the whole reply of a script without further parts.

    Attributes:
        now: the store's time, ms.
    """

    outcome: Outcome
    now: int


class RecordReply(Reply, frozen=True):
    """The reply of a script that looks at one verification."""

    record: Record | None = None

    @property
    def shown(self) -> Record:
        """The record, where the outcome promises one.

        Raises:
            LookupError: this outcome has none.
        """
        return promised(self.record, self.outcome)


class VerificationReply(RecordReply, frozen=True):
    """The reply of a script that may change one verification.

    Attributes:
        new_steps: steps that this call added to its timeline for the first time, separated by blanks.
    """

    new_steps: str = ""


class IntentReply(Reply, frozen=True):
    """The reply of a script about one bind intent or login."""

    intent: Intent | None = None

    @property
    def shown(self) -> Intent:
        """The intent, where the outcome promises one.

        Raises:
            LookupError: this outcome has none.
        """
        return promised(self.intent, self.outcome)


class TicketReply(Reply, frozen=True):
    """The reply of a script about one ticket."""

    ticket: Ticket | None = None

    @property
    def shown(self) -> Ticket:
        """The ticket, where the outcome promises one.

        Raises:
            LookupError: this outcome has none.
        """
        return promised(self.ticket, self.outcome)


class MessageReply(Reply, frozen=True):
    """The reply of a script about one message."""

    message: Message | None = None

    @property
    def shown(self) -> Message:
        """The message, where the outcome promises one.

        Raises:
            LookupError: this outcome has none.
        """
        return promised(self.message, self.outcome)


def fields_of(flat: Sequence[bytes]) -> dict[str, str]:
    """A hash as HGETALL lists it: field, value, field, value, and so on."""
    return {flat[i].decode(): flat[i + 1].decode() for i in range(0, len(flat), 2)}


@dataclass(frozen=True, slots=True, repr=False)
class Binding:
    """A site's user and a WeChat account.

    Attributes:
        openid: the openid of the WeChat account; never logged.
        unionid: the person's id for all accounts of one owner, if WeChat has reported it.
        made_by: proof, openid, handle, intent, oauth or import.
        bound_at: ms.
        unreachable: why no message reaches the person: `not-following`, `unknown-openid` (WeChat says that the account
            has no such openid), or "" if one may.
        display: the name under which the person recognises the site's account, None for none.
        proved_at: ms: for a recipient's id, when it was last known that this person has the recipient; 0 for never.
    """

    openid: str
    unionid: str | None
    made_by: str
    bound_at: int
    unreachable: str
    display: str | None = None
    proved_at: int = 0

    @classmethod
    def of(cls, fields: Mapping[str, str], *, unreachable: str) -> Binding:
        """Build it from the fields of its hash."""
        return cls(
            openid=fields["openid"],
            unionid=fields.get("unionid"),
            made_by=fields["made_by"],
            bound_at=int(fields["at"]),
            unreachable=unreachable,
            display=fields.get("display"),
            proved_at=int(fields.get("proved", fields["at"])),
        )

    @property
    def reachable(self) -> bool:
        """Whether a message may reach the person."""
        return not self.unreachable


_R = TypeVar("_R", bound=Reply)
_T = TypeVar("_T")


def promised(found: _T | None, outcome: Outcome) -> _T:
    """A part of an answer, where the outcome promises one.

    Raises:
        LookupError: this outcome has none.
    """
    if found is None:
        raise LookupError(f"{outcome} carries none")
    return found


def _record(now: int, raw: Any) -> Record | None:
    return Record.parse(now, raw[1], raw[2].decode()) if isinstance(raw, list) else None


_PARTS: Final[Mapping[Any, type_of_part]] = {
    int: lambda _, raw: int(raw),
    str: lambda _, raw: raw.decode(),
    bytes: lambda _, raw: raw,
    bool: lambda _, raw: raw == 1,
    tuple[str, ...]: lambda _, raw: tuple(part.decode() for part in raw),
    Record: _record,
    Intent: lambda now, raw: Intent.parse(now, raw[1]),
    Ticket: lambda now, raw: Ticket.parse(now, raw[1]),
    Message: lambda now, raw: Message.parse(now, raw[1]),
}
"""How a part of a reply is read, by the type of its field. `Annotated[type, function]` reads any other."""


def _part(kind: Any) -> type_of_part:
    """How a field of this type is read.

    Raises:
        KeyError: the type is not known.
    """
    if get_origin(kind) is Annotated:
        read = get_args(kind)[1]
        return lambda _, raw: read(raw)
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    return _PARTS[kind]


@cache
def _types(kind: type[Reply]) -> Mapping[str, Any]:
    """The types of the fields that a class of replies adds; worked out once, however often a store is opened."""
    return {field.name: field.type for field in msgspec.structs.fields(kind) if field.name not in {"outcome", "now"}}


def reader(replies: Mapping[Outcome, Sequence[str]], kind: type[_R]) -> Callable[[Sequence[Any]], _R]:
    """Read a script's `{outcome, now, …}`.

    Args:
        replies: each outcome of the script with the names of the parts that follow `now`.
        kind: the class of the reply.

    Raises:
        ValueError: the fields of `kind` are not those of the replies.
    """
    known = _types(kind)
    named = {name for names in replies.values() for name in names} - {NOT_READ}
    if known.keys() != named:
        raise ValueError(f"{kind.__name__} has the fields {sorted(known)}, the header {sorted(named)}")
    parts = {
        outcome.value.encode(): (
            outcome,
            [(place, name, _part(known[name])) for place, name in enumerate(names, 2) if name != NOT_READ],
        )
        for outcome, names in replies.items()
    }

    def read(raw: Sequence[Any]) -> _R:
        outcome, fields = parts[raw[0]]
        now = int(raw[1])
        return kind(outcome, now, **{name: part(now, raw[place]) for place, name, part in fields})

    return read
