"""Which room of the code imports which, from the table that the architecture test holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs.house import TASKS
from docs.reference.words import ROOT, pick
from tests.rules.rooms import imports_of, table

if TYPE_CHECKING:
    from collections.abc import Iterator


def rooms(language: str) -> Iterator[str]:
    """The page of the rooms."""
    head, rule, *rows = table(set(imports_of(ROOT / "codesvc"))).splitlines()
    head = pick(language, "| 模块 | 任务 | 导入 |", "| room | task | imports |")
    yield pick(language, "## 全部模块 {#rooms}", "## Every room {#rooms}")
    yield "\n".join([head, rule + " --- |", *(_with_task(row, language) for row in rows)])


def _with_task(row: str, language: str) -> str:
    name, rest = row.removeprefix("| ").split(" | ", 1)
    return f"| {name} | {pick(language, *TASKS[name.strip('`')])} | {rest}"
