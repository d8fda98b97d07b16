"""Builds the data of a webhook event from the facts that a script noted. No other module writes an event's texts.

The facts hold no openid, code or token. Details of a delivery that may not be disclosed are hidden as in all answers
(DESIGN rule 7).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from codesvc.domain import codes
from codesvc.domain.clock import rfc3339
from codesvc.domain.record import Fixed, delivery_view
from codesvc.domain.verification import DeliveryStatus, Status
from codesvc.domain.webhook import EVENTS, TEST_EVENT

_DAY_SECONDS: Final = 86_400


class _Verification(msgspec.Struct):
    id: str
    user: str
    purpose: str
    status: Status
    created: int
    expires: int
    attempts_left: int
    disclosed: bool
    channel: str
    delivery: DeliveryStatus
    reason: str
    fixed: str
    approved: int | None = None
    basis: str | None = None
    predecessor: str | None = None
    gateway: str = ""
    handed_for: str = ""


class _Created(msgspec.Struct, rename={"came_from": "from"}):
    user: str
    wechat: str
    made_by: str
    at: int
    source: str = ""
    came_from: str | None = None


class _Login(msgspec.Struct):
    id: str
    user: str
    reference: str
    created: int
    approved: int
    predecessor: str | None = None
    client: str | None = None


class _Quota(msgspec.Struct):
    account: str
    call: str
    threshold: int
    daily: int
    left: int
    day: int


def _verification(facts: _Verification) -> dict[str, Any]:
    fixed = msgspec.json.decode(facts.fixed, type=Fixed)
    identifier = codes.VerificationId.parse(facts.id)
    view = delivery_view(
        disclosed=facts.disclosed,
        pending=facts.status is Status.PENDING,
        channel=facts.channel,
        delivery=facts.delivery,
        reason=facts.reason,
        gateway=facts.gateway,
        handed_for=facts.handed_for,
    )
    return {
        "id": facts.id,
        "purpose": facts.purpose,
        "user": facts.user,
        "status": facts.status.value,
        "reference": codes.reference(facts.id),
        "test": identifier is not None and identifier.test,
        "created_at": rfc3339(facts.created),
        "expires_at": rfc3339(facts.expires),
        "approved_at": rfc3339(facts.approved) if facts.approved else None,
        "basis": facts.basis,
        "attempts_left": facts.attempts_left,
        "metadata": fixed.metadata,
        "delivery": {"channel": str(view.channel), "status": str(view.status), "reason": view.reason},
        "predecessor": facts.predecessor,
    }


def _created(facts: _Created) -> dict[str, Any]:
    return {
        "user": facts.user,
        "wechat": facts.wechat,
        "made_by": facts.made_by,
        "source": facts.source or None,
        "bound_at": rfc3339(facts.at),
        "from": facts.came_from,
    }


def _conflict(facts: dict[str, str]) -> dict[str, Any]:
    return {
        "user": facts["user"],
        "bind_intent": facts["id"],
        "reference": facts["reference"],
        "conflict": facts["conflict"],
    }


def _login(facts: _Login) -> dict[str, Any]:
    return {
        "id": facts.id,
        "user": facts.user,
        "reference": facts.reference,
        "created_at": rfc3339(facts.created),
        "approved_at": rfc3339(facts.approved),
        "predecessor": facts.predecessor,
        "client": facts.client,
    }


def _quota(facts: _Quota) -> dict[str, Any]:
    day = datetime.fromtimestamp(facts.day * _DAY_SECONDS, UTC).date()
    return {
        "account": facts.account,
        "call": facts.call,
        "threshold": facts.threshold,
        "daily": facts.daily,
        "left": facts.left,
        "day": day.isoformat(),
    }


class _Message(msgspec.Struct):
    id: str
    user: str
    purpose: str
    kind: str
    status: str
    created: int
    expires: int
    ended: int
    channel: str = ""
    reason: str = ""
    reference: str = ""


def _message(facts: _Message) -> dict[str, Any]:
    return {
        "id": facts.id,
        "user": facts.user,
        "purpose": facts.purpose,
        "kind": facts.kind,
        "status": facts.status,
        "channel": facts.channel or None,
        "reason": facts.reason or None,
        "reference": facts.reference or None,
        "created_at": rfc3339(facts.created),
        "expires_at": rfc3339(facts.expires),
        "ended_at": rfc3339(facts.ended),
    }


def _as_noted(facts: dict[str, Any]) -> dict[str, Any]:
    return facts


def _kinds(prefix: str) -> list[str]:
    """The types of events about one subject. They all have the same facts."""
    return [kind for kind in EVENTS if kind.startswith(prefix)]


_DRAWN: Final[dict[str, tuple[Any, Callable[[Any], dict[str, Any]]]]] = {
    **dict.fromkeys(_kinds("verification."), (_Verification, _verification)),
    "binding.created": (_Created, _created),
    "binding.removed": (dict[str, str], _as_noted),
    "binding.conflict": (dict[str, str], _conflict),
    "binding.unreachable": (dict[str, str], _as_noted),
    "login.approved": (_Login, _login),
    "quota.low": (_Quota, _quota),
    **dict.fromkeys(_kinds("message."), (_Message, _message)),
    TEST_EVENT: (dict[str, str], _as_noted),
}


def draw(kind: str, created: int, facts: bytes) -> dict[str, Any]:
    """The document that is sent for an event.

    Args:
        kind: its type.
        created: when it happened, ms.
        facts: the facts of the event, as the script noted them.

    Raises:
        msgspec.MsgspecError: the facts cannot be read.
        LookupError: the type is not known, or facts are missing.
    """
    shape, drawn = _DRAWN[kind]
    # Lua writes some numbers as text.
    noted = msgspec.json.decode(facts, type=shape, strict=False)
    return {"type": kind, "timestamp": rfc3339(created), "data": drawn(noted)}
