"""Template messages: checks the data of a send and renders the text of the card (WECHAT.md 6.4).

The three kinds of template treat a wrong value differently. A category template refuses the whole send with 47003 and
names the field. A legacy template has changed values silently since 2023-05-04: long values are cut, `first`,
`remark` and emoji are removed, and errcode stays 0. A test account's template is free text. But a line without a label
before its field is removed, and so is a field with a space inside its braces.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codesvc.sandbox.account import TemplateSpec
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.field_rule import fits

_PLACE = re.compile(r"\{\{([0-9A-Za-z_]+)\.DATA\}\}")
_LOOSE = re.compile(r"\{\{\s*[0-9A-Za-z_]+\s*\.\s*DATA\s*\}\}")
_EMOJI = re.compile("[\u2600-\u27bf\u200d\ufe0f\U0001f000-\U0001faff]")
_LEGACY_LENGTH = 20
_LEGACY_DROPPED = ("first", "remark")


@dataclass(frozen=True)
class Layout:
    """The card as the person sees it.

    Attributes:
        data: the shown values by key.
        text: the lines of the card.
    """

    data: dict[str, str]
    text: str


def keys_of(content: str) -> list[str]:
    """The keys of a template in the order of its text."""
    return list(dict.fromkeys(_PLACE.findall(content)))


def read_values(data: object) -> dict[str, str]:
    """The values of a `data` member as text; colours are accepted and ignored (WECHAT.md 6.2).

    Raises:
        ApiError: 47003 if it is not an object of `{"value": text}`; a bare text is none, and neither is an object
            without `value`.
    """
    if not isinstance(data, Mapping):
        raise ApiError(47003, "argument invalid! data is empty")
    values = {}
    for key, item in data.items():
        if not isinstance(item, Mapping) or "value" not in item:
            raise ApiError(47003, f"argument invalid! data.{key}.value is empty")
        value: Any = item["value"]
        if isinstance(value, bool | Mapping | list):
            raise ApiError(47003, f"argument invalid! data.{key}.value invalid")
        values[str(key)] = "" if value is None else str(value)
    return values


def lay_out(template: TemplateSpec, data: object) -> Layout:
    """Check the data by the rules of the template's kind and render the card.

    Raises:
        ApiError: 47003 with the name of the field, for category templates and notices.
    """
    values = read_values(data)
    if template.kind in {"category", "notice"}:
        shown = _check_fields(template, values)
        return Layout(shown, _fill(template.content, shown))
    if template.kind == "legacy":
        shown = {key: _clean(values.get(key, "")) for key in keys_of(template.content) if key not in _LEGACY_DROPPED}
        content = "\n".join(line for line in template.content.split("\n") if not _is_dropped(line))
        return Layout(shown, _fill(content, shown))
    content = "\n".join(line for line in template.content.split("\n") if not _LOOSE.match(line.strip()))
    shown = {key: values.get(key, "") for key in keys_of(content)}
    return Layout(shown, _LOOSE.sub("", _fill(content, shown)))


def _check_fields(template: TemplateSpec, values: Mapping[str, str]) -> dict[str, str]:
    shown = {}
    for key in keys_of(template.content):
        value = values.get(key, "")
        if not value:
            raise ApiError(47003, f"argument invalid! data.{key}.value is empty")
        if not fits(key, value, template.enums.get(key, ())):
            raise ApiError(47003, f"argument invalid! data.{key}.value invalid")
        shown[key] = value
    return shown


def _fill(content: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1], ""), content).strip("\n")


def _is_dropped(line: str) -> bool:
    return any(f"{{{{{key}.DATA}}}}" in line for key in _LEGACY_DROPPED)


def _clean(value: str) -> str:
    text = "".join(char for char in value if unicodedata.category(char) not in {"Cc", "Cs"} and not _EMOJI.match(char))
    return text if len(text) <= _LEGACY_LENGTH else text[:_LEGACY_LENGTH] + "..."
