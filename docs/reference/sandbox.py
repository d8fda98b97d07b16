"""The sandbox's own calls, faults, settings and rights, from its routes and tables."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, get_args

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.app import create_app
from codesvc.sandbox.fault import Kind
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.rights import Right, grant
from codesvc.sandbox.settings import Settings
from docs.reference.words import pick, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.sandbox.rights import AccountKind

_COLUMNS: Final[dict[AccountKind, tuple[str, str]]] = {
    "unverified_subscription": ("未认证订阅号", "unverified subscription"),
    "verified_subscription": ("认证订阅号", "verified subscription"),
    "unverified_service": ("未认证服务号", "unverified service"),
    "verified_service": ("认证服务号", "verified service"),
    "test": ("测试号", "test"),
}
_CONFIDENCE: Final = {
    "high": ("", ""),
    "medium": ("（多处报告）", " (medium)"),
    "low": ("（一处报告）", " (low)"),
    "open": ("（不明）", " (open)"),
}


def control_calls() -> dict[str, list[str]]:
    """Every control call: its path and methods, in the order of the routes."""
    found: dict[str, list[str]] = {}
    for route in create_app(Platform()).router.routes():
        path = route.resource.canonical if route.resource else ""
        if path.startswith("/sandbox/") and route.method != "HEAD":
            found.setdefault(path, []).append(route.method)
    return found


def sandbox_reference(language: str) -> Iterator[str]:
    """The page of the sandbox's reference."""
    yield pick(language, "## 默认的值 {#values}", "## Values of the default account {#values}")
    yield "\n".join(_values(language))
    yield pick(language, "## 控制接口 {#control-calls}", "## Control calls {#control-calls}")
    yield told("pages", "sandbox-reference-calls", language)
    yield _table(
        pick(language, "| 调用 | 作用 |", "| call | does |"),
        [
            (f"`{', '.join(methods)}` `{path}`", told("sandbox-calls", path, language))
            for path, methods in control_calls().items()
        ],
    )
    yield pick(language, "## 故障 {#faults}", "## Faults {#faults}")
    yield told("pages", "sandbox-reference-faults", language)
    yield _table(
        pick(language, "| `kind` | 发生什么 |", "| `kind` | what happens |"),
        [(f"`{kind}`", told("sandbox-faults", kind, language)) for kind in get_args(Kind)],
    )
    yield pick(language, "## 设置 {#settings}", "## Settings {#settings}")
    yield told("pages", "sandbox-reference-settings", language)
    yield _table(
        pick(language, "| 设置 | 默认 | 含义 |", "| setting | default | meaning |"),
        [
            (f"`{name}`", f"`{_shown(field.default)}`", told("sandbox-settings", name, language))
            for name, field in Settings.__dataclass_fields__.items()
        ],
    )
    yield pick(language, "## 每种公众号的权限 {#rights}", "## Rights of each kind of account {#rights}")
    yield told("pages", "sandbox-reference-rights", language)
    names = " | ".join(pick(language, *each) for each in _COLUMNS.values())
    yield _table(
        f"| {pick(language, '权限', 'right')} | {names} |",
        [
            (
                f"`{right}` {told('sandbox-rights', right, language)}",
                *(_cell(kind, right, language) for kind in _COLUMNS),
            )
            for right in Right
        ],
    )
    yield pick(language, "## 网站登录 {#website-login}", "## Website login {#website-login}")
    yield told("pages", "sandbox-reference-website", language)
    yield pick(
        language,
        "## 真实平台可能不同的地方 {#where-the-real-platform-may-differ}",
        "## Where the real platform may differ {#where-the-real-platform-may-differ}",
    )
    yield told("pages", "sandbox-reference-decided", language)
    yield pick(language, "## 支持的接口 {#what-it-answers}", "## What it answers {#what-it-answers}")
    yield told("pages", "sandbox-reference-answers", language)
    yield "```\n" + "\n".join(f"{endpoint.method:<5}{endpoint.path}" for endpoint in ENDPOINTS) + "\n```"


def _values(language: str) -> Iterator[str]:
    account = DEFAULT_ACCOUNT
    yield pick(language, "| 名称 | 值 |", "| name | value |")
    yield "| --- | --- |"
    values = {
        "appid": account.appid,
        "AppSecret": account.secret,
        pick(language, "原始 ID", "original id"): account.original_id,
        pick(language, "回调的 Token", "callback token"): account.token,
        "EncodingAESKey": account.aes_key,
        "mode": account.mode,
        "kind": account.kind,
    }
    for name, value in values.items():
        yield f"| {name} | `{value}` |"
    for template in account.templates:
        fields = " ".join(f"`{name}`" for name in re.findall(r"\{\{(\w+)\.DATA\}\}", template.content))
        yield f"| {told('sandbox-templates', template.kind, language)} | `{template.template_id}`<br>{fields} |"


def _cell(kind: AccountKind, right: Right, language: str) -> str:
    cell = grant(kind, right)
    allowed = pick(language, "有", "yes") if cell.allowed else pick(language, "无", "no")
    return allowed + pick(language, *_CONFIDENCE[cell.confidence])


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _table(head: str, rows: list[tuple[str, ...]]) -> str:
    rule = "|" + " --- |" * (head.count("|") - 1)
    return "\n".join([head, rule, *(f"| {' | '.join(row)} |" for row in rows)])
