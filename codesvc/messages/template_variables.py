"""Which variables a template is given, and a check that it asks for no others.

A template that asks for what it is not given would fail in front of the first visitor; so it is refused at the start,
with its line. A test holds these names to what the pages are really given, and to the heads of the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jinja2 import Environment

_EVERY: Final = frozenset({"t", "nonce"})
_VERIFICATION: Final = _EVERY | {
    *("state", "base", "query", "stage", "title", "hint", "device", "scan_part", "digits", "expires_in", "resend_in"),
    *("back", "problem", "explanation", "resent"),
}
_INTENT: Final = _EVERY | {
    *("state", "kind", "method", "base", "query", "device", "scan_part", "keyword", "expires_in", "link", "back"),
}
_PERSON: Final = _EVERY | {
    *("site", "subtitle", "title", "hint", "icon", "stage", "reference", "lines", "digits", "action", "token"),
    *("buttons", "back"),
}

PAGE_VARIABLES: Final = {
    "verification": _VERIFICATION,
    "panel": _VERIFICATION,
    "intent": _INTENT,
    "intent_panel": _INTENT,
    "person": _PERSON,
    "trouble": _EVERY | {"kind"},
    "problem": _EVERY | {"problem"},
    "reference": frozenset({"contract", "pretty"}),
    "layout": _EVERY,
    "script": _EVERY,
    "icons": frozenset[str](),
}
"""What each file in `templates/pages/` is given. One that others include may only use what all of them have."""

_MESSAGE: Final = frozenset(
    {
        *("site", "purpose", "account", "expires_time", "expires_at", "now_at", "minutes", "locale", "code", "link"),
        *("reference", "agent", "place"),
    }
)
MESSAGE_VARIABLES: Final = {"code": _MESSAGE, "code_behind_link": _MESSAGE}
"""What the messages that bring a code are given: all that `codesvc.messages.composer.Composer.variables` says."""

_OF_THE_LANGUAGE: Final = frozenset({"self", "super", "varargs", "kwargs", "caller"})


def asked_for(environment: Environment, source: str) -> dict[str, int]:
    """The variables that a template asks for, and the line of the first time.

    Raises:
        TemplateSyntaxError: it does not parse.
    """
    tree = environment.parse(source)
    names = find_undeclared_variables(tree) - set(environment.globals) - _OF_THE_LANGUAGE - _made_in(tree)
    found: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in names:
            found.setdefault(node.name, node.lineno)
    return found


def _made_in(tree: nodes.Template) -> set[str]:
    """What the file itself imports, defines or sets, anywhere: jinja2 knows of it only within one block."""
    made = {each.name for each in tree.find_all(nodes.Macro)} | {each.target for each in tree.find_all(nodes.Import)}
    made |= {each.name for each in tree.find_all(nodes.Name) if each.ctx == "store"}
    for each in tree.find_all(nodes.FromImport):
        made |= {name if isinstance(name, str) else name[1] for name in each.names}
    return made


def _given(environment: Environment, shipped: Mapping[str, str], name: str) -> Collection[str] | None:
    """What an override of that name is given; None for a file of its own, which another includes.

    A text for the chat is given what the shipped texts of that name use: others have no more to say.
    """
    kind, _, rest = name.partition("/")
    if kind == "pages":
        return PAGE_VARIABLES.get(rest.removesuffix(".html"))
    places = [f"{kind}/{locale}/{name.rpartition('/')[2]}" for locale in ("zh", "en")]
    return {
        variable for place in places for variable in asked_for(environment, shipped[place])
    } | MESSAGE_VARIABLES.get(name.rpartition("/")[2].removesuffix(".txt"), frozenset())


def fault_in_overrides(environment: Environment, shipped: Mapping[str, str], own: Mapping[str, str]) -> str:
    """The first slip in the templates that stand in for shipped ones: file, line and what; "" if there is none.

    Raises:
        TemplateSyntaxError: one does not parse.
    """
    for name, source in own.items():
        kind = name.partition("/")[0]
        if not name.endswith((".html", ".txt")) or kind not in {"pages", "chat", "people"}:
            continue
        if kind != "pages" and name not in shipped:
            return f"{name}: there is no text of this name to stand in for"
        given = _given(environment, shipped, name)
        for variable, line in asked_for(environment, source).items():
            if given is not None and variable not in given:
                known = ", ".join(sorted(given)) or "none"
                return f"{name}, line {line}: nothing gives {variable!r} here; there are: {known}"
    return ""
