"""WordPress with WP SMS and its gateway "custom" (HOOKS 8): a free shape, by GET or POST, with a text alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading, Unreadable
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import code_and_text, fields_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call

_MOST_RECIPIENTS: Final = 10


def _read(source: Inbound, call: Call) -> list[Reading]:
    """`{recipients}` are several numbers with commas between; a bulk message is not what this is for."""
    body, names = fields_of(call), source.options
    code, text = code_and_text(source, body.needed(names.get("message", "message")))
    given = body.needed(names.get("to", "to"), "recipients")
    numbers = list(dict.fromkeys(number for number in given.split(",") if number.strip()))
    if not numbers:
        raise Unreadable("to is missing")
    if len(numbers) > _MOST_RECIPIENTS:
        raise Unreadable(f"to has more than {_MOST_RECIPIENTS} numbers")
    return [Reading(recipient=number, code=code, text=text) for number in numbers]


ADAPTER: Final = Adapter("wp-sms", by_token, _read)
