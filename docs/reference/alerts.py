"""The alerts, from the rules for Prometheus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from docs.reference.words import ROOT, pick, told

if TYPE_CHECKING:
    from collections.abc import Iterator


class Alert(NamedTuple):
    """One rule.

    Attributes:
        name: of the alert.
        severity: `page` or `ticket`.
        after: for how long the condition has to hold, such as `5m`; "" for at once.
        summary: what it means, in English.
    """

    name: str
    severity: str
    after: str
    summary: str


def alerts() -> list[Alert]:
    """Every rule of the file, in its order."""
    text = (ROOT / "ops" / "prometheus" / "codesvc.rules.yml").read_text(encoding="utf-8")
    return [_alert(part) for part in text.split("- alert: ")[1:]]


def _alert(rule: str) -> Alert:
    found = {key: re.search(rf"^ +{key}: (.+)$", rule, re.MULTILINE) for key in ("severity", "for", "summary")}
    words = {key: match[1].strip() if match else "" for key, match in found.items()}
    return Alert(rule.split("\n", 1)[0].strip(), words["severity"], words["for"], words["summary"])


def alert_table(language: str) -> Iterator[str]:
    """The page of the alerts."""
    yield pick(language, "## 全部告警 {#alerts}", "## Every alert {#alerts}")
    rows = []
    for alert in alerts():
        said = told("alerts", alert.name, language)
        means = said if language == "zh" else f"{alert.summary} | {said}"
        rows.append(f"| `{alert.name}` | {' '.join(filter(None, (alert.severity, alert.after)))} | {means} |")
    head = pick(language, "| 告警 | 级别 | 含义 | 怎么办 |", "| alert | severity | means | what to do |")
    yield "\n".join([head, "| --- | --- | --- | --- |", *rows])
