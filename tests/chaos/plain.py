"""The promises as a plain model: what may happen to verifications, in Python, without a store, a network or a clock.

Every act takes the interval of time in which it happened. Where a limit or an end lies inside that very interval the
model cannot know, answers None and takes over what the service said; everywhere else it knows, and is held to it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

LIFE, LONGEST, RESEND, KEPT, DAY = 300_000, 600_000, 60_000, 3_600_000, 86_400_000
ATTEMPTS, MOST_LIVE, DOUBLE, HOLD = 3, 2, 2_000, 1_000
KEPT_SHOWN, MOST_KEPT = 60_000, 20
NOWHERE = "-"
"""The address of all callers of a site without addresses."""
HOUR = 3_600_000
PROOF_LIFE = 600_000
SHOP = {
    "user_guesses": ((5, HOUR), (9, 30 * DAY)),
    "address_guesses": ((4, HOUR),),
    "user_pushes": ((3, HOUR), (5, DAY)),
    "openid_pushes": ((7, DAY),),
    "address_starts": ((12, HOUR),),
    "openid_keywords": ((10, HOUR),),
}
RATES = {
    "shop": SHOP,
    # Stricter over short times, and without a limit for the day.
    "cafe": SHOP
    | {
        "user_guesses": ((3, HOUR),),
        "user_pushes": ((4, HOUR),),
        "openid_pushes": ((1, 240_000), (2, HOUR)),
        "openid_keywords": ((2, HOUR), (8, DAY)),
    },
    # Without addresses, and without a limit for a WeChat.
    "kiosk": SHOP | {"user_pushes": ((5, HOUR),), "openid_pushes": (), "openid_keywords": ((4, DAY),)},
}
OF_WECHAT = {"openid_pushes", "openid_keywords"}
"""Limits whose events belong to the account: each site's own rates decide over all of them."""
AWAY = "away"
"""WeChat cannot be used for a while: the push waits."""
UNSENT = "unsent"
"""Nothing was sent, or nobody knows: a channel whose calls may not be repeated gives up."""
FALLING_BACK = frozenset({"43004", "43101", "40003", "receipt", AWAY, UNSENT})
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
    site: str
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
    hold_until: float = 0
    looked_at: bool = False
    pushed: When | None = None
    void: bool = False
    taken_back: bool = False

    def __repr__(self):
        return (
            f"<{self.id[-4:]} {self.site} {self.user} {self.purpose} {self.status} claimed={self.claimed_by} "
            f"sent={self.sent_to}>"
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
    """Everybody's bindings, budgets and verifications. Users belong to a site, WeChats to the account."""

    signed: bool = True
    pushes: bool = True
    bound: dict[tuple[str, str], str] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    unmarked: set[str] = field(default_factory=set)
    muted: dict[str, When] = field(default_factory=dict)
    fault: str | None = None
    attempts: dict[str, Attempt] = field(default_factory=dict)
    events: defaultdict[tuple[str, ...], list[When]] = field(default_factory=lambda: defaultdict(list))

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

    def window(self, site, limit, subject):
        return self.events[(limit, subject) if limit in OF_WECHAT else (site, limit, subject)]

    def full(self, site, limit, subject, at):
        return full(self.window(site, limit, subject), RATES[site][limit], at)

    def count(self, site, limit, subject, at):
        self.window(site, limit, subject).append(at)

    def owner(self, v):
        return self.bound.get((v.site, v.user))

    def is_owners(self, v):
        """Whether the bound WeChat has claimed it, by a callback that was signed."""
        return self.signed and v.claimed_by is not None and v.claimed_by == self.owner(v)

    def end(self, v, status, at):
        assert v.status == "pending", f"{v.status} never becomes {status}"
        v.status, v.ended = status, at

    def may_use(self, v, person):
        """DESIGN rule 6: a bound user is never approved by another WeChat; for a reset nobody else is at all.

        Nobody is approved in a verification from before the loss of a binding (record 55).
        """
        if v.void:
            return False
        owner = self.owner(v)
        return person == owner if owner else v.purpose == "register"

    def leave(self, person):
        """Who leaves again says nothing new."""
        if person not in self.away:
            self.away.add(person)
            (self.unmarked.discard if person in self.bound.values() else self.unmarked.add)(person)

    def bind(self, site, user, person):
        """Bind a user, or nobody to them; a binding that is lost takes with it what was begun before."""
        before = self.bound.pop((site, user), None)
        if person is not None:
            self.bound[site, user] = person
        if before in {None, person}:
            return
        for v in self.attempts.values():
            if (v.site, v.user) == (site, user):
                v.void = True
                if v.status == "approved":
                    v.status = "canceled"

    def live(self, site, purpose, address, user, at):
        return [
            v
            for v in self.attempts.values()
            if (v.site, v.purpose, v.address, v.user) == (site, purpose, address, user)
            and self.status(v, at) == "pending"
            and not (v.claimed_by and self.signed)
        ]

    def latest(self, live):
        """Whose code is the newest in the chat, or would be if the user was bound."""
        turns = [(v.turn.first, number) for number, v in enumerate(live) if v.turn]
        return live[max(turns)[1]] if turns else None

    def taken_over(self, latest, at):
        """Whether one more start takes over the push of that one, which is still held."""
        return latest is not None and latest.address != NOWHERE and at.last < latest.hold_until

    def superseded_by_one_more(self, live, kept, at):
        """The oldest unclaimed ones, when there are more than may live; not the one whose code came last.

        Without addresses, what was looked at or had its turn within a minute stays too, and the unseen go first.
        """
        surplus, spared = max(0, len(live) - MOST_LIVE + 1), {kept.id} if kept else set()
        if not live or live[0].address != NOWHERE:
            return [v for v in live if v.id not in spared][:surplus]
        few = []
        for v in live:
            in_chat = kept and v.turn and v.turn.first >= kept.turn.first - DOUBLE
            fresh = (v.looked_at or v.turn) and at.last < v.created + KEPT_SHOWN
            if len(few) < MOST_KEPT and (in_chat or fresh):
                few.append(v.id)
        ending = [v for v in live if v.id not in spared and v.id not in few]
        return sorted(ending, key=lambda v: v.looked_at)[:surplus]

    def is_double(self, latest, at):
        """Whether a start follows another, whose code came, by less than two seconds; None where it cannot be known."""
        if latest is None or latest.address == NOWHERE:
            return False
        over = at.after(latest.created + DOUBLE)
        return None if over is None else not over

    def user_is_full(self, site, user, at):
        """Whether the user's own pushes are at a limit; none of theirs can exceed what one WeChat may get."""
        pushes = self.window(site, "user_pushes", user)
        return full(pushes, RATES[site]["user_pushes"] + RATES[site]["openid_pushes"], at)

    def turn_is_due(self, site, user, at, *, double):
        """Whether it is the user's turn to get a message, bound or not."""
        limited = self.user_is_full(site, user, at)
        if double or limited:
            return False
        return None if None in {double, limited} else True

    def had_turn(self, v, at):
        """For what is not disclosed the turn counts, whether a message came of it or not."""
        v.turn = at
        self.count(v.site, "user_pushes", v.user, at)

    def push_is_due(self, person, site, user, at, *, double=False):
        """Whether a start or resend pushes: None where it cannot be known."""
        if double is not False:
            return None if double is None else False
        if not self.pushes or person is None or person in self.away - self.unmarked:
            return False
        # Who left while nobody was bound to them may have left no mark. Then only the send shows it.
        if person in self.away:
            return None
        silenced = [
            None if person not in self.muted else (self.muted[person].first + DAY > at.last),
            self.user_is_full(site, user, at),
            self.full(site, "openid_pushes", person, at),
        ]
        if person in self.muted and silenced[0] is False and self.muted[person].last + DAY > at.first:
            return None
        if True in silenced:
            return False
        return None if None in silenced[1:] else True

    def queued(self, v, person, at):
        """A push waits to be sent, and counts."""
        v.sent_to, v.pushed = person, at
        if v.purpose == "register":
            self.had_turn(v, at)
        self.count(v.site, "openid_pushes", person, at)

    def voided(self, v):
        """What a push has counted is given back, because it was not sent."""
        if v.turn:
            self.window(v.site, "user_pushes", v.user).remove(v.turn)
        if v.pushed:
            self.window(v.site, "openid_pushes", v.sent_to).remove(v.pushed)
        v.turn = v.pushed = None
        v.hold_until = 0

    def sent(self, v, fault):
        """WeChat was asked to deliver it. For a person who does not follow, it answers 43004."""
        v.pushed, v.hold_until = None, 0
        if v.sent_to in self.away and fault not in FALLING_BACK:
            fault = "43004"
        v.arrives = fault not in FALLING_BACK
        v.shown += v.arrives
        if v.purpose == "register" and not v.arrives and fault != AWAY:
            v.turn = None

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
        if not self.is_owners(v):
            for limit, subject in (("user_guesses", v.user), ("address_guesses", address)):
                if subject != NOWHERE and (refused := self.full(v.site, limit, subject, at)) is not False:
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
        if not self.is_owners(v):
            self.count(v.site, "user_guesses", v.user, at)
            self.count(v.site, "address_guesses", address, at)
        v.left -= 1
        if v.left == 0:
            self.end(v, "exhausted", at)

    def claim(self, v, person, at, *, word):
        """What a scan or word brings: code, ended, nothing; None where it cannot be known."""
        if word and (refused := self.full(v.site, "openid_keywords", person, at)) is not False:
            return "nothing" if refused else None
        status = self.status(v, at)
        if status is None:
            return None
        if status != "pending":
            return "ended" if status != "gone" and person in {v.claimed_by, v.sent_to} else "nothing"
        if not self.may_use(v, person) or v.claimed_by not in {None, person} or v.disarmed:
            return "nothing"
        if not self.signed and v.claimed_by is None:
            refused = self.full(v.site, "openid_pushes", person, at)
            return None if refused is None else "nothing" if refused else "code"
        return "code"

    def claimed(self, v, person, at):
        if v.claimed_by is None:
            v.claimed_by = v.sent_to = person
            if self.signed and self.owner(v) == person:
                v.told_to_owner, v.left = True, ATTEMPTS
            if not self.signed:
                self.count(v.site, "openid_pushes", person, at)
        v.arrives = True

    def disown(self, person, at):
        """ "This was not me": what was lately sent to this WeChat stops, and a proof that nobody has used is void."""
        for v in self.attempts.values():
            if v.sent_to == person and v.status == "approved":
                if at.first < v.ended.last + PROOF_LIFE:
                    v.status, v.taken_back = "canceled" if at.last < v.ended.first + PROOF_LIFE else None, True
            elif v.sent_to == person and self.status(v, at) == "pending" and not v.disarmed:
                if v.purpose == "register" or v.claimed_by == person:
                    self.end(v, "canceled", at)
                else:
                    v.disarmed = True
        self.muted[person] = at
