"""Scripts' answers, from lists of bytes to values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.domain.intent import Intent
from codesvc.domain.record import Record
from codesvc.domain.ticket import Ticket
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence


_OUTCOMES: Final = {outcome.value.encode(): outcome for outcome in Outcome}


def _left(rest: tuple[Any, ...]) -> str:
    """The second part after the record, where there is one."""
    return rest[1].decode() if len(rest) > 1 and isinstance(rest[1], bytes) else ""


class Answer(msgspec.Struct, frozen=True):
    """What a script said.

    Attributes:
        outcome: the word.
        now: ms by the clock that decides.
        record: the verification, where the script answers with one.
        rest: what else it said, still raw.
    """

    outcome: Outcome
    now: int
    record: Record | None
    rest: tuple[Any, ...]

    @classmethod
    def parse(cls, raw: Sequence[Any]) -> Answer:
        """Read `{outcome, now, …}`; a list that begins with 0 in third place holds a record."""
        outcome, now, rest = _OUTCOMES[raw[0]], int(raw[1]), tuple(raw[2:])
        if rest and isinstance(rest[0], list) and rest[0] and rest[0][0] == 0:
            _, stored, identifier = rest[0]
            return cls(outcome, now, Record.parse(now, stored, identifier.decode()), rest[1:])
        return cls(outcome, now, None, rest)

    @property
    def left(self) -> str:
        """What the limits of the call leave, "" where the script does not say."""
        return _left(self.rest)

    @property
    def shown(self) -> Record:
        """The record, where the outcome promises one.

        Raises:
            LookupError: this outcome has none.
        """
        if self.record is None:
            raise LookupError(f"{self.outcome} carries no record")
        return self.record

    @property
    def firsts(self) -> str:
        """What happened to the record for the first time in this very act: words of its trail, blanks between."""
        return self.rest[2].decode() if self.record is not None and len(self.rest) > 2 else ""  # noqa: PLR2004  the third part


@dataclass(frozen=True, slots=True)
class IntentAnswer:
    """What a script about a bind intent or a login said; as `Answer`."""

    outcome: Outcome
    now: int
    intent: Intent | None
    rest: tuple[Any, ...]

    @classmethod
    def parse(cls, raw: Sequence[Any]) -> IntentAnswer:
        """Read `{outcome, now, intent, …}` or `{outcome, now, …}`."""
        outcome, now, rest = Outcome(raw[0].decode()), int(raw[1]), tuple(raw[2:])
        if rest and isinstance(rest[0], list):
            return cls(outcome, now, Intent.parse(now, rest[0][1]), rest[1:])
        return cls(outcome, now, None, rest)

    @property
    def left(self) -> str:
        """As `Answer.left`."""
        return _left(self.rest)

    @property
    def shown(self) -> Intent:
        """The intent, where the outcome promises one.

        Raises:
            LookupError: this outcome has none.
        """
        if self.intent is None:
            raise LookupError(f"{self.outcome} carries no intent")
        return self.intent


@dataclass(frozen=True, slots=True)
class TicketAnswer:
    """What a script about a ticket said; as `Answer`."""

    outcome: Outcome
    now: int
    ticket: Ticket | None
    rest: tuple[Any, ...]

    @classmethod
    def parse(cls, raw: Sequence[Any]) -> TicketAnswer:
        """Read `{outcome, now, ticket, …}` or `{outcome, now}`."""
        outcome, now, rest = Outcome(raw[0].decode()), int(raw[1]), tuple(raw[2:])
        if rest and isinstance(rest[0], list):
            return cls(outcome, now, Ticket.parse(now, rest[0][1]), rest[1:])
        return cls(outcome, now, None, rest)

    @property
    def shown(self) -> Ticket:
        """The ticket, where the outcome promises one.

        Raises:
            LookupError: this outcome has none.
        """
        if self.ticket is None:
            raise LookupError(f"{self.outcome} carries no ticket")
        return self.ticket


@dataclass(frozen=True, slots=True, repr=False)
class Binding:
    """A site's user and a WeChat.

    Attributes:
        openid: who; never in a log.
        unionid: the same person over the accounts of one owner, where WeChat told it.
        made_by: proof, openid, handle, intent, oauth or import.
        bound_at: ms.
        reachable: False while the WeChat does not follow the account.
    """

    openid: str
    unionid: str | None
    made_by: str
    bound_at: int
    reachable: bool

    @classmethod
    def parse(cls, flat: Sequence[bytes], *, reachable: bool) -> Binding:
        """Read a script's flat list of fields and values."""
        fields = {flat[i].decode(): flat[i + 1].decode() for i in range(0, len(flat), 2)}
        return cls(
            openid=fields["openid"],
            unionid=fields.get("unionid"),
            made_by=fields["made_by"],
            bound_at=int(fields["at"]),
            reachable=reachable,
        )
