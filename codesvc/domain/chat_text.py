"""What a text in the chat means: a keyword, a command, or neither. People paste keywords with all sorts around them."""

import re
import unicodedata
from typing import Final

from codesvc.domain.codes import KEYWORD_LENGTH, KEYWORD_LETTERS
from codesvc.domain.typed_text import GAP, compatible, normalise, visible

_KEYWORD: Final = re.compile(rf"[{KEYWORD_LETTERS}]{{{KEYWORD_LENGTH}}}")
_ALONE: Final = re.compile(rf"(?<![a-z0-9])[{KEYWORD_LETTERS}]{{{KEYWORD_LENGTH}}}(?![a-z0-9])")
# Two halves with a blank or a dash between them. Words and years side by side look like that too.
_HALF: Final = f"[{KEYWORD_LETTERS}]{{{KEYWORD_LENGTH // 2}}}"
_HALVES: Final = re.compile(rf"(?<![a-z0-9])({_HALF}){GAP}({_HALF})(?![a-z0-9])")
NOT_ME: Final = frozenset({"不是我", "不是本人", "notme", "itwasntme"})
YES: Final = frozenset({"确认", "确认绑定", "确认登录", "confirm"})
"""Words that the questions name (`templates/people/*/ask_*.txt`); no other reply is a confirmation."""
NO: Final = frozenset({"取消", "拒绝", "cancel", "no"})
CHOICE: Final = re.compile(r"[1-9]")
MOVE: Final = re.compile(r"同意换绑([a-z]{2})")
DIGITS: Final = re.compile(r"[0-9]{6}")
_LONGEST_AFTER: Final = 64
"""Characters after a label within which a keyword may stand with blanks and punctuation."""
_LABEL: Final = re.compile(r"(?:口令|关键词|關鍵詞|暗号|暗號|\bkey ?word\b)\W*(?:是|为|為|is\b)?")
# Letters and digits mixed, one more or less than a keyword has: words, dates and numbers are none.
_ATTEMPT: Final = re.compile(
    rf"(?<![a-z0-9])(?=[a-z]*[0-9])(?=[0-9]*[a-z])[a-z0-9]{{{KEYWORD_LENGTH - 1},{KEYWORD_LENGTH + 1}}}(?![a-z0-9])"
)


def read_keyword(text: str) -> str | None:
    """The keyword in a chat message: alone, after `口令：` or `keyword:`, or the only one in other text. Else None.

    Two halves in other text count if one of them mixes letters and digits, as no word and no year does.
    """
    whole = normalise(text).lower()
    if _KEYWORD.fullmatch(whole):
        return whole
    shown = visible(text).lower()
    for label in _LABEL.finditer(shown):
        # Each label is looked at, and a message may have a thousand: only one near the end can have a keyword after it.
        after = shown[label.end() :] if len(shown) - label.end() <= _LONGEST_AFTER else ""
        if _KEYWORD.fullmatch(keyword := normalise(after).lower()):
            return keyword
    found = set(_ALONE.findall(shown))
    found |= {"".join(halves) for halves in _HALVES.findall(shown) if any(map(_mixed, halves))}
    return found.pop() if len(found) == 1 else None


def attempts_keyword(text: str) -> bool:
    """Whether a message without a keyword seems to be meant as one: misread, cut off, or two at once."""
    shown = visible(text).lower()
    halves = any(_mixed("".join(each)) for each in _HALVES.findall(shown))
    return bool(halves or _LABEL.search(shown) or _ATTEMPT.search(shown))


def _mixed(text: str) -> bool:
    return not text.isalpha() and not text.isdigit()


def read_command(text: str) -> str:
    """The message without blanks, width, case, and without punctuation at both ends, as commands are compared."""
    plain = visible(text).lower().replace(" ", "")
    start, end = 0, len(plain)
    while start < end and unicodedata.category(plain[start])[0] == "P":
        start += 1
    while end > start and unicodedata.category(plain[end - 1])[0] == "P":
        end -= 1
    return plain[start:end]


def plain_word(text: str) -> str:
    """A message without blanks, letter case, character width and a final stop. Sites' words are compared so."""
    return "".join(compatible(text).lower().split()).rstrip("。.!！")


def is_answer(word: str) -> bool:
    """Whether people answer a question by this word, or stop their codes."""
    plain = read_command(word)
    return plain in NOT_ME | YES | NO or any(form.fullmatch(plain) for form in (CHOICE, MOVE, DIGITS))
