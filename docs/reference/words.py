"""The words of the reference pages, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
WORDS: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
)
LANGUAGES: Final = ("zh", "en")


class Unwritten(Exception):
    """Something in the code has no words in `docs/reference/catalogue.toml`."""


def told(section: str, key: str, language: str) -> str:
    """The words for a key.

    Raises:
        Unwritten: there are none.
    """
    words = WORDS[section].get(key)
    if isinstance(words, dict):
        words = words.get(language)
    if not words:
        raise Unwritten(f'docs/reference/catalogue.toml: [{section}] lacks "{key}" ({language})')
    return str(words)


def pick(language: str, chinese: str, english: str) -> str:
    """One of two texts."""
    return chinese if language == "zh" else english


def anchor(text: str) -> str:
    """The name of a heading on every page, of letters that an address may hold."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")


def sentence(text: str, language: str) -> str:
    """A text from the code as a sentence."""
    text = text if text[0] == "`" else text[0].upper() + text[1:]
    return text if text[-1] in ".。?？" else text + pick(language, "。", ".")


def choice(words: Any, language: str) -> str:
    """Some words, side by side."""
    return pick(language, "、", ", ").join(f"`{each}`" for each in words)
