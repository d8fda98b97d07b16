"""The promises as a plain model: what may happen to verifications, in Python, without a store, a network or a clock.

Every act takes the interval of time in which it happened. Where a limit or an end lies inside that very interval the
model cannot know, answers None and takes over what the service said; everywhere else it knows, and is held to it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

LIFE, LONGEST, RESEND, KEPT, DAY = 300_000, 600_000, 60_000, 3_600_000, 86_400_000
ATTEMPTS, MOST_LIVE, DOUBLE = 3, 2, 2_000
RATES = {
    "user_guesses": ((5, 3_600_000), (9, 30 * DAY)),
    "address_guesses": ((4, 3_600_000),),
    "user_pushes": ((3, 3_600_000), (5, DAY)),
    "openid_pushes": ((7, DAY),),
    "address_starts": ((12, 3_600_000),),
}
AWAY = "away"
"""WeChat cannot be used for a while: the push waits."""
FALLING_BACK = frozenset({"43004", "43101", "40003", "receipt", AWAY})
"""Faults after which the code does not arrive by push, or not yet."""


@dataclass(frozen=True)
class When:
    """Somewhere between two instants, ms by the service's clock."""

    first: float
    last: float

    def after(self, instant):
        """Whether that instant has come: True, False, or None where it lies in between."""
        return None if self.first < instant <= self.last else self.last >= instant


def full(events, rates, at):
    """Whether a limit refuses one more event."""
    sure = any(sum(e.first > at.last - span for e in events) >= count for count, span in rates)
    maybe = any(sum(e.last > at.first - span for e in events) >= count for count, span in rates)
    return True if sure else (None if maybe else False)


@dataclass(repr=False)
class Attempt:
    """One verification as the model knows it; times in ms, as the service told them."""

    id: str
    user: str
    purpose: str
    address: str
    created: float
    expires: float
    resend_at: float
    status: str = "pending"
    ended: When | None = None
    left: int = ATTEMPTS
    claimed_by: str | None = None
    sent_to: str | None = None
    disarmed: bool = False
    arrives: bool = False
    sends: int = 0
    shown: int = 0
    told_to_owner: bool = False
    turn: When | None = None

    def __repr__(self):
        return (
            f"<{self.id[-4:]} {self.user} {self.purpose} {self.status} claimed={self.claimed_by} sent={self.sent_to}>"
        )

    @property
    def latest(self):
        return self.created + LONGEST

    @property
    def undisclosed(self):
        """Whether nothing may be told of where its code went (DESIGN rule 7)."""
        return self.purpose == "reset" and self.status != "approved" and not self.told_to_owner


