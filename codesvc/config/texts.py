"""Texts for people, in the two languages of the service."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalText:
    """A text in Chinese and in English. In the file: a string for both, or a table with `zh` and `en`."""

    zh: str
    en: str

    def spoken(self, locale: str) -> str:
        """The text for a locale: Chinese for `zh…`, English for every other."""
        return self.zh if locale.lower().startswith("zh") else self.en
