"""The variables of each template, and a check that templates use no others.

A template with an unknown variable would fail when the first visitor opens it. So it is refused when the service
starts, with file and line. A test compares these names with those that pages really receive, and with the header of
each file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jinja2 import Environment

_EVERY: Final = frozenset({"t", "nonce"})
_OF_A_SITE: Final = _EVERY | {"brand", "logo"}
_VERIFICATION: Final = _OF_A_SITE | {
    *("state", "base", "query", "stage", "title", "hint", "device", "scan_part", "digits", "expires_in", "resend_in"),
    *("back", "problem", "explanation", "begun", "resent", "blocked", "spoken"),
}
_INTENT: Final = _OF_A_SITE | {
    *(
        "state",
        "kind",
        "method",
        "base",
        "query",
        "device",
        "scan_part",
        "keyword",
        "expires_in",
        "back",
        "explanation",
        "begun",
        "provider",
        "leave",
    ),
}
_PERSON: Final = _OF_A_SITE | {
    *(
        "site",
        "subtitle",
        "title",
        "hint",
        "icon",
        "stage",
        "reference",
        "lines",
        "digits",
        "copy",
        "account",
        "action",
    ),
    *("token", "buttons", "back"),
}

PAGE_VARIABLES: Final = {
    "verification": _VERIFICATION,
    "panel": _VERIFICATION,
    "intent": _INTENT,
    "intent_panel": _INTENT,
    "person": _PERSON,
    "trouble": _EVERY | {"kind"},
    "problem": _EVERY | {"problem", "text"},
    "front": _EVERY,
    "reference": frozenset(
        {"contract", "pretty", "tried", "say", "language", "sections", "section", "samples", "languages", "testing"}
    ),
    "layout": _EVERY,
    "script": _EVERY,
    "icons": frozenset[str](),
    "parts": frozenset[str](),
    "brand": frozenset[str](),
}
"""The variables of each file in `templates/pages/`. A file that others include may use only what all of them have."""

_MESSAGE: Final = frozenset(
    {
        *("site", "purpose", "account", "expires_time", "expires_at", "now_at", "minutes", "locale", "code", "link"),
        *("reference", "agent", "place"),
    }
)
MESSAGE_VARIABLES: Final = {"code": _MESSAGE, "code_behind_link": _MESSAGE}
"""The variables of messages with a code: all that `codesvc.messages.composer.Composer.variables` returns."""

_NEEDED: Final = {"code.txt": "code", "code_behind_link.txt": "link", "relay_text.txt": "code"}
"""Texts without which a code cannot be seen, and the variable that they must print."""

_JINJA_NAMES: Final = frozenset({"self", "super", "varargs", "kwargs", "caller"})


def used_variables(environment: Environment, source: str) -> dict[str, int]:
    """The variables that a template uses, each with the line of its first use.

    Raises:
        TemplateSyntaxError: the template does not parse.
    """
    tree = environment.parse(source)
    names = find_undeclared_variables(tree) - set(environment.globals) - _JINJA_NAMES - _defined_in(tree)
    found: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in names:
            found.setdefault(node.name, node.lineno)
    return found


def _includes(environment: Environment, source: str) -> bool:
    """Whether a template includes other files, which may print what it does not."""
    return next(environment.parse(source).find_all((nodes.Include, nodes.Extends)), None) is not None


def _defined_in(tree: nodes.Template) -> set[str]:
    """Names that the file imports, defines or sets. jinja2 knows them only within one block."""
    defined = {each.name for each in tree.find_all(nodes.Macro)} | {each.target for each in tree.find_all(nodes.Import)}
    defined |= {each.name for each in tree.find_all(nodes.Name) if each.ctx == "store"}
    for each in tree.find_all(nodes.FromImport):
        defined |= {name if isinstance(name, str) else name[1] for name in each.names}
    return defined


def _variables_of(environment: Environment, shipped: Mapping[str, str], name: str) -> Collection[str] | None:
    """The variables that an override of that name may use; None if no shipped file has the name: another includes it.

    A chat text may use the variables that the shipped texts of its name use.
    """
    kind, _, rest = name.partition("/")
    if kind == "pages":
        return PAGE_VARIABLES.get(rest.removesuffix(".html"))
    places = [f"{kind}/{locale}/{name.rpartition('/')[2]}" for locale in ("zh", "en")]
    return {
        variable for place in places for variable in used_variables(environment, shipped[place])
    } | MESSAGE_VARIABLES.get(name.rpartition("/")[2].removesuffix(".txt"), frozenset())


def fault_in_overrides(environment: Environment, shipped: Mapping[str, str], own: Mapping[str, str]) -> str:
    """The first fault in templates that override shipped ones: file, line and reason; "" if there is none.

    Raises:
        TemplateSyntaxError: a template does not parse.
    """
    for name, source in own.items():
        kind = name.partition("/")[0]
        if not name.endswith((".html", ".txt")) or kind not in {"pages", "chat", "people"}:
            continue
        if kind != "pages" and name not in shipped:
            return f"{name}: there is no text of this name to stand in for"
        given, used = _variables_of(environment, shipped, name), used_variables(environment, source)
        needed = _NEEDED.get(name.rpartition("/")[2]) if kind != "pages" else None
        if needed is not None and needed not in used and not _includes(environment, source):
            return f"{name}: does not print {{{{ {needed} }}}}, so that nobody could see the code"
        for variable, line in used.items():
            if given is not None and variable not in given:
                known = ", ".join(sorted(given)) or "none"
                return f"{name}, line {line}: nothing gives {variable!r} here; there are: {known}"
    return ""
