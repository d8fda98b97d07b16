"""The shop's languages: English is in the code and the pages, every other language has a catalogue in `texts/`.

A new language is a new file. A real shop uses its framework's support (Flask-Babel, Django, i18next).
"""

from __future__ import annotations

from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, PackageLoader, StrictUndefined

from codesvc.domain.language_tags import nearest

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from aiohttp import web

_DEFAULT: Final = "zh"


def mark(text: str) -> str:
    """Mark a text for the catalogues where its language is not known yet. `translated` translates it."""
    return text


def _translations(path: Traversable) -> GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(path.read_bytes()), charset="utf-8"))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _pages(translations: NullTranslations) -> Environment:
    environment = Environment(
        loader=PackageLoader("codesvc.demo", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations)  # type: ignore[attr-defined]  # of the extension
    return environment


_FILES: Final = [path for path in files("codesvc.demo").joinpath("texts").iterdir() if path.name.endswith(".po")]
_LANGUAGES: Final = {path.name.removesuffix(".po"): _translations(path) for path in _FILES} | {"en": NullTranslations()}
_PAGES: Final = {name: _pages(translations) for name, translations in _LANGUAGES.items()}


def locale_of(request: web.Request) -> str:
    """The supported language that the browser's Accept-Language prefers; Chinese if there is none."""
    return nearest(",".join(request.headers.getall("Accept-Language", ())), tuple(_LANGUAGES), _DEFAULT)


def page_environment(locale: str) -> Environment:
    """The pages in a language."""
    return _PAGES[locale]


def translated(text: str, locale: str) -> str:
    """A marked text, translated into a language."""
    return _LANGUAGES[locale].gettext(text)
