"""The words of `codesvc init` in English and Chinese, by the terminal's language.

`init` alone speaks both: it is read beside WeChat's console, which is Chinese, and often before the
documentation. The other commands print English, as the log does.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from codesvc.web.texts.catalogue import place_of, read, texts_in
from codesvc.web.texts.speech import Speech

LANGUAGES: Final = ("en", "zh")


def terminal_language(env: Mapping[str, str]) -> str:
    """`zh` or `en`: the first of LC_ALL, LC_MESSAGES and LANG that is set decides (POSIX 8.2)."""
    chosen = next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "")
    return "zh" if chosen.lower().startswith("zh") else "en"


def speech(language: str) -> Speech:
    """The words in a language."""
    catalogues = {
        name: read(files(__name__).joinpath(f"{name}.po").read_text(encoding="utf-8"), name, f"cli/texts/{name}.po")
        for name in LANGUAGES
    }
    known = {place_of(message): message for message in texts_in(catalogues["en"])}
    english = Speech("en", catalogues["en"], known)
    return english if language == "en" else Speech(language, catalogues[language], known, english)
