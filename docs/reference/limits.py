"""Limits and states of a delivery, from the settings and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.domain.verification import DeliveryStatus
from docs.reference.options import default_of, settings
from docs.reference.words import anchor, pick, told

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_A_PURPOSE: Final = (
    *("code_length", "code_alphabet", "resend_after", "code_life", "code_max_life", "attempts", "max_live"),
)


def limits(language: str) -> Iterator[str]:
    """The page of the limits."""
    yield pick(language, "## 限制 {#limits}", "## Limits {#limits}")
    wanted = [f"sites.*.purposes.*.{name}" for name in _OF_A_PURPOSE]
    options = {each.path: each for each in settings()}
    wanted += [path for path in options if path.startswith("sites.*.limits.")]
    rows = [
        f"| `{path.removeprefix('sites.*.').removeprefix('limits.')}` | "
        f"{default_of(options[path], language).partition(pick(language, '：', ': '))[2]} | "
        f"{told('config', path, language)} |"
        for path in wanted
    ]
    head = pick(language, "| 限制 | 默认 | 含义 |", "| limit | default | meaning |")
    yield "\n".join([head, "| --- | --- | --- |", *rows])
    yield pick(language, "## 再次发起 {#again}", "## Starting again {#again}")
    yield told("pages", "limits-again", language)
    yield pick(language, "## 微信的额度 {#quotas}", "## WeChat's quotas {#quotas}")
    yield told("pages", "limits-quotas", language)
    yield pick(language, "## 投递状态 {#states}", "## Delivery states {#states}")
    alt = pick(language, "投递的生命周期", "Life of a delivery")
    yield f"![{alt}](../images/life-of-a-delivery.svg)"
    states = [*DeliveryStatus, "pending"]
    lines = [f"| `{status}` | {told('states', anchor(status), language)} |" for status in states]
    yield "\n".join([pick(language, "| `status` | 含义 |", "| `status` | means |"), "| --- | --- |", *lines])
    yield pick(language, "### 投递的原因 {#reasons}", "### Reasons {#reasons}")
    yield told("pages", "limits-reasons", language)
