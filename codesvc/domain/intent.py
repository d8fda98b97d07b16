"""Bind intents and logins: a site asks, a scan says who is there, and that WeChat's yes decides (DESIGN rule 10).

Both live the same life until the yes, so they are one thing of two kinds:

    pending --scan--> scanned --yes--> bound | conflict            a bind intent
                              --yes--> approved | unknown          a login
                              --no---> declined

The tables below are the only place where the states are spelt; `codesvc.store` writes them into the Lua scripts, which
do the moving. As with verifications nobody writes `expired`: a live one whose time is over reads so.

`conflict` is the one end that is not quite one. Where the *user* already has another WeChat, that WeChat is asked, and
its yes while the intent's time lasts turns `conflict` into `bound`. Where the *WeChat* already has another user, it
stays. Neither side ever learns who the other is.
"""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import msgspec

from codesvc.domain.record import Fixed
from codesvc.domain.verification import KEPT_AFTER_END_MS


class Kind(StrEnum):
    """What a scan is asked for; the first half of what a scene or word points at."""

    BIND = "bi"
    LOGIN = "lg"


class IntentStatus(StrEnum):
    """Where a bind intent or a login stands."""

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
    IntentStatus.CONFLICT: frozenset({IntentStatus.BOUND}),
    IntentStatus.BOUND: frozenset(),
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
"""How long each may wait for its scan and its yes. A login's picture is the one worth stealing, so it lives shorter."""

_ID: Final = re.compile(r"(bi|lg)_[a-z2-7]{26}")


def random_id(prefix: str) -> str:
    """A new id: the prefix and 128 random bits in base32."""
    return f"{prefix}_{b32encode(secrets.token_bytes(16)).decode().rstrip('=').lower()}"


@dataclass(frozen=True, slots=True)
class IntentId:
    """An intent's or login's id, and which of the two it names."""

    kind: Kind
    text: str

    @classmethod
    def parse(cls, text: str) -> IntentId | None:
        """Read an id; None where `text` is not one (any text is fine here)."""
        found = _ID.fullmatch(text)
        return cls(Kind(found[1]), text) if found else None

    @classmethod
    def mint(cls, kind: Kind) -> IntentId:
        """A new one."""
        return cls(kind, random_id(kind.value))


@dataclass(frozen=True, slots=True, repr=False)
class Intent:
    """One bind intent or login, read at `now` (ms by the store's clock). Openids and users stay out of the repr.

    Attributes:
        method: `scan`, or `oauth` for a bind intent that is claimed by web authorisation.
        user: whom to bind; of a login, who turned out to be there, "" until then.
        claimed_by: the openid that scanned, "" before.
        choices: of a login, the users that this WeChat has on the site.
        conflict: what stands in the way: `user` (has another WeChat) or `wechat` (has another user), else "".
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

    def __repr__(self) -> str:
        return f"Intent({self.id[:10]}…, {self.status})"

    @classmethod
    def parse(cls, now: int, stored: bytes) -> Intent:
        """Read what a script answers: an array with one table of texts."""
        fields = msgspec.msgpack.decode(stored, type=tuple[dict[str, str]])[0]
        status = IntentStatus(fields["status"])
        if status in LIVE and now >= int(fields["expires"]):
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
        )

    @property
    def scannable(self) -> bool:
        """Whether a scan can still bring anything."""
        return self.method == "scan" and self.status in LIVE

    @property
    def over(self) -> bool:
        """Whether nothing can change any more. A conflict may still be lifted while the intent's time lasts."""
        if self.status is IntentStatus.CONFLICT and self.conflict == "user":
            return self.now >= self.expires
        return self.status not in LIVE

    @property
    def gone_at(self) -> int:
        """When this can no longer be read, ms."""
        return (self.ended or self.expires) + KEPT_AFTER_END_MS

    def as_started(self) -> Intent:
        """This one as it was when it was started: what a repeated start answers (Idempotency-Key)."""
        user = self.user if self.kind is Kind.BIND else ""
        return replace(self, status=IntentStatus.PENDING, user=user, claimed_by="", choices=(), conflict="", ended=None)