@dataclass
class Model:
    """Everybody's bindings, budgets and verifications."""

    bound: dict[str, str] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    muted: dict[str, When] = field(default_factory=dict)
    fault: str | None = None
    attempts: dict[str, Attempt] = field(default_factory=dict)
    events: defaultdict[tuple[str, str], list[When]] = field(default_factory=lambda: defaultdict(list))

    def status(self, v, at):
        """What a verification reads as: a status, gone, or None where it cannot be known."""
        if v.status == "pending":
            over = at.after(v.expires)
            if not over:
                return "pending" if over is False else None
            return {True: "gone", False: "expired", None: None}[at.after(v.expires + KEPT)]
        if at.first >= v.ended.last + KEPT:
            return "gone"
        return v.status if at.last < v.ended.first + KEPT else None

    def full(self, limit, subject, at):
        return full(self.events[limit, subject], RATES[limit], at)

    def count(self, limit, subject, at):
        self.events[limit, subject].append(at)

    def end(self, v, status, at):
        assert v.status == "pending", f"{v.status} never becomes {status}"
        v.status, v.ended = status, at

    def may_use(self, v, person):
        """DESIGN rule 6: a bound user is never approved by another WeChat; for a reset nobody else is at all."""
        owner = self.bound.get(v.user)
        return person == owner if owner else v.purpose == "register"

    def live(self, purpose, address, user, at):
        return [
            v
            for v in self.attempts.values()
            if (v.purpose, v.address, v.user) == (purpose, address, user)
            and self.status(v, at) == "pending"
            and v.claimed_by is None
        ]

    def latest(self, live):
        """Whose code is the newest in the chat, or would be if the user was bound."""
        return max((v for v in live if v.turn), key=lambda v: v.turn.first, default=None)

    def superseded_by_one_more(self, purpose, address, user, at):
        """The oldest unclaimed ones, when there are more than may live; not the one whose code came last."""
        live = self.live(purpose, address, user, at)
        kept = self.latest(live)
        return [v for v in live if v is not kept][: max(0, len(live) - MOST_LIVE + 1)]

    def is_double(self, purpose, address, user, at):
        """Whether a start follows another, whose code came, by less than two seconds; None where it cannot be known."""
        latest = self.latest(self.live(purpose, address, user, at))
        over = latest is None or at.after(latest.created + DOUBLE)
        return None if over is None else not over

    def turn_is_due(self, user, at, *, double):
        """Whether it is the user's turn to get a message, bound or not."""
        full = self.full("user_pushes", user, at)
        if double or full:
            return False
        return None if None in {double, full} else True

    def had_turn(self, v, at):
        """For what is not disclosed the turn counts, whether a message came of it or not."""
        v.turn = at
        self.count("user_pushes", v.user, at)

    def push_is_due(self, person, user, at, *, double=False):
        """Whether a start or resend pushes: None where it cannot be known."""
        if double is not False:
            return None if double is None else False
        if person is None or person in self.away:
            return False
        silenced = [
            None if person not in self.muted else (self.muted[person].first + DAY > at.last),
            self.full("user_pushes", user, at),
            self.full("openid_pushes", person, at),
        ]
        if person in self.muted and silenced[0] is False and self.muted[person].last + DAY > at.first:
            return None
        if True in silenced:
            return False
        return None if None in silenced[1:] else True

    def pushed(self, v, person, fault, at):
        v.sent_to, v.arrives = person, fault not in FALLING_BACK
        v.shown += v.arrives
        if v.purpose == "register":
            self.count("user_pushes", v.user, at)
            v.turn = at if v.arrives else None
        self.count("openid_pushes", person, at)

    def back(self, v, at):
        """WeChat can be used again: what waited for it arrives, if it still lives."""
        if self.status(v, at) == "pending":
            v.arrives = True
            v.shown += 1

    def check(self, v, *, right, address, at):
        """What a check answers: let in, wrong, a limit, a status, gone; None where it cannot be known."""
        status = self.status(v, at)
        if status != "pending":
            return status
        owner = self.bound.get(v.user)
        by_owner = v.claimed_by is not None and v.claimed_by == owner
        if not by_owner:
            for limit, subject in (("user_guesses", v.user), ("address_guesses", address)):
                if (refused := self.full(limit, subject, at)) is not False:
                    return limit if refused else None
        if right and v.sent_to and not v.disarmed and self.may_use(v, v.sent_to):
            return "let in"
        return "wrong"

    def checked(self, v, said, *, address, at):
        """Take over what a check did."""
        if said == "let in":
            self.end(v, "approved", at)
        if said != "wrong":
            return
        if v.claimed_by is None or v.claimed_by != self.bound.get(v.user):
            self.count("user_guesses", v.user, at)
            self.count("address_guesses", address, at)
        v.left -= 1
        if v.left == 0:
            self.end(v, "exhausted", at)

    def claim(self, v, person, at):
        """What a scan or word brings: code, ended, nothing; None where it cannot be known."""
        status = self.status(v, at)
        if status is None:
            return None
        if status != "pending":
            return "ended" if status != "gone" and person in {v.claimed_by, v.sent_to} else "nothing"
        if not self.may_use(v, person) or v.claimed_by not in {None, person} or v.disarmed:
            return "nothing"
        return "code"

    def claimed(self, v, person):
        if v.claimed_by is None:
            v.claimed_by = v.sent_to = person
            v.told_to_owner = self.bound.get(v.user) == person
            if v.told_to_owner:
                v.left = ATTEMPTS
        v.arrives = True

    def disown(self, person, at):
        """ "This was not me": what was lately sent to this WeChat stops."""
        for v in self.attempts.values():
            if v.sent_to == person and self.status(v, at) == "pending" and not v.disarmed:
                if v.purpose == "register" or v.claimed_by == person:
                    self.end(v, "canceled", at)
                else:
                    v.disarmed = True
        self.muted[person] = at
