"""The alerts, from the rules for Prometheus."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final, NamedTuple

from docs.reference.words import ROOT, pick, told

if TYPE_CHECKING:
    from collections.abc import Iterator


_URGENCY: Final = (
    ("page", "立刻处理，夜里也一样（{} 条）", "Act at once, at night too ({})"),
    ("ticket", "可以等到早上（{} 条）", "Can wait for the morning ({})"),
)
"""The severities of the rules, the most urgent first, with the headings of their alerts."""


class Alert(NamedTuple):
    """One rule.

    Attributes:
        name: of the alert.
        severity: `page` or `ticket`.
        after: for how long the condition has to hold, such as `5m`; "" for at once.
        summary: what it means, in English.
        condition: the expression with its threshold.
    """

    name: str
    severity: str
    after: str
    summary: str
    condition: str


def alerts() -> list[Alert]:
    """Every rule of the file, in its order."""
    text = (ROOT / "ops" / "prometheus" / "codesvc.rules.yml").read_text(encoding="utf-8")
    return [_alert(part) for part in text.split("- alert: ")[1:]]


def _alert(rule: str) -> Alert:
    found = {key: re.search(rf"^ +{key}: (.+)$", rule, re.MULTILINE) for key in ("severity", "for", "summary")}
    words = {key: match[1].strip() if match else "" for key, match in found.items()}
    condition = re.search(r"^ +expr: >-\n((?: {10,}.*\n)+)", rule, re.MULTILINE)
    if condition is None:
        raise ValueError(f"an alert without a condition: {rule[:60]}")
    lines = textwrap.dedent(condition[1]).strip()
    return Alert(rule.split("\n", 1)[0].strip(), words["severity"], words["for"], words["summary"], lines)


def alert_table(language: str) -> Iterator[str]:
    """The page of the alerts: first what cannot wait, and within that what stops everybody, as the file has it.

    The thresholds stand at the end, as the rules have them.
    """
    for severity, chinese, english in _URGENCY:
        these = [alert for alert in alerts() if alert.severity == severity]
        yield f"## {pick(language, chinese, english).format(len(these))} {{#{severity}}}"
        rows = []
        for alert in these:
            said = told("alerts", alert.name, language)
            means = said if language == "zh" else f"{alert.summary} | {said}"
            rows.append(f"| `{alert.name}` | {_after(alert.after, language)} | {means} |")
        names = pick(language, "、", ", ").join(f"`{alert.name.removeprefix('Codesvc')}`" for alert in these)
        yield pick(language, "名字前面都有 `Codesvc`：", "Each name begins with `Codesvc`: ") + names
        head = pick(language, "| 告警 | 持续多久 | 含义 | 怎么办 |", "| alert | after | means | what to do |")
        yield "\n".join([head, "| --- | --- | --- | --- |", *rows])
    yield pick(language, "## 阈值 {#thresholds}", "## Thresholds {#thresholds}")
    yield pick(
        language,
        "每条规则的条件。要改，就改你复制过去的规则文件，再重载 Prometheus。",
        "The condition of each rule. To change one, edit your copy of the rules and reload Prometheus.",
    )
    conditions = "\n".join(f"{alert.name}\n{textwrap.indent(alert.condition, '    ')}" for alert in alerts())
    yield f"```text\n{conditions}\n```"


def _after(time: str, language: str) -> str:
    """A time of the rules, such as `5m`, in words."""
    if not time:
        return pick(language, "立即", "at once")
    return pick(language, f"{time.removesuffix('m')} 分钟", f"{time.removesuffix('m')} min")
