"""What no document can say: what each site's configuration does, what numbering plans do, and what Unicode does.

A site's configuration says its purposes and where its pages lead back to; a numbering plan, which digits are a number
of telephones; Unicode, what is in normal form C and what is invisible, unprintable or not assigned (decision 25).
"""

from __future__ import annotations

import schemathesis

from codesvc.domain.display_name import LONGEST as LONGEST_DISPLAY
from codesvc.domain.identifiers import is_user

PURPOSES = ("register", "reset")
LENGTHS = {
    "purpose": (1, 32), "return_url": (0, 2048), "display": (1, LONGEST_DISPLAY), "phone": (4, 40), "email": (3, 254),
    "subject": (1, 200),
}  # fmt: skip
"""Between these a text is valid by its form."""
KNOWN = {
    "return_url": "https://shop.example/back", "display": "张三", "phone": "+8613800138000",
    "email": "alice@example.com", "subject": "Your code",
}  # fmt: skip


def only_in_form(case, user):
    """Whether a text is a user id as far as the document says, and none for Unicode's sake."""
    return (
        case.meta is not None and case.meta.generation.mode.is_positive and isinstance(user, str) and not is_user(user)
    )


@schemathesis.hook
def before_call(context, case, kwargs):  # noqa: ARG001  the hook's name and arguments are Schemathesis's
    """Put a value that this site takes in place of any other that is valid by its form; what is invalid stays so."""
    if only_in_form(case, (case.path_parameters or {}).get("user")):
        case.path_parameters["user"] = "alice"
    body = case.body
    if not isinstance(body, dict):
        return
    if isinstance(body.get("advance"), int | float) and 0 <= body["advance"] <= 10 * 366 * 86_400:
        body["advance"] = 0  # a clock that runs years ahead would leave nothing alive to go on with
    if isinstance(body.get("expires_in"), float) and body["expires_in"].is_integer():
        body["expires_in"] = int(body["expires_in"])  # to JSON Schema 345.0 is an integer, and our reader takes 345
    if only_in_form(case, body.get("user")):
        body["user"] = "alice"
    known = {"purpose": PURPOSES[len(body) % 2], **KNOWN}
    inner = [body[name] for name in ("recipient", "contact") if isinstance(body.get(name), dict)]
    for members in (body, *inner):
        for name, (shortest, longest) in LENGTHS.items():
            given = members.get(name)
            if isinstance(given, str) and shortest <= len(given) <= longest:
                members[name] = known[name]
