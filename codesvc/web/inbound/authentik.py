"""authentik: the SMS authenticator stage with the provider "generic" (HOOKS 8). It shows our refusal to the person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading, no_in_words
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import code_and_text, json_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call


def _read(source: Inbound, call: Call) -> list[Reading]:
    """`Body` is the bare code, `Message` the text. A mapping may add the other names.

    `known_recipient` is then `device.confirmed`: while a device is enrolled it is there and false.
    """
    body = json_of(call)
    said = body.needed("Body").strip()
    code, text = (said, "") if len(said.split()) == 1 else code_and_text(source, said)
    return [
        Reading(
            recipient=body.needed("To"),
            code=code,
            text=body.text("Message") or text,
            word=body.note("purpose"),
            language=body.note("locale"),
            address=body.note("ip"),
            user=body.note("user"),
            known_recipient=body.is_true("known_recipient"),
            claims_recipient=body.is_false("known_recipient"),
        )
    ]


ADAPTER: Final = Adapter("authentik", by_token, _read, refuse=no_in_words)
