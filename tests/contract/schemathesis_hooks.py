"""What no document can say, because each site's configuration does: its purposes, and where its pages lead back to."""

from __future__ import annotations

import schemathesis

PURPOSES = ("register", "reset")
SHORTEST = {"purpose": 1, "return_url": 0}
LONGEST = {"purpose": 32, "return_url": 2048}


@schemathesis.hook
def before_call(context, case, kwargs):  # noqa: ARG001  the hook's name and arguments are Schemathesis's
    """Put a value of this site's in place of any other that is valid by its form; what is invalid stays so."""
    body = case.body
    if not isinstance(body, dict):
        return
    if isinstance(body.get("advance"), int | float) and 0 <= body["advance"] <= 10 * 366 * 86_400:
        body["advance"] = 0  # a clock that runs years ahead would leave nothing alive to go on with
    known = {"purpose": PURPOSES[len(body) % 2], "return_url": "https://shop.example/back"}
    for name, value in known.items():
        given = body.get(name)
        if isinstance(given, str) and SHORTEST[name] <= len(given) <= LONGEST[name]:
            body[name] = value
