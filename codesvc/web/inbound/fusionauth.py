"""FusionAuth: the generic messenger (HOOKS 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading, Unreadable
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import code_and_text, json_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call

_VOICE: Final = "voice"


def _read(source: Inbound, call: Call) -> list[Reading]:
    """Numbers come as they were typed. Before 1.65 there is no type, and older releases may send no code."""
    body = json_of(call)
    if body.note("type").lower() == _VOICE:
        raise Unreadable("voice calls are not supported; set the messenger's type to SMS")
    code, text = body.text("code"), body.first("textMessage", "message")
    if not code:
        code, text = code_and_text(source, body.needed("code", "textMessage", "message"))
    return [Reading(recipient=body.needed("phoneNumber"), code=code, text=text, user=body.note("userId"))]


ADAPTER: Final = Adapter("fusionauth", by_token, _read)
