"""Rules for the fields of category templates (WECHAT.md 6.4).

A key is a type and a number: `thing1`, `character_string2`. If one value breaks the rule of its type, WeChat refuses
the whole message (47003), at the moment when a person waits for a code. So the rules are checked when the service
starts. Where WeChat's documentation is not clear, the stricter reading is used. Refusing a template that might pass
costs an operator a minute. Accepting one that does not pass costs every user their code.

Free keys are not checked, except for control characters. These are `first`, `remark` and `keyword3` of legacy templates
(WeChat silently cuts their values, see `shown_part`), the freely named keys of test accounts, and types that are newer
than this module. The rule of `short_thing` is not documented; it is treated as `thing`.

WeChat refuses an empty value too. The composer and the client therefore never send one: `not_empty` puts the type's
fallback text in its place.

Lengths count UTF-16 units, so an emoji counts as two. How WeChat counts is not known; this count is never less than
the number of characters.
"""

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from functools import cache

_KEY = re.compile(r"([a-z_]+?)[0-9]+")
_HAN = r"\u4e00-\u9fff"  # rare characters outside this block may not count as Chinese for WeChat
_CLOCK = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
_MONTH, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12][0-9]|3[01])"
_DATE = rf"[0-9]{{4}}(?:年{_MONTH}月{_DAY}日|-{_MONTH}-{_DAY}|/{_MONTH}/{_DAY}|\.{_MONTH}\.{_DAY})"
_TIME = rf"(?:{_DATE} )?{_CLOCK}"
_DATED = rf"{_DATE}(?: {_CLOCK})?"

_ELLIPSIS = "…"
_JOINERS = "\u200d\ufe0f"
_AMOUNT_DIGITS = 10
_CURRENCIES = "¥￥$€£"
_LEGACY_LENGTH = 20
_DROPPED = frozenset({"first", "remark"})


class FieldKind(StrEnum):
    """The type named by a key's prefix; FREE for every other key."""

    THING = "thing"
    SHORT_THING = "short_thing"
    NUMBER = "number"
    LETTER = "letter"
    SYMBOL = "symbol"
    CHARACTER_STRING = "character_string"
    TIME = "time"
    DATE = "date"
    AMOUNT = "amount"
    PHONE_NUMBER = "phone_number"
    CAR_NUMBER = "car_number"
    NAME = "name"
    PHRASE = "phrase"
    CONST = "const"
    ENUM = "enum"
    FREE = ""

    @classmethod
    @cache
    def of(cls, key: str) -> "FieldKind":
        """The type of `thing1`, `time2` …. A prefix without a number is a free key."""
        found = _KEY.fullmatch(key)
        return _KINDS.get(found[1], cls.FREE) if found else cls.FREE


_KINDS = {kind.value: kind for kind in FieldKind if kind}


def check_field(key: str, value: str) -> str | None:
    """The reason why WeChat would refuse `value` under `key`, in plain English; None if it would accept it.

    The reason contains the key but never the value, which may be a code.
    """
    kind = FieldKind.of(key)
    if not value.isprintable() and any(_is_control(character) for character in value):
        return f"{key}: control characters and line breaks are not allowed"
    if kind is FieldKind.FREE:
        return None
    if not value.strip():
        return f"{key}: is empty"
    reason = _RULES[kind](value)
    return f"{key}: {reason}" if reason else None


def fit(key: str, value: str) -> str:
    """Adapt `value` to the rule of `key`, without changing its meaning.

    Line breaks and sequences of blanks become one blank, and other control characters are removed. A `thing` that is
    too long is cut and ends in "…"; a `name` is cut without that mark, which its type does not allow. Other types are
    never shortened: half a code, date or amount would be wrong. Check the result with `check_field`.
    """
    kind = FieldKind.of(key)
    if kind is FieldKind.FREE:
        return "".join(" " if c in "\r\n\t" else c for c in value if c in "\r\n\t" or not _is_control(c))
    text = " ".join(value.split())
    if not text.isprintable():
        text = "".join(c for c in text if not _is_control(c))
    if kind in {FieldKind.THING, FieldKind.SHORT_THING}:
        return _shorten(text, 20)
    if kind is FieldKind.NAME:
        return _shorten(text, 20 if text.isascii() else 10, mark="")
    return text


def fallback(key: str) -> str:
    """The text that stands for an empty value of `key`.

    WeChat accepts it for the key's type. For `const` and `enum` only the template's reviewer knows.
    """
    return _FALLBACKS.get(FieldKind.of(key), "-")


def has_plain_fallback(key: str) -> bool:
    """Whether the fallback of `key` reads as "not known" and WeChat accepts it. A number's would be a statement."""
    return FieldKind.of(key) not in _MISLEADING_FALLBACKS


def not_empty(key: str, value: str) -> str:
    """`value`, or the fallback of `key` if nothing of it would be visible."""
    return value if value and not value.isspace() else fallback(key)


