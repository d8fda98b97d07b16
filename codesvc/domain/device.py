"""Which kind of device asked, from a closed list: the only thing of a User-Agent that a message ever shows (rule 5)."""

from __future__ import annotations

import re
from typing import Final

PHONE: Final = re.compile(r"iPhone|iPod|Android.+Mobile|HarmonyOS.+Mobile|OpenHarmony.+Mobile|Windows Phone", re.DOTALL)
"""User agents of phones; the widget asks the same of its own (a pattern that JavaScript reads alike)."""
_FAMILIES: Final = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("harmonyos", "HarmonyOS"),
    ("openharmony", "HarmonyOS"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("macintosh", "Mac"),
    ("cros", "ChromeOS"),
    ("linux", "Linux"),
)


def family(user_agent: str) -> str:
    """The device family that a User-Agent header names, "" if it is none of the list's."""
    if not user_agent:
        return ""
    lowered = user_agent[:1024].lower()
    return next((name for mark, name in _FAMILIES if mark in lowered), "")


def is_wechat(user_agent: str) -> bool:
    """Whether the header is that of WeChat's own browser. Anybody can send it; nothing is granted on it."""
    return "micromessenger" in user_agent[:1024].lower()
