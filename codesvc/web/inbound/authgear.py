"""Authgear: the custom SMS gateway (HOOKS 6). It reads the answer's `code`, and mostly not its status."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading, Reason, answered
from codesvc.web.inbound.authentication import by_hex_of_body
from codesvc.web.inbound.bodies import json_of

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call, Refusal

SIGNATURE: Final = "x-authgear-body-signature"
_WORDS: Final = {
    Reason.MALFORMED: "unsupported_request",
    Reason.INVALID: "unsupported_request",
    Reason.RECIPIENT: "invalid_phone_number",
    Reason.LIMITED: "rate_limited",
    Reason.UNAVAILABLE: "timeout",
}
_REPEATS_MS: Final = 86_400_000
"""A day, because the signature has no time. Authgear itself repeats no call, and makes another code for each."""
_OF_NEW: Final = "setup_"
"""How the templates begin that are for a number that is given for the first time."""


def _read(_: Inbound, call: Call) -> list[Reading]:
    """`template_variables.password` can be a person's password; nothing but the code is read of the variables."""
    body = json_of(call)
    code = body.text("template_variables.code")
    return [
        Reading(
            recipient=body.needed("to"),
            code=code,
            text=body.text("body") if code else body.needed("body"),
            word=body.note("template_name"),
            language=body.note("language_tag"),
            claims_recipient=body.note("template_name").startswith(_OF_NEW),
        )
    ]


def _refuse(refusal: Refusal) -> web.Response:
    return answered({"code": _WORDS[refusal.reason], "description": refusal.sentence}, refusal.status, refusal.headers)


ADAPTER: Final = Adapter("authgear", partial(by_hex_of_body, SIGNATURE), _read, refuse=_refuse, repeats_ms=_REPEATS_MS)
