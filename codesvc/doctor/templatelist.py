"""Compares the account's templates with the configured messages (WECHAT.md 6.1, 6.4, 6.6). No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, fail, ok, warn
from codesvc.wechat.template_fields import FieldKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from codesvc.config import Message
    from codesvc.wechat.answers import Template

# A real template has no spaces inside its braces, but WeChat's official sample has some.
_FIELD: Final = re.compile(r"\{\s*\{\s*([A-Za-z][A-Za-z0-9_]*)\.DATA\s*\}\s*\}")


def keys_of(content: str) -> list[str]:
    """The field keys of a template's text, in order."""
    return _FIELD.findall(content)


def judge(what: str, message: Message, sent: Collection[str], templates: Iterable[Template]) -> Finding:
    """Compare one message with the account's templates.

    Args:
        what: the message's name in the report.
        message: the configured message.
        sent: the field keys that the message fills.
        templates: the account's templates for the message's channel.
    """
    found = next((template for template in templates if template.template_id == message.template_id), None)
    if found is None:
        return _missing(what, message)
    wanted = keys_of(found.content)
    title = f"“{found.title}”"
    if not wanted:
        return warn(what, f"{title} is listed without fields", "Look at the template in the console.")
    if not set(wanted) & set(sent):
        return fail(what, f"{title} has the fields {_list(wanted)}, we fill {_list(sent)}", _map_fields(message))
    unfilled = [key for key in wanted if key not in sent]
    if strict := [key for key in unfilled if FieldKind.of(key) is not FieldKind.FREE]:
        found_text = f"{title} wants {_list(strict)}, which we do not fill: WeChat would refuse it (47003)"
        return fail(what, found_text, _map_fields(message))
    if unfilled:
        return warn(what, f"{title}: {_list(unfilled)} would stay blank", _map_fields(message))
    if extra := [key for key in sent if key not in wanted]:
        return warn(what, f"{title} has no {_list(extra)}: that part is not shown", _map_fields(message))
    return ok(what, f"{title} is listed, and {_list(wanted)} are filled")


def _missing(what: str, message: Message) -> Finding:
    if message.channel == "subscription":
        remedy = "Copy the notice's id (priTmplId) from 订阅通知 > 我的模板; ids of template messages do not fit here."
        return fail(what, "no such notice on the account's list", remedy)
    return warn(
        what,
        "not on the account's list",
        "Compare template_id with 模板消息 > 我的模板: it must be the 43-character id, not the library's short number. "
        "Category templates were once reported missing from WeChat's list, so try one with `codesvc send`.",
    )


def _map_fields(message: Message) -> str:
    where = message.fields if isinstance(message.fields, str) else "the message's fields table"
    return f"Let {where} fill exactly the template's fields."


def _list(keys: Iterable[str]) -> str:
    return ", ".join(keys) or "nothing"
