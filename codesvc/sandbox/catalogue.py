"""The sandbox's small version of the public template library: titles with their keywords and field types.

The real library depends on the account's categories. No source lists its titles for codes (WECHAT.md 14). These titles
suit a verification code, and the template management calls can be tested with them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codesvc.sandbox.account import TemplateKind, TemplateSpec
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.identifiers import mint_template_id

_MIN_KEYWORDS, _MAX_KEYWORDS = 2, 5


@dataclass(frozen=True)
class Keyword:
    """A line of a library template: its number, label, field type and sample."""

    kid: int
    label: str
    kind: str
    example: str


@dataclass(frozen=True)
class Title:
    """A library template."""

    number: str
    name: str
    keywords: tuple[Keyword, ...]


CATEGORY = (616, "软件服务提供商")
TITLES = {
    title.number: title
    for title in (
        Title(
            "47123",
            "验证码通知",
            (
                Keyword(1, "验证码", "character_string", "482913"),
                Keyword(2, "用途", "thing", "示例网站 注册"),
                Keyword(3, "有效期至", "time", "2025年5月1日 15:01"),
                Keyword(4, "备注", "thing", "如非本人操作请忽略"),
            ),
        ),
        Title(
            "48001",
            "账户变更提醒",
            (
                Keyword(1, "时间", "time", "2025年5月1日 15:01"),
                Keyword(2, "金额", "amount", "100元"),
                Keyword(3, "账户", "thing", "示例账户"),
            ),
        ),
    )
}


def compose(title: Title, keywords: Sequence[Keyword], kind: TemplateKind) -> TemplateSpec:
    """Make a template from the chosen keywords; the number in a key is the keyword's position."""
    lines = [f"{keyword.label}：{{{{{keyword.kind}{place}.DATA}}}}\n" for place, keyword in enumerate(keywords, 1)]
    example = "".join(f"{keyword.label}：{keyword.example}\n" for keyword in keywords)
    return TemplateSpec(
        template_id=mint_template_id(), title=title.name, content="".join(lines), example=example, kind=kind
    )


def compose_by_labels(number: str, labels: object) -> TemplateSpec:
    """The template that `api_add_template` makes from a title number and keyword names in order (WECHAT.md 6.6).

    Raises:
        ApiError: 40037 for an unknown title, 40246 for wrong keyword names.
    """
    title = TITLES.get(number)
    if title is None:
        raise ApiError(40037)
    if not isinstance(labels, list) or not _MIN_KEYWORDS <= len(labels) <= _MAX_KEYWORDS:
        raise ApiError(40246)
    by_label = {keyword.label: keyword for keyword in title.keywords}
    if not all(isinstance(label, str) and label in by_label for label in labels):
        raise ApiError(40246)
    return compose(title, [by_label[label] for label in labels], "category")


def compose_by_kids(number: str, kids: object) -> TemplateSpec:
    """The template that `newtmpl/addtemplate` makes from a title number and keyword numbers (WECHAT.md 7.2).

    Raises:
        ApiError: 40037 for an unknown title, 40035 for wrong keyword numbers.
    """
    title = TITLES.get(number)
    if title is None:
        raise ApiError(40037)
    chosen = [str(kid) for kid in kids] if isinstance(kids, list) else []
    by_kid = {str(keyword.kid): keyword for keyword in title.keywords}
    if not _MIN_KEYWORDS <= len(chosen) <= _MAX_KEYWORDS or not all(kid in by_kid for kid in chosen):
        raise ApiError(40035)
    return compose(title, [by_kid[kid] for kid in chosen], "notice")


def compose_old(number: str) -> TemplateSpec:
    """A template of the library before 2023, for accounts that may still add one.

    Raises:
        ApiError: 40037 if the number is not `TM…` or `OPENTM…`.
    """
    if not re.fullmatch(r"(?:OPEN)?TM[0-9]{3,12}", number):
        raise ApiError(40037)
    content = "{{first.DATA}}\n验证码：{{keyword1.DATA}}\n有效时间：{{keyword2.DATA}}\n{{remark.DATA}}"
    return TemplateSpec(template_id=mint_template_id(), title="验证码提醒", content=content, kind="legacy")
