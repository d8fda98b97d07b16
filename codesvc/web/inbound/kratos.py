"""Ory Kratos: the courier's HTTP channel and HTTP delivery strategy (HOOKS 4), with `ops/kratos/codesvc.jsonnet`.

The default body of Kratos is read too, although it lacks the codes of sign-in and sign-up: they are then looked for in
the text by the source's rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.domain.inbound import code_in
from codesvc.web.inbound.adapter import Adapter, Reading
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import fields_of

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call

_CODES: Final = ("code", "login_code", "registration_code", "verification_code", "recovery_code")
_CODED: Final = frozenset(
    {"", "login_code_valid", "registration_code_valid", "verification_code_valid", "recovery_code_valid"}
)
"""Templates with a code. In a link the rule could find digits that are none."""
_OF_NEW: Final = frozenset({"registration_code_valid", "verification_code_valid"})
"""Templates for a number or an address that is given for the first time."""


def _read(source: Inbound, call: Call) -> list[Reading]:
    body = fields_of(call)
    text, word = body.first("text", "body"), body.note("template_type")
    code = body.first(*_CODES, *(f"template_data.{name}" for name in _CODES))
    if not code and word in _CODED:
        code = code_in(text, source.code_pattern)
    return [
        Reading(
            recipient=body.needed("to", "recipient"),
            code=code,
            text=text if code else body.needed("text", "body"),
            subject=body.note("subject"),
            word=word,
            language=body.note("locale"),
            expires_in=60 * body.number("expires_in_minutes"),
            address=body.note("client_ip"),
            user=body.note("user_id"),
            claims_recipient=word in _OF_NEW,
        )
    ]


ADAPTER: Final = Adapter("kratos", by_token, _read)
