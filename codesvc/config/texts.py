"""Words that people read, in the two languages the service speaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalText:
    """One text in Chinese and in English. In the file: a string (both), or a table with `zh` and `en`."""

    zh: str
    en: str

    def spoken(self, locale: str) -> str:
        """The text for a language such as `zh` or `en`: Chinese for `zh…`, English for all others."""
        return self.zh if locale.lower().startswith("zh") else self.en
