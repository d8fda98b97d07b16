"""Logto: the HTTP connectors for SMS and e-mail (HOOKS 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.inbound.adapter import Adapter, Reading, no_in_words
from codesvc.web.inbound.authentication import by_token
from codesvc.web.inbound.bodies import json_of, with_plus

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call


_OF_KNOWN: Final = frozenset({"SignIn", "ForgotPassword", "MfaVerification", "UserPermissionValidation"})
"""Types that are sent to an identifier that the user has. Every other one may be for a new identifier."""
_OF_NEW: Final = frozenset({"Register", "BindNewIdentifier", "BindMfa"})
"""Types that are for a new identifier for certain."""


def _read(_: Inbound, call: Call) -> list[Reading]:
    """A code; an invitation has a link and no code, and the link is the text."""
    body = json_of(call)
    code, word = body.text("payload.code"), body.note("type")
    theirs = {body.note("payload.user.primaryEmail"), body.note("payload.user.primaryPhone")}
    return [
        Reading(
            recipient=with_plus(body.needed("to")),
            code=code,
            text="" if code else body.needed("payload.code", "payload.link"),
            word=word,
            language=body.note("payload.locale") or body.note("payload.uiLocales"),
            address=body.note("ip"),
            user=body.note("payload.user.id"),
            known_recipient=word in _OF_KNOWN and body.note("to") in theirs,
            claims_recipient=word in _OF_NEW,
        )
    ]


# The body of a failure becomes the text of the connector's error.
ADAPTER: Final = Adapter("logto", by_token, _read, refuse=no_in_words)
