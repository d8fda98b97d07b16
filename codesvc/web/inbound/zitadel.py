"""ZITADEL: the HTTP providers for SMS and e-mail (HOOKS 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading
from codesvc.web.inbound.authentication import by_stamped_hex, by_token
from codesvc.web.inbound.bodies import json_of, seconds_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call

SIGNATURE: Final = "ZITADEL-Signature"
_TO: Final = ("contextInfo.recipientPhoneNumber", "contextInfo.recipientEmailAddress")
_OF_KNOWN: Final = (
    ".password.code.added",
    ".otp.sms.code.added",
    ".otp.email.code.added",
    "otp.sms.challenged",
    "otp.email.challenged",
)
"""Ends of event types whose codes go to what the user has. All others may verify a new number or address."""
_OF_NEW: Final = (
    "human.phone.code.added",
    "human.email.code.added",
    "human.initialization.code.added",
    "human.invite.code.added",
)
"""Ends of event types whose codes go to a number or an address that is given for the first time."""


def _authenticate(source: Inbound, call: Call) -> bool:
    """Signed from 4.2. Before, ZITADEL can send a secret in the address only."""
    if SIGNATURE in call.headers:
        return by_stamped_hex(SIGNATURE, source, call)
    return by_token(source, call)


def _read(_: Inbound, call: Call) -> list[Reading]:
    """Of a key only the first letter is lowered there: `OTP` arrives as `oTP`, and is the only one in some flows."""
    body = json_of(call)
    code, text = body.first("args.code", "args.oTP", "args.otp"), body.text("templateData.text")
    to, word = body.needed(*_TO), body.note("contextInfo.eventType")
    verified = {body.note("args.verifiedPhone"), body.note("args.verifiedEmail")}
    return [
        Reading(
            recipient=to,
            code=code,
            text=text if code else body.needed("args.code", "templateData.text", "templateData.url"),
            subject=body.note("templateData.subject"),
            word=word,
            expires_in=seconds_of(body.number("args.expiry")),
            user=body.note("args.userID"),
            known_recipient=word.endswith(_OF_KNOWN) and to in verified,
            claims_recipient=word.endswith(_OF_NEW),
        )
    ]


ADAPTER: Final = Adapter("zitadel", _authenticate, _read)
