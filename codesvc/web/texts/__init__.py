"""All texts of the pages and the widget, in every language that has a catalogue in `templates/texts/`.

A text has an id; `{…}` in it are values, which the templates escape. English has every text and is the fallback for
texts that another language lacks. docs/en/contributing/translating.md says how a language is added.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from codesvc.domain.language_tags import nearest
from codesvc.web.texts.catalogue import check, place_of, read, texts_in
from codesvc.web.texts.speech import Speech

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from babel.messages.catalog import Catalog

    from codesvc.messages.templates import Templates

__all__ = ["Speech", "Texts"]

SOURCE: Final = "en"
FIRST: Final = "zh"
"""The language for browsers that ask for no available language."""


class Texts:
    """All languages.

    Args:
        templates: the source of the catalogues; one in the directory of overrides extends the shipped one.

    Attributes:
        languages: the names of all languages; they are the names of the catalogues.

    Raises:
        BadTemplate: a catalogue cannot be read, or has a text that no page uses; with file and line.
    """

    def __init__(self, templates: Templates) -> None:
        self._speeches = _speeches(tuple((name, tuple(texts)) for name, texts in templates.catalogues().items()))
        self.languages = tuple(sorted(self._speeches))

    def speech(self, name: str) -> Speech:
        """One language.

        Raises:
            KeyError: there is none of that name.
        """
        return self._speeches[name]

    def chosen(self, asked: str) -> str:
        """The available language that an `Accept-Language` or a tag prefers; `FIRST` for all that fits none."""
        return nearest(asked, self.languages, FIRST)


@lru_cache(maxsize=1)
def _speeches(files: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, Speech]:
    """The languages by the name of their catalogue. A reload that changes no text does not read them again.

    Args:
        files: for each language the sources of its catalogue, the shipped one first.
    """
    catalogues = {name: _merged(name, texts) for name, texts in files}
    source = catalogues[SOURCE]
    known = {place_of(message): message for message in texts_in(source)}
    for name, texts in files:
        # Without a merge the catalogue is the one that was already read.
        readings = [catalogues[name]] if len(texts) == 1 else [read(text, name, _file(name)) for text in texts]
        for reading in readings:
            check(reading, known, _file(name))
    english = Speech(SOURCE, source, known)
    others = {name: Speech(name, catalogues[name], known, english) for name, _ in files if name != SOURCE}
    return {SOURCE: english, **others}


def _file(name: str) -> str:
    return f"texts/{name}.po"


def _merged(name: str, texts: Sequence[str]) -> Catalog:
    catalogue, *more = (read(text, name, _file(name)) for text in texts)
    for message in (message for each in more for message in texts_in(each)):
        if message.string and not message.fuzzy:
            catalogue.delete(message.id, message.context)
            catalogue[message.id] = message
    return catalogue
