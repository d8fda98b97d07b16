"""What is read out of the requests of identity systems: a code in a ready text. Pure."""

import re
from typing import Final

USUAL_CODE: Final = r"(?<!\d)\d{4,8}(?!\d)"
"""The rule for a code in a text, if the operator configures none."""
ADAPTERS: Final[dict[str, tuple[str, ...]]] = {
    "logto": ("header",),
    "supabase": (),
    "kratos": ("header",),
    "zitadel": ("header",),
    "casdoor": ("header", "phone", "content", "to"),
    "authgear": (),
    "authentik": ("header",),
    "fusionauth": ("header",),
    "keycloak": ("header", "message", "receiver", "uuid"),
    "novu": ("header", "code"),
    "wp-sms": ("header", "message", "to"),
    "generic": (
        "header",
        "recipient",
        "code",
        "text",
        "subject",
        "purpose",
        "locale",
        "expires_in",
        "client_ip",
        "user",
        "id",
    ),
    "twilio": (),
}
"""The adapters of `codesvc.web.inbound`, and the names of each one's `options`."""
SIGNED_BY_HOOK: Final = frozenset({"supabase"})
"""Adapters whose secrets are those of Standard Webhooks (`codesvc.domain.signing_secret`)."""
LONGEST_TEXT: Final = 2_000
"""Characters of a text in which a code is looked for."""


def code_in(text: str, pattern: str = USUAL_CODE) -> str:
    """The code in a text: the only match of the rule, or its only group. "" if there is none, or more than one.

    Nothing is guessed: a text with two possible codes goes on unchanged, without a code.
    """
    found = [match[1] if match.re.groups else match[0] for match in re.finditer(pattern, text[:LONGEST_TEXT])]
    return found[0] if len(found) == 1 and found[0] else ""
