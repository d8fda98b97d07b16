"""Reads bodies: JSON objects, forms and queries, with one way to ask for a member of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec

from codesvc.domain.inbound import code_in
from codesvc.web.inbound.adapter import Unreadable
from codesvc.web.inbound.authentication import KEY_IN_QUERY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.config.relay_settings import Inbound
    from codesvc.web.inbound.adapter import Call

_MOST_FIELDS: Final = 200
_BARE_DIGITS: Final = re.compile(r"[0-9]{5,15}")
_NANOSECONDS: Final = 1_000_000_000


class Fields:
    """The members of an object. A path such as `payload.code` leads into objects."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = found

    def __repr__(self) -> str:
        return "Fields()"

    def names(self) -> list[str]:
        """The names of the outermost members."""
        return list(self._found)

    def value(self, path: str) -> Any:
        """A member of any type; None if it is missing."""
        if path in self._found:
            return self._found[path]
        here: Any = self._found
        for step in path.split("."):
            if not isinstance(here, dict):
                return None
            here = here.get(step)
        return here

    def text(self, path: str) -> str:
        """A text; "" if it is missing or null.

        Raises:
            Unreadable: it is not text. A number is not accepted: a code would lose a 0 at its beginning.
        """
        found = self.value(path)
        if found is None:
            return ""
        if not isinstance(found, str):
            raise Unreadable(f"{path} must be text")
        return found

    def needed(self, *paths: str) -> str:
        """The first of these texts that is there.

        Raises:
            Unreadable: none of them is there, or one is not text.
        """
        found = self.first(*paths)
        if not found.strip():
            raise Unreadable(f"{paths[0]} is missing")
        return found

    def first(self, *paths: str) -> str:
        """The first of these texts that is there, "" if none is. Raises `Unreadable` if it is not text."""
        return next((found for path in paths if (found := self.text(path))), "")

    def note(self, path: str) -> str:
        """A text that nothing depends on, such as a language; "" if it is missing or anything else."""
        found = self.value(path)
        return found if isinstance(found, str) else ""

    def is_true(self, path: str) -> bool:
        """Whether a member is true, as JSON or a form says it."""
        found = self.value(path)
        return found is True or found == "true"

    def is_false(self, path: str) -> bool:
        """Whether a member is there and false, as JSON or a form says it."""
        found = self.value(path)
        return found is False or found == "false"

    def number(self, path: str) -> float:
        """A number, or digits; 0 if it is missing or anything else: nothing depends on it but how long a code lives."""
        found = self.value(path)
        if isinstance(found, str) and re.fullmatch(r"[0-9]{1,9}", found):
            return float(found)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return 0.0
        try:
            return float(found)
        except OverflowError:  # more than 308 digits
            return 0.0


def json_of(call: Call) -> Fields:
    """The body as a JSON object.

    Raises:
        Unreadable: it is none.
    """
    try:
        found = msgspec.json.decode(call.body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise Unreadable("the body is not a JSON object")
    return Fields(found)


def form_of(call: Call) -> Fields:
    """The body as a form, or the query if there is no body. Of a field that is sent twice, the last one.

    Raises:
        Unreadable: it is not a form in UTF-8.
    """
    return Fields(dict(pairs_of(call)))


def pairs_of(call: Call) -> list[tuple[str, str]]:
    """The fields of a form in their order, or those of the query if there is no body.

    Raises:
        Unreadable: it is not a form in UTF-8.
    """
    if not call.body:
        return [(name, value) for name, value in call.query.items() if name != KEY_IN_QUERY]
    try:
        text = call.body.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise Unreadable("the body is not a form in UTF-8") from None


def fields_of(call: Call) -> Fields:
    """A JSON object, a form or a query, whichever it is: some systems let their operator choose.

    Raises:
        Unreadable: it is none of these.
    """
    return json_of(call) if call.body.lstrip()[:1] in {b"{", b"["} else form_of(call)


def with_plus(number: str) -> str:
    """International digits with the plus that the system leaves out (HOOKS 1, 2)."""
    return f"+{number}" if _BARE_DIGITS.fullmatch(number) else number


def code_and_text(source: Inbound, text: str) -> tuple[str, str]:
    """The code in a ready text by the source's rule, and the text. A text that is nothing but the code is none."""
    code = code_in(text, source.code_pattern)
    return code, "" if code == text.strip() else text


def seconds_of(nanoseconds: float) -> float:
    """Go's durations, as JSON has them, in seconds."""
    return nanoseconds / _NANOSECONDS
