"""What is kept in the store: each kind of key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.store.key_patterns import KINDS
from docs.reference.words import pick, told

if TYPE_CHECKING:
    from collections.abc import Iterator


def stored_data(language: str) -> Iterator[str]:
    """The page of the kinds of keys, after a summary of what is about people."""
    yield pick(
        language, "## 个人数据一览（默认设置） {#summary}", "## Personal data in six rows, by default {#summary}"
    )
    yield told("pages", "stored-data-summary", language)
    head = pick(language, "| 种类 | 内容 | 谁的数据 | 保存 |", "| kind | what | personal data | kept |")
    yield pick(language, "## 每一种 {#kinds}", "## Every kind {#kinds}")
    yield told("pages", "stored-data-keys", language)
    rows = [f"| `{kind}` | {told('stored', kind, language)} |" for kind in sorted(KINDS)]
    yield "\n".join([head, "| --- | --- | --- | --- |", *rows])
