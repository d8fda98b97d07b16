"""Any system that sends JSON, a form or a query: `options` says where each value stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading, Unreadable
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import code_and_text, fields_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call


def _read(source: Inbound, call: Call) -> list[Reading]:
    """A member is named as it stands there; dots lead into objects. Without an option its name is the option's own."""
    body = fields_of(call)

    def at(option: str) -> str:
        return source.options.get(option, option)

    code, text = body.text(at("code")), body.text(at("text"))
    if not (code or text):
        raise Unreadable(f"both {at('code')} and {at('text')} are missing")
    if not code:
        code, text = code_and_text(source, text)
    return [
        Reading(
            recipient=body.needed(at("recipient")),
            code=code,
            text=text,
            subject=body.note(at("subject")),
            word=body.note(at("purpose")),
            language=body.note(at("locale")),
            expires_in=body.number(at("expires_in")),
            address=body.note(at("client_ip")),
            user=body.note(at("user")),
            known_recipient=body.is_true(at("known_recipient")),
            id=body.note(at("id")),
        )
    ]


ADAPTER: Final = Adapter("generic", by_token, _read)
