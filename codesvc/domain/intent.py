"""Bind intents and logins: the person scans, and their confirmation in WeChat decides (DESIGN rule 10).

A site starts a bind intent to bind a user, or a login to learn which user is present. Both have the same life until the
confirmation, so they share one type with two kinds:

    pending --scan--> scanned --yes--> bound | conflict            a bind intent
                              --yes--> approved | unknown          a login
                              --no---> declined

The tables below are the only definition of the states. `codesvc.store` copies them into the Lua scripts, which change
the state. `expired` is never stored: a live intent whose time is over reads as expired.

`conflict` can still change in one case. If the *user* already has another WeChat account, that account is asked, and
its confirmation before the intent's expiry turns `conflict` into `bound`. Until then that account, the page and the
site can cancel it, because another person may have scanned. If the *WeChat account* already has another user,
`conflict` is final. The answer never names the other user or the other WeChat account.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import msgspec

from codesvc.domain.base_encodings import base32
from codesvc.domain.clock import is_over
from codesvc.domain.display_name import recognisable
from codesvc.domain.oidc_request import AuthorizationRequest
from codesvc.domain.record import Fixed
from codesvc.domain.verification import KEPT_AFTER_END_MS


class Kind(StrEnum):
    """Kind of an intent. Its value is the prefix of the id, and of what a QR scene or a keyword points to."""

    BIND = "bi"
    LOGIN = "lg"


class IntentStatus(StrEnum):
    """State of a bind intent or a login."""

    PENDING = "pending"
    SCANNED = "scanned"
    BOUND = "bound"
    CONFLICT = "conflict"
    APPROVED = "approved"
    UNKNOWN = "unknown"
    DECLINED = "declined"
    CANCELED = "canceled"
    EXPIRED = "expired"


LIVE: Final = frozenset({IntentStatus.PENDING, IntentStatus.SCANNED})

_ENDINGS: Final = frozenset({IntentStatus.DECLINED, IntentStatus.CANCELED, IntentStatus.EXPIRED})
_DECISIONS: Final = {
    Kind.BIND: frozenset({IntentStatus.BOUND, IntentStatus.CONFLICT}),
    Kind.LOGIN: frozenset({IntentStatus.APPROVED, IntentStatus.UNKNOWN}),
}

BIND_MOVES: Final[dict[IntentStatus, frozenset[IntentStatus]]] = {
    IntentStatus.PENDING: frozenset({IntentStatus.SCANNED, IntentStatus.CANCELED, IntentStatus.EXPIRED}),
    IntentStatus.SCANNED: _DECISIONS[Kind.BIND] | _ENDINGS,
    IntentStatus.CONFLICT: frozenset({IntentStatus.BOUND, IntentStatus.CANCELED}),
    IntentStatus.BOUND: frozenset({IntentStatus.CANCELED}),
    IntentStatus.DECLINED: frozenset(),
    IntentStatus.CANCELED: frozenset(),
    IntentStatus.EXPIRED: frozenset(),
}

LOGIN_MOVES: Final[dict[IntentStatus, frozenset[IntentStatus]]] = {
    IntentStatus.PENDING: frozenset({IntentStatus.SCANNED, IntentStatus.CANCELED, IntentStatus.EXPIRED}),
    IntentStatus.SCANNED: _DECISIONS[Kind.LOGIN] | _ENDINGS,
    IntentStatus.APPROVED: frozenset(),
    IntentStatus.UNKNOWN: frozenset(),
    IntentStatus.DECLINED: frozenset(),
    IntentStatus.CANCELED: frozenset(),
    IntentStatus.EXPIRED: frozenset(),
}

LIFE_MS: Final = {Kind.BIND: 600_000, Kind.LOGIN: 300_000}
"""How long each kind waits for its scan and confirmation. A login is shorter, because its QR code is worth more to a
thief.
"""

RENEW_MS: Final = {Kind.BIND: 600_000, Kind.LOGIN: KEPT_AFTER_END_MS}
"""How long after the expiry the page token may start a successor, once. For a bind intent it is short: an intent binds
without the site's session, and another person may be at the screen later.
"""

APP_LOGIN_KEPT_MS: Final = 600_000
"""How long the login of an app can be read after its end. Anybody can begin one, without a key, and apps forget theirs
within minutes.
"""

UNDO_MS: Final = 600_000
"""How long the page of a bind intent can take back the binding that was made, from the yes on."""

_ID: Final = re.compile(r"(bi|lg)_[a-z2-7]{26}")


def random_id(prefix: str) -> str:
    """A new id: the prefix and 128 random bits in base32."""
    return f"{prefix}_{base32(secrets.token_bytes(16))}"


@dataclass(frozen=True, slots=True)
class IntentId:
    """The id of a bind intent or a login, with its kind."""

    kind: Kind
    text: str

    @classmethod
    def parse(cls, text: str) -> IntentId | None:
        """Parse an id; None if `text` is not one."""
        found = _ID.fullmatch(text)
        return cls(Kind(found[1]), text) if found else None

    @classmethod
    def mint(cls, kind: Kind) -> IntentId:
        """Create a new id."""
        return cls(kind, random_id(kind.value))


@dataclass(frozen=True, slots=True, repr=False)
class Intent:
    """A bind intent or login, read at `now` (ms by the store's clock). Its repr hides openid and user.

    Attributes:
        method: `scan`, or `oauth` for a bind intent that is claimed by web authorisation.
        user: for a bind intent, the user to bind; for a login, the user found after approval, "" before.
        claimed_by: openid of the WeChat account that scanned or sent the keyword, "" before.
        claimed_how: `scene`, `keyword` or `oauth`, "" before.
        choices: for a login, the users that this WeChat account has on the site.
        predecessor: the intent whose page started this one, "" if the site did.
        successor: the intent that this one's page started, "" if none.
        displays: for each of these choices the name under which the person recognises it, "" for none.
        display: for a bind intent that was confirmed, that name of its user, "" for none. Nobody reads it before.
        conflict: `user` if the user has another WeChat account, `wechat` if the WeChat account has another user, else
            "".
        oidc: the relying party's request that a login answers, None for a login of the site's own.
    """

    id: str
    kind: Kind
    site: str
    user: str
    method: str
    fixed: Fixed
    status: IntentStatus
    now: int
    created: int
    expires: int
    ended: int | None
    reference: str
    keyword: str
    replace: bool
    claimed_by: str
    choices: tuple[str, ...]
    conflict: str
    scene_url: str | None
    predecessor: str
    successor: str
    displays: tuple[str, ...] = ()
    display: str = ""
    claimed_how: str = ""
    oidc: AuthorizationRequest | None = None

    def __repr__(self) -> str:
        return f"Intent({self.id[:10]}…, {self.status})"

    @classmethod
    def parse(cls, now: int, stored: bytes) -> Intent:
        """Decode the reply of a script: an array with one table of texts."""
        fields = msgspec.msgpack.decode(stored, type=tuple[dict[str, str]])[0]
        status = IntentStatus(fields["status"])
        if status in LIVE and is_over(now, since=int(fields["created"]), ends=int(fields["expires"])):
            status = IntentStatus.EXPIRED
        return cls(
            id=fields["id"],
            kind=Kind(fields["kind"]),
            site=fields["site"],
            user=fields["user"],
            method=fields["method"],
            fixed=msgspec.json.decode(fields["fixed"], type=Fixed),
            status=status,
            now=now,
            created=int(fields["created"]),
            expires=int(fields["expires"]),
            ended=int(fields["ended"]) if "ended" in fields else None,
            reference=fields["reference"],
            keyword=fields["word"],
            replace=fields["replace"] == "1",
            claimed_by=fields.get("claimed_by", ""),
            choices=tuple(fields.get("choices", "").split()),
            conflict=fields.get("conflict", ""),
            scene_url=fields.get("scene_url"),
            predecessor=fields.get("predecessor", ""),
            successor=fields.get("successor", ""),
            claimed_how=fields.get("claimed_how", ""),
            displays=msgspec.json.decode(fields.get("displays", "[]"), type=tuple[str, ...]),
            display=fields.get("display", "") if status is IntentStatus.BOUND else "",
            oidc=msgspec.json.decode(fields["oidc"], type=AuthorizationRequest) if "oidc" in fields else None,
        )

    @property
    def recognisable_choices(self) -> tuple[str, ...]:
        """The users of a login, by the names that the person who scanned knows. That person is bound to all."""
        names = self.displays or ("",) * len(self.choices)
        return tuple(recognisable(user, name) for user, name in zip(self.choices, names, strict=False))

    @property
    def recognisable_user(self) -> str:
        """The name by which the person who scanned knows the user; masked until they confirm, "" without a user."""
        if self.kind is Kind.LOGIN:
            return dict(zip(self.choices, self.recognisable_choices, strict=False)).get(self.user, "")
        return recognisable(self.user, self.display)

    @property
    def scannable(self) -> bool:
        """Whether a scan can still have an effect."""
        return self.method == "scan" and self.status in LIVE

    @property
    def shown_status(self) -> IntentStatus:
        """The status as pages say it: a visitor whom the relying party accepts is logged in as a user is."""
        accepted = self.status is IntentStatus.UNKNOWN and self.oidc is not None and self.oidc.visitors
        return IntentStatus.APPROVED if accepted else self.status

    @property
    def renewable(self) -> bool:
        """Whether the page may start a successor, or lead on to the one that it has started (`start_intent.lua`).

        It may once the time is over, and while another WeChat account than the person's holds the only scan.
        """
        if self.predecessor:
            return False
        if self.status is IntentStatus.EXPIRED:
            return self.oidc is None and self.now < self.expires + RENEW_MS[self.kind]
        return self.status is IntentStatus.SCANNED or bool(self.successor)

    @property
    def disownable(self) -> bool:
        """Whether its page can say that another person's WeChat account has scanned (`disown_intent.lua`)."""
        if self.kind is not Kind.BIND:
            return False
        if self.status is IntentStatus.BOUND:
            return self.now < (self.ended or 0) + UNDO_MS
        return self.status is IntentStatus.SCANNED or (self.status is IntentStatus.CONFLICT and not self.over)

    @property
    def over(self) -> bool:
        """Whether the state is final. `conflict` with the user's other WeChat account is not, before the expiry."""
        if self.status is IntentStatus.CONFLICT and self.conflict == "user":
            return self.now >= self.expires
        return self.status not in LIVE

    def as_started(self) -> Intent:
        """The intent as it was when it was started: the answer to a repeated start (Idempotency-Key)."""
        user = self.user if self.kind is Kind.BIND else ""
        return replace(
            self,
            status=IntentStatus.PENDING,
            user=user,
            claimed_by="",
            claimed_how="",
            choices=(),
            displays=(),
            display="",
            conflict="",
            ended=None,
        )
