"""What is read out of the requests of identity systems: a code in a ready text. Pure."""

from typing import Final

import re2

USUAL_CODE: Final = r"\b\d{4,8}\b"
"""The rule for a code in a text, if the operator configures none. To RE2 only ASCII letters and digits are words."""
_QUIET: Final = re2.Options()
_QUIET.log_errors = False  # RE2 would write what it refuses to standard error
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


def code_rule(pattern: str) -> re2._Regexp:
    """The compiled rule. RE2 searches any text in time that is proportional to it, whatever the expression.

    Raises:
        ValueError: it is not a regular expression, or uses what RE2 lacks, such as look-aheads; says what.
    """
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        [reason] = error.args
        raise ValueError(reason.decode(errors="replace")) from None


def code_in(text: str, pattern: str = USUAL_CODE) -> str:
    """The code in a text: the only match of the rule, or its only group. "" if there is none, or more than one.

    Nothing is guessed: a text with two possible codes goes on unchanged, without a code.
    """
    rule = code_rule(pattern)
    found = [match[1] if rule.groups else match[0] for match in rule.finditer(text[:LONGEST_TEXT])]
    return found[0] if len(found) == 1 and found[0] else ""
