"""What the widget takes and tells, from its types and its style."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docs.reference.words import ROOT, pick, told

if TYPE_CHECKING:
    from collections.abc import Iterator


def options() -> list[str]:
    """The options of `codesvc.verify`."""
    types = (ROOT / "codesvc" / "web" / "static" / "widget.d.ts").read_text(encoding="utf-8")
    return re.findall(r"^  (\w+)\??:", types.partition("CodesvcOptions {")[2].partition("}")[0], re.MULTILINE)


def events() -> list[str]:
    """The events that the widget dispatches."""
    types = (ROOT / "codesvc" / "web" / "static" / "widget.d.ts").read_text(encoding="utf-8")
    return list(dict.fromkeys(re.findall(r'"(codesvc:\w+)"', types)))


def properties() -> list[str]:
    """The custom properties that its style reads."""
    pages = ROOT / "templates" / "pages"
    style = "".join((pages / name).read_text(encoding="utf-8") for name in ("widget.css", "panel.css"))
    return list(dict.fromkeys(re.findall(r"var\((--codesvc-[a-z-]+)", style)))


def widget_reference(language: str) -> Iterator[str]:
    """The page of the widget's reference."""
    yield pick(language, "## 选项 {#options}", "## Options {#options}")
    yield _table(pick(language, "| 选项 | 含义 |", "| option | meaning |"), options(), language)
    yield pick(language, "## 事件 {#events}", "## Events {#events}")
    yield _table(pick(language, "| 事件 | `detail` |", "| event | `detail` |"), events(), language)
    yield pick(language, "## 颜色和尺寸 {#properties}", "## Colours and sizes {#properties}")
    yield told("pages", "widget-reference-properties", language)
    yield _table(pick(language, "| 自定义属性 | 含义 |", "| custom property | meaning |"), properties(), language)


def _table(head: str, names: list[str], language: str) -> str:
    return "\n".join([head, "| --- | --- |", *(f"| `{name}` | {told('widget', name, language)} |" for name in names)])
