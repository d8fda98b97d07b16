"""The language of comments, docstrings and messages, as far as a pattern can judge it.

Each pattern is a fault that a reader with English as a second language stumbled over, in more than one place.
"""

from __future__ import annotations

import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

import codesvc

ROOT = Path(codesvc.__file__).parent
PUBLISHED = ('mark("Moved to another WeChat")',)
"""Texts that people or programs know already."""
GAP = r"(?:\s|#|--)+"  # words may stand on two lines of a comment
OF_WECHAT = "account|name|app|platform|client|message|console|callback|Official|user|SDK|login"

PATTERNS = {
    "a description begins with its subject": (
        re.compile(
            r"^ {8,}[a-z_]+: (?:of|as|by|likewise|the same)\b|described\(\s*\"(?:of|as|by|likewise)\b", re.MULTILINE
        ),
        "        openid: of the receiver.",
        "        openid: the openid of the receiver.",
    ),
    "a person has a WeChat account, not a WeChat": (
        re.compile(
            r"(?<!of )\b(?:a|one|another|this|bound|own|no|several|previous|present|same|any|their|the|each|every)"
            rf"{GAP}WeChat(?:'s)?\b(?!{GAP}(?:{OF_WECHAT}))"
        ),
        "-- Bind the user to another\n-- WeChat.",
        "-- Bind the user to another WeChat\n-- account.",
    ),
    "it is not a thing, rather than it is no thing": (
        re.compile(
            rf"(?<![Tt]here )\b(?:is|are|was|were|be){GAP}no{GAP}(?!(?:longer|more|such|other|one|way|need)\b)[a-z]+"
        ),
        "None if it is no address.",
        "There is no address, and it is no longer one.",
    ),
}


@cache
def sources():
    """The text of every source file by its name; the files are read once."""
    found = {}
    for path in sorted([*ROOT.rglob("*.py"), *ROOT.rglob("*.lua")]):
        text = path.read_text(encoding="utf-8")
        for known in PUBLISHED:
            text = text.replace(known, "")
        found[path.relative_to(ROOT).as_posix()] = text
    return found


@pytest.mark.parametrize("fault", PATTERNS)
def test_no_text_has_a_fault_that_a_pattern_knows(fault):
    pattern, wrong, right = PATTERNS[fault]
    assert pattern.search(wrong)
    assert not pattern.search(right)
    found = [
        f"{name}:{text.count(chr(10), 0, each.start()) + 1}: {each[0]}"
        for name, text in sources().items()
        for each in pattern.finditer(text)
    ]
    assert found == []


def test_no_name_is_told():
    """A value is named for what it is, and not for the fact that it was read or will be printed."""
    found = [
        f"{name}:{token.start[0]}"
        for name, text in sources().items()
        if name.endswith(".py") and re.search(r"\b_?told\b", text)
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.NAME and token.string in {"told", "_told"}
    ]
    assert found == []
