"""The allowed values of the fields of category templates and subscription notices (WECHAT.md 6.4).

A key is a type and a number, for instance `thing1`; the type decides which values are allowed. Where the sources
disagree, the stricter rule is used, so that a value the sandbox accepts is accepted by WeChat too:
`character_string` allows no space and `name` allows no digit. `short_thing` is undocumented and treated as `thing`.
"""

import re
import unicodedata
from collections.abc import Callable, Collection

_DAY = r"\d{4}(?:年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2})"
_HOUR = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_TIME = rf"(?:{_DAY}\s?)?{_HOUR}"
_DATE = rf"{_DAY}(?:\s?{_HOUR})?"
_HAN = r"\u4e00-\u9fff"
_MAX_THING = 20
_MAX_SYMBOL = 5
_MAX_NUMBER = 32
_LISTED = ("const", "enum")

_PATTERNS = {
    "letter": r"[A-Za-z]{1,32}",
    "character_string": r"[!-~]{1,32}",
    "time": rf"{_TIME}(?:\s?~\s?{_TIME})?",
    "date": rf"{_DATE}(?:\s?~\s?{_DATE})?",
    "amount": r"[¥￥$€£]?\d{1,10}(?:\.\d+)?元?",
    "phone_number": r"[0-9+\-()*# ]{1,17}",
    "car_number": rf"[{_HAN}A-Za-z0-9][A-Za-z0-9]{{0,6}}[{_HAN}A-Za-z0-9]?",
    "name": rf"(?=[^0-9]*\Z)(?:[{_HAN}A-Za-z·.\- ]{{1,10}}|[!-/:-~ ]{{1,20}})",
    "phrase": rf"[{_HAN}]{{1,5}}",
}


def field_type(key: str) -> str:
    """The type of a key: `character_string1` -> `character_string`; an unknown type counts as `thing`."""
    name = re.sub(r"[0-9]+\Z", "", key)
    return name if name in _PATTERNS or name in _RULES or name in _LISTED else "thing"


def fits(key: str, value: str, allowed: Collection[str] = ()) -> bool:
    """Whether a value is allowed for a key.

    Args:
        key: a key of the template: type and number.
        value: the text to be shown.
        allowed: the reviewed values for `const` and `enum`; an empty collection allows every value.
    """
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in value):
        return False
    kind = field_type(key)
    if kind in _LISTED:
        return 0 < len(value) <= _MAX_THING and (not allowed or value in allowed)
    if kind in _RULES:
        return _RULES[kind](value)
    return re.fullmatch(_PATTERNS[kind], value) is not None


def _is_thing(value: str) -> bool:
    return 0 < len(value) <= _MAX_THING


def _is_symbol(value: str) -> bool:
    return 0 < len(value) <= _MAX_SYMBOL and all(unicodedata.category(char)[0] in "PS" for char in value)


def _is_number(value: str) -> bool:
    return len(value) <= _MAX_NUMBER and re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", value) is not None


_RULES: dict[str, Callable[[str], bool]] = {
    "thing": _is_thing,
    "short_thing": _is_thing,
    "symbol": _is_symbol,
    "number": _is_number,
}
