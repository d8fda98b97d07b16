"""How WeChat's daily quotas are divided among the sites of an account (DESIGN, "QR codes"; WECHAT.md 13).

WeChat allows an account a fixed number of template messages and QR codes each day, counted from midnight in Beijing.
One tenth is reserved for resets, because a person who is locked out has no other way in. Half of the rest is used in
order of arrival. The other half is divided equally among the sites, so that a busy site cannot block the others, nor by
resets: these use the tenth, what arrives first, and their own site's part. Logins at apps, which strangers begin
without a key, have no part of it. When a site's share is used up, its pushes become scans, and its pages show the
keyword in place of the QR code.
"""

from enum import StrEnum
from typing import Final


class Api(StrEnum):
    """Calls whose daily quota is divided."""

    TEMPLATE = "template"
    QRCODE = "qrcode"


PATHS: Final = {Api.TEMPLATE: "/cgi-bin/message/template/send", Api.QRCODE: "/cgi-bin/qrcode/create"}
"""The paths that `openapi/quota/get` uses for them."""

ASSUMED_DAILY: Final = 100_000
"""The default quota of a verified service account, used until WeChat has reported the real one."""

WARN_AT: Final = 0.8
THRESHOLDS: Final = (80, 95, 100)
"""Percent of the day's quota used up; at each of them the sites get the event `quota.low`."""
RESERVE: Final = 0.1
_DAY_MS: Final = 86_400_000
_BEIJING_MS: Final = 8 * 3_600_000


def day_of(unix_ms: int) -> int:
    """The number of the day in Beijing, counted from 1970."""
    return (unix_ms + _BEIJING_MS) // _DAY_MS
