"""Reads and checks gettext catalogues, so that a mistake is reported at the start with file and line.

Babel reads the text files at every start, so a translation in the directory of overrides needs no tool and no build.
The id of a text never changes and names its place (`sent.title`). For a text with a count, gettext's plural id names
the value that is counted (`{left}`).
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Final

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import PoFileError, read_po

from codesvc.messages.templates import BadTemplate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from babel.messages.catalog import Catalog, Message

CONTEXT: Final = "widget"
"""The context of a text that the widget uses in place of the page's text."""

_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_LINE: Final = re.compile(rf"\s*(?:#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?{_STRING}\s*)?")
_BRACE: Final = re.compile(r"[{}]")
_VALUE: Final = re.compile(r"\{(\w+)\}")


def place_of(message: Message) -> tuple[str, str]:
    """Context and id, which identify a text."""
    identifier = message.id if isinstance(message.id, str) else message.id[0]
    return message.context or "", str(identifier)


def counted_by(message: Message) -> str:
    """The name of the value that selects the plural form, "" for a text without a count."""
    found = None if isinstance(message.id, str) else _VALUE.fullmatch(message.id[1])
    return found[1] if found else ""


def forms_of(message: Message) -> tuple[str, ...]:
    """The text, or each of its plural forms."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def values_in(text: str) -> set[str]:
    """The names in braces."""
    return set(_VALUE.findall(text))


def texts_in(catalogue: Catalog) -> Iterator[Message]:
    """Every text, without the header."""
    return (message for message in catalogue if message.id)


def read(text: str, language: str, name: str) -> Catalog:
    """Read a catalogue.

    Raises:
        BadTemplate: it is not a catalogue, or Babel does not know the language; with the line.
    """
    try:
        for number, line in enumerate(text.splitlines(), 1):
            # Babel skips a line that it cannot read, and its text would be missing.
            if not _LINE.fullmatch(line):
                raise BadTemplate(f"template {name}, line {number}: not a line of a gettext catalogue")
        Locale.parse(language)
        return read_po(BytesIO(text.encode()), locale=language, charset="utf-8", abort_invalid=True)
    except PoFileError as error:
        said = error.args[0].rpartition(" on ")[0]
        raise BadTemplate(f"template {name}, line {error.lineno + 1}: {said}") from None
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise BadTemplate(f"template {name}: {error}") from None


def check(catalogue: Catalog, known: Mapping[tuple[str, str], Message], name: str) -> None:
    """Check that every text is used, and that every value in a text is one that is given.

    Raises:
        BadTemplate: the first mistake, with its line.
    """
    for message in texts_in(catalogue):
        source = known.get(place_of(message))
        if source is None:
            raise BadTemplate(f"template {name}, line {message.lineno}: there is no text {place_of(message)[1]!r}")
        if counted_by(message) != counted_by(source):
            wanted = f'msgid_plural "{{{counted_by(source)}}}"' if counted_by(source) else "no plural"
            raise BadTemplate(f"template {name}, line {message.lineno}: {place_of(message)[1]!r} has {wanted}")
        given = set().union(*map(values_in, forms_of(source)))
        for form in forms_of(message):
            if strange := values_in(form) - given:
                raise BadTemplate(f"template {name}, line {message.lineno}: nothing gives {{{min(strange)}}} here")
            if _BRACE.search(_VALUE.sub("", form)):
                raise BadTemplate(f"template {name}, line {message.lineno}: a brace without its other half")
