"""Every page of the reference: facts from the code, words from `catalogue.toml`."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Final

from jinja2 import Environment

from codesvc.client.schema import EVENT_MEANINGS, EVENT_SHAPES
from codesvc.messages.template_variables import MESSAGE_VARIABLES, PAGE_VARIABLES, used_variables
from codesvc.runtime.metrics import REGISTRY
from codesvc.web.contract import examples
from codesvc.web.problem_texts import text_of
from codesvc.web.problem_types import PROBLEMS
from docs.reference.alerts import alert_table
from docs.reference.calls import api_calls, of_contract
from docs.reference.commands import command_line
from docs.reference.limits import limits
from docs.reference.options import configuration
from docs.reference.rooms import rooms
from docs.reference.sandbox import sandbox_reference
from docs.reference.stored_data import stored_data
from docs.reference.widget import widget_reference
from docs.reference.words import LANGUAGES, ROOT, WORDS, anchor, pick, sentence, told

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE: Final = ROOT / "codesvc"
GENERATED: Final = {
    "zh": "由 `python -m docs.reference` 从源码生成，测试核对；请勿直接修改。",
    "en": "Generated from the code by `python -m docs.reference` and held by a test; do not edit it here.",
}


def problems(language: str) -> Iterator[str]:
    """The page of the problem types, after a table of them by status."""
    yield pick(language, "## 按 HTTP 状态码查 {#by-status}", "## By HTTP status {#by-status}")
    yield "\n".join(_by_status(language))
    for name, problem in sorted(PROBLEMS.items()):
        text = text_of(problem, language)
        yield f"## `{name}` {{#{name}}}"
        yield f"**{problem.status}** · {text.title}"
        yield f"{text.meaning}\n\n{pick(language, '怎么办：', 'What to do: ')}{text.remedy}"


def _by_status(language: str) -> Iterator[str]:
    yield pick(language, "| 状态码 | 怎么办 | 类型 |", "| status | what to do | types |")
    yield "| --- | --- | --- |"
    for status in sorted(WORDS["statuses"], key=int):
        types = [f"[`{name}`](#{name})" for name, problem in sorted(PROBLEMS.items()) if str(problem.status) == status]
        yield f"| {status} | {told('statuses', status, language)} | {pick(language, '、', ', ').join(types) or '—'} |"


def events(language: str) -> Iterator[str]:
    """The page of the webhooks' events."""
    for kind in EVENT_SHAPES:
        yield f"## `{kind}` {{#{anchor(kind)}}}"
        more = kind in WORDS["events"]  # else what the contract says of it
        yield (
            told("events", kind, language) if more else sentence(of_contract(EVENT_MEANINGS[kind], language), language)
        )
        yield f"```json\n{json.dumps(examples.EVENTS[kind], ensure_ascii=False, indent=2)}\n```"


_KINDS: Final = {"counter": ("计数器", "counter"), "gauge": ("当前值", "gauge"), "histogram": ("直方图", "histogram")}


def metrics(language: str) -> Iterator[str]:
    """The page of the metrics."""
    for name, collector in sorted(REGISTRY._names_to_collectors.items()):  # noqa: SLF001  there is no other list
        if name != collector._name:  # noqa: SLF001  one metric has several series
            continue
        kind = collector._type  # noqa: SLF001
        shown = f"{name}_total" if kind == "counter" else name
        labels = pick(language, "、", ", ").join(f"`{each}`" for each in collector._labelnames)  # noqa: SLF001
        text = collector._documentation if language == "en" else told("metrics", name, "zh")  # noqa: SLF001
        facts = [pick(language, *_KINDS[kind]), pick(language, "标签：", "labels: ") + labels if labels else ""]
        yield f"## `{shown}` {{#{name}}}"
        yield f"{sentence(text, language)}  \n{' · '.join(filter(None, facts))}"


_LEVELS: Final = {"debug", "info", "warning", "error", "exception"}
_WRITTEN_ELSEWHERE: Final = {
    "request": ("info", ("method", "route", "status", "site", "ms")),
    "step": ("info", ("verification", "site", "purpose", "step", "detail")),
    "delivery_attempt": ("info", ("verification", "site", "account", "channel", "ending", "reason")),
}
"""Events that `runtime/logging.py` writes by functions of its own, for speed."""