def shown_part(key: str, value: str) -> str:
    """What a person can see of a value that WeChat accepted; "" if WeChat drops the field.

    WeChat drops `first` and `remark`, and cuts the values of all other legacy keys after 20 characters, without an
    error (WECHAT.md 6.4). A free key may belong to a legacy template, so it is treated as one.
    """
    if key in _DROPPED:
        return ""
    if FieldKind.of(key) is not FieldKind.FREE:
        return value
    while _length(value) > _LEGACY_LENGTH:
        value = value[: min(len(value) - 1, _LEGACY_LENGTH)]
    return value


def _shorten(text: str, limit: int, *, mark: str = _ELLIPSIS) -> str:
    # A character takes at most two units.
    if 2 * len(text) <= limit or _length(text) <= limit:
        return text
    while _length(text) > limit - len(mark):
        text = text[:-1]
    # Part of a composed emoji would look like another emoji.
    return text.rstrip(_JOINERS + " ") + mark


def _is_control(character: str) -> bool:
    # Category Cf contains the marks that change the writing direction, which could make a message read differently.
    category = unicodedata.category(character)
    return category in {"Cc", "Cs", "Zl", "Zp"} or (category == "Cf" and character not in _JOINERS)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _thing(value: str) -> str | None:
    return None if _length(value) <= 20 else "at most 20 characters"  # noqa: PLR2004 - WECHAT.md 6.4


def _pattern(pattern: str, reason: str) -> Callable[[str], str | None]:
    compiled = re.compile(pattern)
    return lambda value: None if compiled.fullmatch(value) else reason


def _number(value: str) -> str | None:
    digits = value.replace(".", "", 1)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) and len(digits) <= 32:  # noqa: PLR2004 - WECHAT.md 6.4
        return None
    return "at most 32 digits, with or without decimals"


def _symbol(value: str) -> str | None:
    fits = _length(value) <= 5 and all(map(_is_symbol, value))  # noqa: PLR2004 - WECHAT.md 6.4
    return None if fits else "at most 5 symbols"


def _amount(value: str) -> str | None:
    reason = "at most one currency sign and at most 10 digits, with or without decimals; may end in 元"
    bare = value[1:] if value[0] in _CURRENCIES else value
    bare = bare.removesuffix("元")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", bare):
        return reason
    return None if sum(map(str.isdigit, bare)) <= _AMOUNT_DIGITS else reason


_RULES: dict[FieldKind, Callable[[str], str | None]] = {
    FieldKind.THING: _thing,
    FieldKind.SHORT_THING: _thing,
    FieldKind.NUMBER: _number,
    FieldKind.LETTER: _pattern(r"[A-Za-z]{1,32}", "at most 32 letters"),
    FieldKind.SYMBOL: _symbol,
    FieldKind.CHARACTER_STRING: _pattern(r"[\x21-\x7e]{1,32}", "at most 32 digits, letters or symbols, no Chinese"),
    FieldKind.TIME: _pattern(f"{_TIME}(?:~{_TIME})?", "a time such as 15:01 or 2019年10月1日 15:01, or two with ~"),
    FieldKind.DATE: _pattern(f"{_DATED}(?:~{_DATED})?", "a date such as 2019年10月1日 or 2019-10-01, or two with ~"),
    FieldKind.AMOUNT: _amount,
    FieldKind.PHONE_NUMBER: _pattern(r"[0-9+\-()*#]{1,17}", "at most 17 digits and the symbols + - ( ) * #"),
    FieldKind.CAR_NUMBER: _pattern(
        f"[A-Za-z0-9{_HAN}](?:[A-Za-z0-9]{{0,6}}[A-Za-z0-9{_HAN}])?",
        "at most 8 letters and digits, the first and the last may be Chinese",
    ),
    FieldKind.NAME: _pattern(
        rf"[{_HAN}A-Za-z·]{{1,10}}|[!-/:-~]{{1,20}}",
        "at most 10 Chinese characters and letters, or 20 letters and symbols, no digits or spaces",
    ),
    FieldKind.PHRASE: _pattern(f"[{_HAN}]{{1,5}}", "at most 5 Chinese characters and nothing else"),
    # Only the reviewer of the template knows the list of allowed values.
    FieldKind.CONST: _thing,
    FieldKind.ENUM: _thing,
}

# Texts that read as a statement, not as "not known", or that WeChat may refuse (const, enum). The start refuses a field
# of these types that can be empty.
_MISLEADING_FALLBACKS = {
    FieldKind.NUMBER: "0",
    FieldKind.LETTER: "X",
    FieldKind.TIME: "00:00",
    FieldKind.DATE: "2000-01-01",
    FieldKind.AMOUNT: "0",
    FieldKind.CAR_NUMBER: "0",
    FieldKind.CONST: "-",
    FieldKind.ENUM: "-",
}
_FALLBACKS = _MISLEADING_FALLBACKS | {FieldKind.PHRASE: "未知"}
