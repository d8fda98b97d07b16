"""Twilio's call for a message, for systems that support no other (HOOKS 7): FusionAuth, Kratos with Twilio's recipe."""

from __future__ import annotations

from email.utils import formatdate
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.web.inbound.adapter import Adapter, Reading, Reason, Unreadable, answered
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import code_and_text, form_of

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call, Refusal, Taken
    from codesvc.web.inbound.bodies import Fields

_CREATED: Final = 201
_CODES: Final = {
    Reason.MALFORMED: 21602,
    Reason.INVALID: 21602,
    Reason.RECIPIENT: 21211,
    Reason.LIMITED: 20429,
    Reason.UNAVAILABLE: 20503,
}
"""Twilio's own numbers: "message body is required", "invalid To", "too many requests", "service unavailable"."""


def _read(source: Inbound, call: Call) -> list[Reading]:
    body = form_of(call)
    code, text = code_and_text(source, body.text("Body") or _variables(body))
    return [Reading(recipient=body.needed("To").removeprefix("whatsapp:"), code=code, text=text)]


def _variables(body: Fields) -> str:
    """The values of a registered template's variables, one a line. The template's text is with Twilio.

    Raises:
        Unreadable: there are none.
    """
    try:
        found: Any = msgspec.json.decode(body.text("ContentVariables"))
    except (ValueError, RecursionError):
        raise Unreadable("Body is missing") from None
    if not isinstance(found, dict) or not found:
        raise Unreadable("Body is missing")
    return "\n".join(value for value in found.values() if isinstance(value, str))


def _answer(taken: Taken) -> web.Response:
    """201 and a message resource. Its id is 32 hexadecimal digits, which are made from ours."""
    return answered(
        {
            "sid": "SM" + sha256(taken.id.encode()).hexdigest()[:32],
            "status": "queued",
            "to": taken.recipients[0],
            "date_created": formatdate(taken.created / 1000),
            "date_updated": formatdate(taken.created / 1000),
            "direction": "outbound-api",
            "num_segments": "1",
            "num_media": "0",
            "error_code": None,
            "error_message": None,
        },
        _CREATED,
    )


def _refuse(refusal: Refusal) -> web.Response:
    code = _CODES[refusal.reason]
    return answered(
        {
            "code": code,
            "message": refusal.detail,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": refusal.status,
        },
        refusal.status,
        refusal.headers,
    )


ADAPTER: Final = Adapter("twilio", by_token, _read, answer=_answer, refuse=_refuse)