def log_lines() -> dict[str, tuple[set[str], set[str]]]:
    """Every event of the log, with its levels and its members, from the calls in the source."""
    found = {name: ({level}, set(members)) for name, (level, members) in _WRITTEN_ELSEWHERE.items()}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            logger, name = node.func.value, node.args[0]
            if node.func.attr not in _LEVELS or not isinstance(logger, ast.Name) or "log" not in logger.id:
                continue
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                levels, members = found.setdefault(name.value, (set(), set()))
                levels.add("error" if node.func.attr == "exception" else node.func.attr)
                members.update(each.arg for each in node.keywords if each.arg and each.arg != "exc_info")
    return found


def log_events(language: str) -> Iterator[str]:
    """The page of the log."""
    rows = []
    for name, (levels, members) in sorted(log_lines().items()):
        shown = " ".join(f"`{each}`" for each in sorted(members))
        rows.append(f"| `{name}` | {'/'.join(sorted(levels))} | {told('log', name, language)} | {shown} |")
    head = pick(language, "| 事件 | 级别 | 含义 | 字段 |", "| event | level | meaning | members |")
    yield "\n".join([head, "| --- | --- | --- | --- |", *rows])


def template_variables(language: str) -> Iterator[str]:
    """The page of the variables."""
    of_texts = {kind: dict(_of_texts(kind)) for kind in ("chat", "people")}
    described = set(MESSAGE_VARIABLES["code"]).union(*(names for each in of_texts.values() for names in each.values()))
    yield pick(language, "## 变量的含义 {#meanings}", "## What each variable is {#meanings}")
    colon = pick(language, "：", ": ")
    yield "\n".join(f"- `{name}`{colon}{told('variables', name, language)}" for name in sorted(described))
    yield pick(language, "## 带验证码的消息 {#messages}", "## Messages with a code {#messages}")
    yield pick(
        language,
        "模板消息和订阅通知的字段（`messages.*.fields`），以及 `chat/` 里的 `code.txt` 和 `code_behind_link.txt`：",
        "Fields of template messages and notices (`messages.*.fields`), and `code.txt` and `code_behind_link.txt` in "
        "`chat/`:",
    )
    yield " ".join(f"`{name}`" for name in sorted(MESSAGE_VARIABLES["code"]))
    yield pick(language, "## 聊天里的文字 {#chat}", "## Texts in the chat {#chat}")
    rows = [
        f"| `{kind}/…/{name}` | {' '.join(f'`{each}`' for each in sorted(names)) or '—'} |"
        for kind, texts in of_texts.items()
        for name, names in texts.items()
    ]
    yield "\n".join([pick(language, "| 文件 | 变量 |", "| file | variables |"), "| --- | --- |", *rows])
    yield pick(language, "## 页面 {#pages}", "## Pages {#pages}")
    yield pick(language, "含义写在各文件的开头。", "Their meanings stand at the head of each file.")
    pages = [
        f"| `pages/{name}.html` | {' '.join(f'`{each}`' for each in sorted(names)) or '—'} |"
        for name, names in PAGE_VARIABLES.items()
    ]
    yield "\n".join([pick(language, "| 文件 | 变量 |", "| file | variables |"), "| --- | --- |", *pages])


def _of_texts(kind: str) -> Iterator[tuple[str, set[str]]]:
    environment = Environment(autoescape=True)
    for path in sorted((ROOT / "templates" / kind / "zh").glob("*.txt")):
        names: set[str] = set()
        for language in LANGUAGES:
            text = (ROOT / "templates" / kind / language / path.name).read_text(encoding="utf-8")
            names |= set(used_variables(environment, text))
        yield path.name, names


PAGES: Final = {
    "api-calls": api_calls,
    "configuration": configuration,
    "cli": command_line,
    "problems": problems,
    "events": events,
    "metrics": metrics,
    "log-events": log_events,
    "template-variables": template_variables,
    "alerts": alert_table,
    "limits": limits,
    "widget-reference": widget_reference,
    "stored-data": stored_data,
    "sandbox-reference": sandbox_reference,
    "contributing/rooms": rooms,
}
"""Every page of the reference, by its name."""


def page(name: str, language: str) -> str:
    """A whole page.

    Raises:
        Unwritten: something on it has no words.
    """
    who = told("pages", f"{name}-readers", language)
    head = pick(language, f"> **写给**{who}", f"> **For** {who}")
    parts = [f"# {told('pages', name, language)}", head, f"<!-- {GENERATED[language]} -->"]
    parts.append(told("pages", f"{name}-about", language))
    return "\n\n".join([*parts, *PAGES[name](language)]) + "\n"
