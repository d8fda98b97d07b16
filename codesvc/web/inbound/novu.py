"""Novu: the SMS provider "generic-sms" (HOOKS 8). It reads the message's id at `data.id` or `id`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import code_and_text, json_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call


def _read(source: Inbound, call: Call) -> list[Reading]:
    """The content alone, unless the workflow puts the code into `customData`."""
    body = json_of(call)
    code, text = body.text(f"customData.{source.options.get('code', 'code')}"), body.needed("content")
    if not code:
        code, text = code_and_text(source, text)
    return [
        Reading(
            recipient=body.needed("to"),
            code=code,
            text=text,
            word=body.note("customData.purpose"),
            language=body.note("customData.locale"),
            id=body.note("id"),
        )
    ]


ADAPTER: Final = Adapter("novu", by_token, _read)
