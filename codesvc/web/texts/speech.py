"""The texts of one language."""

from __future__ import annotations

from gettext import GNUTranslations
from io import BytesIO
from typing import TYPE_CHECKING, Final

from babel import Locale
from babel.core import get_global
from babel.messages.mofile import write_mo

from codesvc.messages.templates import BadTemplate
from codesvc.web.texts.catalogue import counted_by, forms_of, place_of, read, texts_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

    from babel.messages.catalog import Catalog, Message

_MINUTE, _HOUR = 60, 3600
_SAMPLES: Final = range(1001)  # enough integers to reach every plural category of every CLDR rule


_RIGHT_TO_LEFT: Final = frozenset({"Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"})
"""The right-to-left scripts of living languages in the CLDR, by their ISO 15924 code."""


def direction_of(locale: Locale) -> str:
    """`ltr` or `rtl`. Babel knows it too, but would load 3 MB of other data of the language."""
    likely = get_global("likely_subtags")
    whole = likely.get(f"{locale.language}_{locale.territory}") or likely.get(locale.language, "")
    return "ltr" if _RIGHT_TO_LEFT.isdisjoint([locale.script] if locale.script else whole.split("_")) else "rtl"


class Speech:
    """One language; templates call it as `t("id", name=value)`.

    Args:
        name: the name of the catalogue.
        known: all existing texts by context and id.
        fallback: the language for texts that this one lacks.

    Attributes:
        tag: the language tag for HTML, such as `zh-CN`.
        direction: `ltr` or `rtl`.

    Raises:
        BadTemplate: its plural rule is malformed.
    """

    def __init__(
        self, name: str, catalogue: Catalog, known: Mapping[tuple[str, str], Message], fallback: Speech | None = None
    ) -> None:
        self._locale = catalogue.locale or Locale.parse(name)
        self.name, self.tag = name, (catalogue.locale_identifier or name).replace("_", "-")
        self.direction = direction_of(self._locale)
        self._counts = {place: counted_by(message) for place, message in known.items()}
        self._said = _compiled(name, catalogue)
        if fallback is not None:
            self._said.add_fallback(fallback._said)  # noqa: SLF001  of the same class

    def __call__(self, key: str, **values: object) -> str:
        """The text of an id.

        Raises:
            KeyError: there is no such text, or it needs a value that is not given.
        """
        counted = self._counts["", key]
        text = self._said.ngettext(key, key, int(str(values[counted]))) if counted else self._said.gettext(key)
        return text.format_map(values)

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Context and id of every text."""
        return tuple(self._counts)

    def best(self, *keys: str) -> str:
        """The first of these ids that has a text.

        Raises:
            KeyError: no id has a text.
        """
        for key in keys:
            if ("", key) in self._counts:
                return key
        raise KeyError(keys[-1])

    def wait(self, seconds: int) -> str:
        """A duration as text, rounded up."""
        for unit, size in (("hours", _HOUR), ("minutes", _MINUTE)):
            if seconds > 2 * size:
                return self(f"wait.{unit}", count=-(-seconds // size))
        return self("wait.seconds", count=max(1, seconds))

    def forms(self, key: str, context: str = "") -> str | dict[str, str]:
        """A text with its placeholders; for a text with a count `by` (the value) and a text for each plural category.

        The categories are those of the CLDR, which a browser knows as `Intl.PluralRules`.
        """
        counted = self._counts[context, key]
        if not counted:
            return self._said.pgettext(context, key) if context else self._said.gettext(key)
        samples = {self._locale.plural_form(number): number for number in reversed(_SAMPLES)}
        return {"by": counted, **{kind: self._said.ngettext(key, key, n) for kind, n in samples.items()}}


def _compiled(name: str, catalogue: Catalog) -> GNUTranslations:
    for message in [*texts_in(catalogue)]:
        if message.fuzzy or not all(forms_of(message)):
            catalogue.delete(message.id, message.context)  # gettext's rule: not yet translated
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    try:
        return GNUTranslations(compiled)
    except ValueError as error:
        raise BadTemplate(f"template texts/{name}.po: {error}") from None


def english_and_chinese(directory: Traversable, place: str) -> dict[str, Speech]:
    """The texts of `en.po` and `zh.po` in a directory of this package, by language; `place` names it in faults."""
    files = {name: directory.joinpath(f"{name}.po").read_text(encoding="utf-8") for name in ("en", "zh")}
    catalogues = {name: read(text, name, f"{place}/{name}.po") for name, text in files.items()}
    known = {place_of(message): message for message in texts_in(catalogues["en"])}
    english = Speech("en", catalogues["en"], known)
    return {"en": english, "zh": Speech("zh", catalogues["zh"], known, english)}
