"""Twilio's messages, called over plain HTTP: a form, Basic authentication, 201 for success.

Twilio does not recognise a repeated call, so a call whose outcome is unknown is not repeated.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from codesvc.delivery.gateways.gateway import GatewayAnswer, Taken
from codesvc.delivery.gateways.http import call, judge_status

if TYPE_CHECKING:
    from codesvc.config.relay_settings import TwilioGateway
    from codesvc.delivery.gateways.gateway import Handover
    from codesvc.delivery.gateways.http import HttpAnswer
    from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions

_CODE: Final = re.compile(r"[0-9]{1,6}")
_FAILED: Final = frozenset({"failed", "undelivered", "canceled"})


class Twilio:
    """Creates a message."""

    idempotent: Final = False

    def __init__(self, config: TwilioGateway, sessions: GuardedSessions) -> None:
        self._config, self._sessions = config, sessions

    async def hand(self, handover: Handover) -> GatewayAnswer:
        """Call it once."""
        config = self._config
        sender = "MessagingServiceSid" if config.sender.startswith("MG") else "From"
        login = b64encode(f"{config.account_sid}:{config.auth_token.reveal()}".encode()).decode()
        return await call(
            self._sessions,
            "POST",
            f"{config.endpoint}/2010-04-01/Accounts/{config.account_sid}/Messages.json",
            body=urlencode({"To": handover.recipient.text, sender: config.sender, "Body": handover.text}).encode(),
            headers={
                "Authorization": f"Basic {login}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            allow_private=config.allow_private,
            judge=_judge,
        )


def _judge(answer: HttpAnswer) -> GatewayAnswer:
    if failed := judge_status(answer):
        code = answer.at("code") or ""
        return (
            GatewayAnswer(failed.taken, f"twilio-{code}", failed.retry_after_seconds)
            if _CODE.fullmatch(code)
            else failed
        )
    if answer.at("status") in _FAILED:
        return GatewayAnswer(Taken.NO, "twilio-failed")
    return GatewayAnswer(Taken.YES) if answer.at("sid") else GatewayAnswer(Taken.UNKNOWN, "unreadable")
