"""Keycloak with the plugin of netzbegruenung (HOOKS 8). It ignores the answer; its page asks for the code anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import code_and_text, fields_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call


def _read(source: Inbound, call: Call) -> list[Reading]:
    """A text and a number, under the names of the flow step's configuration.

    The call's UUID is new for each message, so it finds no repetition.
    """
    body, names = fields_of(call), source.options
    code, text = code_and_text(source, body.needed(names.get("message", "text"), "message"))
    return [
        Reading(
            recipient=body.needed(names.get("receiver", "to"), "phone"),
            code=code,
            text=text,
            id=body.note(names.get("uuid", "uuid")),
        )
    ]


ADAPTER: Final = Adapter("keycloak", by_token, _read)
