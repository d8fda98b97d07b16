"""Compares the account's templates with the configured messages (WECHAT.md 6.1, 6.4, 6.6). No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, fail, ok, warn
from codesvc.wechat.template_fields import FieldKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from codesvc.config import MessageTemplate
    from codesvc.wechat.answers import Template

# WeChat's official sample has blanks inside its braces. In a real template, a field with blanks there is not shown.
_FIELD: Final = re.compile(r"\{\s*\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\.\s*DATA\s*\}\s*\}")


def keys_of(content: str) -> list[str]:
    """The field keys of a template's text, in order."""
    return _FIELD.findall(content)


def hidden_keys(content: str) -> dict[str, str]:
    """The field keys that a person would not see because of the template's text, each with the reason (WECHAT.md 6.4).

    WeChat accepts the message all the same. `first` and `remark` of legacy templates are left out here.
    """
    hidden, shown = dict[str, str](), set[str]()
    for line in content.splitlines():
        found = list(_FIELD.finditer(line))
        labelled = bool(found) and bool(line[: found[0].start()].strip())
        for field in found:
            if field[0] != f"{{{{{field[1]}.DATA}}}}":
                hidden[field[1]] = f"{field[1]} has spaces inside its braces"
            elif not labelled:
                hidden[field[1]] = f"{field[1]} is on a line without a label"
            else:
                shown.add(field[1])
    return {key: reason for key, reason in hidden.items() if key not in shown}


def judge(
    what: str,
    message: MessageTemplate,
    sent: Collection[str],
    templates: Iterable[Template],
    code_places: Collection[frozenset[str]] = (),
) -> Finding:
    """Compare one message with the account's templates.

    Args:
        what: the message's name in the report.
        message: the configured message.
        sent: the field keys that the message fills.
        templates: the account's templates for the message's channel.
        code_places: the sets of fields in which the message shows the code; one field of each must be in the template.
    """
    found = next((template for template in templates if template.template_id == message.template_id), None)
    if found is None:
        return _missing(what, message)
    wanted, hidden = keys_of(found.content), hidden_keys(found.content)
    title = f"“{found.title}”"
    if not wanted and not found.content.strip():
        return warn(what, f"{title} is listed without fields", "Check the template in the console.")
    if invisible := _invisible(code_places, wanted, hidden):
        return fail(what, f"{title} would not show the code: {invisible}", _LINE_REMEDY)
    if not wanted:
        return warn(what, f"{title} is listed without fields", "Check the template in the console.")
    if not set(wanted) & set(sent):
        return fail(
            what, f"{title} has the fields {_list(wanted)}, but the message fills {_list(sent)}", _map_fields(message)
        )
    unfilled = [key for key in wanted if key not in sent]
    if strict := [key for key in unfilled if FieldKind.of(key) is not FieldKind.FREE]:
        found_text = f"{title} needs {_list(strict)}, which the message does not fill: WeChat would refuse it (47003)"
        return fail(what, found_text, _map_fields(message))
    if unfilled:
        return warn(what, f"{title}: {_list(unfilled)} would stay blank", _map_fields(message))
    if extra := [key for key in sent if key not in wanted]:
        return warn(
            what, f"{title} has no {_list(extra)}, so that part of the message is not shown", _map_fields(message)
        )
    if lost := [reason for key, reason in hidden.items() if key not in {"first", "remark"}]:
        return warn(what, f"{title}: {', '.join(lost)}, so it is not shown", _LINE_REMEDY)
    return ok(what, f"{title} is listed, and {_list(wanted)} are filled")


_LINE_REMEDY: Final = (
    "Use a template with a line such as 验证码：{{key.DATA}} for it, and make the message fill that key."
)


def _invisible(places: Collection[frozenset[str]], wanted: Collection[str], hidden: Mapping[str, str]) -> str:
    """Why the template does not show the code under some circumstance; "" if it always does."""
    for place in sorted(places, key=sorted):
        if not any(key in wanted and key not in hidden for key in place):
            return ", ".join(hidden.get(key, f"the template has no {key}") for key in sorted(place))
    return ""


def _missing(what: str, message: MessageTemplate) -> Finding:
    if message.channel == "subscription":
        remedy = "Copy the notice's id (priTmplId) from 订阅通知 > 我的模板; ids of template messages cannot be used."
        return fail(what, "the account's list has no such notice", remedy)
    return warn(
        what,
        "not on the account's list",
        "Compare template_id with 模板消息 > 我的模板: it must be the 43-character id, not the library's short number. "
        "Category templates have been reported missing from WeChat's list, so try it with `codesvc send`.",
    )


def _map_fields(message: MessageTemplate) -> str:
    where = message.fields if isinstance(message.fields, str) else "the message's fields table"
    return f"Make {where} fill exactly the template's fields."


def _list(keys: Iterable[str]) -> str:
    return ", ".join(keys) or "nothing"
