"""The words of `codesvc init` in English and Chinese, by the terminal's language.

`init` alone speaks both: it is read beside WeChat's console, which is Chinese, and often before the
documentation. The other commands print English, as the log does.
"""

from collections.abc import Mapping
from importlib.resources import files

from codesvc.web.texts.speech import Speech, english_and_chinese


def terminal_language(env: Mapping[str, str]) -> str:
    """`zh` or `en`: the first of LC_ALL, LC_MESSAGES and LANG that is set decides (POSIX 8.2)."""
    chosen = next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "")
    return "zh" if chosen.lower().startswith("zh") else "en"


def speech(language: str) -> Speech:
    """The words in a language."""
    return english_and_chinese(files(__name__), "cli/texts")[language]
