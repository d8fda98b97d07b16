"""A webhook by Standard Webhooks: the gateway that knows the id of a message, so that a repeat is recognised.

`webhook-id` is the message's id in every call; time and signature are made anew for each call (the specification's
section on retries). Several secrets sign side by side, so that they can be replaced.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.delivery.gateways.gateway import GatewayAnswer, Taken
from codesvc.delivery.gateways.http import call, judge_status
from codesvc.delivery.webhooks.signature import signature
from codesvc.domain.clock import rfc3339
from codesvc.domain.recipient import MessageKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesvc.config.relay_settings import SignedGateway
    from codesvc.delivery.gateways.gateway import Handover
    from codesvc.delivery.gateways.http import HttpAnswer
    from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions

_ALREADY: Final = 409
"""Conflict: a receiver may answer so to an id that it has taken before."""


class Signed:
    """Calls a signed webhook."""

    idempotent: Final = True

    def __init__(
        self, config: SignedGateway, sessions: GuardedSessions, *, now: Callable[[], float] = time.time
    ) -> None:
        self._config, self._sessions, self._now = config, sessions, now

    async def hand(self, handover: Handover) -> GatewayAnswer:
        """Call it once."""
        config, body = self._config, msgspec.json.encode(document(handover))
        headers = {"Content-Type": "application/json", **config.headers}
        if config.authorization is not None:
            headers["Authorization"] = config.authorization.reveal()
        headers |= signature(handover.id, body, config.secrets, self._now())
        return await call(
            self._sessions,
            "POST",
            config.url,
            body=body,
            headers=headers,
            allow_private=config.allow_private,
            judge=_judge,
        )


def _judge(answer: HttpAnswer) -> GatewayAnswer:
    failed = judge_status(answer) if answer.status != _ALREADY else None
    return failed or GatewayAnswer(Taken.YES)


def document(handover: Handover) -> dict[str, Any]:
    """What is sent: a ready text, and what a sender needs that only takes registered templates."""
    recipient = handover.recipient
    data: dict[str, Any] = {
        "message_id": handover.id,
        "channel": recipient.kind.value,
        "to": recipient.text,
        "code": handover.code or None,
        "text": handover.text,
        "purpose": handover.purpose,
        "params": {"code": handover.code, "minutes": str(handover.minutes)},
        "locale": handover.locale,
        "expires_at": rfc3339(handover.expires),
        "reason": handover.reason,
        "site": handover.site,
        "user": handover.user,
    }
    if recipient.kind is MessageKind.SMS:
        data |= {
            "to_digits": recipient.text.removeprefix("+"),
            "country_code": recipient.country_code,
            "to_national": recipient.national,
        }
    else:
        data["subject"] = handover.subject
    return {"type": "message.send", "timestamp": rfc3339(handover.created), "data": data}
