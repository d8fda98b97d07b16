"""What is kept in the store: each kind of key, from the modules that form their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from codesvc.store.key_patterns import IN_ACCOUNT, IN_PARTITION, PERMANENT
from docs.reference.words import ROOT, pick, told

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER_WRITTEN: Final = {"never"}
_WINDOWS: Final = {"long-window", "long-user", "long-recent"}
"""Lists that `fragments/windows.lua` makes beside a key whose times are many."""


def kinds() -> set[str]:
    """Every kind of key that is ever written."""
    patterns = {pattern.partition(":")[0] for pattern in (IN_PARTITION | IN_ACCOUNT).values()}
    formed = {
        kind
        for path in (ROOT / "codesvc" / "store").glob("*.py")
        for kind in re.findall(
            r"\{(?:self\.(?:root|account)|partition_root\([^)]*\))\}([a-z-]+)", path.read_text(encoding="utf-8")
        )
    }
    return (patterns | formed | PERMANENT | _WINDOWS) - _NEVER_WRITTEN


def stored_data(language: str) -> Iterator[str]:
    """The page of the kinds of keys, after a summary of what is about people."""
    yield pick(
        language, "## 个人数据一览（默认设置） {#summary}", "## Personal data in six rows, by default {#summary}"
    )
    yield told("pages", "stored-data-summary", language)
    head = pick(language, "| 种类 | 内容 | 谁的数据 | 保存 |", "| kind | what | personal data | kept |")
    yield pick(language, "## 每一种 {#kinds}", "## Every kind {#kinds}")
    yield told("pages", "stored-data-keys", language)
    rows = [f"| `{kind}` | {told('stored', kind, language)} |" for kind in sorted(kinds())]
    yield "\n".join([head, "| --- | --- | --- | --- |", *rows])
