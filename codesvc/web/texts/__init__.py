"""Every word of the hosted page and of the pages that stand in for it, in the languages there are.

A text is looked up by key; `{…}` in it are values, which the templates escape. All languages have the same keys with
the same values, and a test sees to it.
"""

from __future__ import annotations

from typing import Final

from codesvc.web.texts.chinese import CHINESE
from codesvc.web.texts.english import ENGLISH
from codesvc.web.texts.people import CHINESE_PEOPLE, ENGLISH_PEOPLE

LANGUAGES: Final = {"zh": {**CHINESE, **CHINESE_PEOPLE}, "en": {**ENGLISH, **ENGLISH_PEOPLE}}
_MINUTE, _HOUR = 60, 3600


class Speech:
    """Says things in one language; templates call it as `t("key", name=value)`.

    Args:
        locale: `zh` or `en`.
    """

    def __init__(self, locale: str) -> None:
        self._texts = LANGUAGES[locale]

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key.

        Raises:
            KeyError: there is no such text, or it wants another value.
        """
        return self._texts[key].format_map(values)

    def knows(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._texts

    def best(self, *keys: str) -> str:
        """The first of these keys that has a text.

        Raises:
            KeyError: none has.
        """
        for key in keys:
            if key in self._texts:
                return key
        raise KeyError(keys[-1])

    def wait(self, seconds: int) -> str:
        """A duration as people say it, rounded up."""
        for unit, size in (("hours", _HOUR), ("minutes", _MINUTE)):
            if seconds > 2 * size:
                return self(f"wait.{unit}", count=-(-seconds // size))
        return self("wait.seconds", count=max(1, seconds))
