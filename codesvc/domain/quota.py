"""How WeChat's daily quotas are shared out (DESIGN, "QR codes"; WECHAT.md 13).

WeChat allows an account so many template messages and so many QR codes a day, counted anew at midnight in Beijing. Of
that, a tenth is kept for resets, because somebody locked out has no other way in. Of the rest, half is first come,
first served; of the other half every site is sure of an equal part, so that one busy site cannot silence its
neighbours on the same account. When a site's part is used up, its pushes go to the scan, and its pictures to the word.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Api(StrEnum):
    """Calls whose quota is shared out."""

    TEMPLATE = "template"
    QRCODE = "qrcode"


PATHS: Final = {Api.TEMPLATE: "/cgi-bin/message/template/send", Api.QRCODE: "/cgi-bin/qrcode/create"}
"""What `openapi/quota/get` calls them."""

ASSUMED_DAILY: Final = 100_000
"""The default of a verified service account; taken until WeChat has told the true one."""

WARN_AT: Final = 0.8
THRESHOLDS: Final = (80, 95, 100)
"""Percent of a day's quota, used up; sites are told at each (the event `quota.low`)."""
RESERVE: Final = 0.1
_DAY_MS: Final = 86_400_000
_BEIJING_MS: Final = 8 * 3_600_000


def day_of(unix_ms: int) -> int:
    """The number of the day in Beijing that a moment belongs to."""
    return (unix_ms + _BEIJING_MS) // _DAY_MS
