"""The device family of a User-Agent, from a closed list. Messages show nothing else of a User-Agent (DESIGN rule 5)."""

import re
from typing import Final

PHONE: Final = re.compile(r"iP(?:hone|od)|(?:Android|Harmony).+Mobile|Windows Phone", re.DOTALL)
"""User agents of phones. The widget uses the same pattern on its own user agent, so JavaScript must accept it too."""
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
FAMILIES: Final = tuple(dict.fromkeys(name for _, name in _FAMILIES))
"""Every device family that there is. Where none is recognised, the family is ""."""


def family(user_agent: str) -> str:
    """The device family that a User-Agent header names, "" if none is recognised."""
    if not user_agent:
        return ""
    lowered = user_agent[:1024].lower()
    return next((name for mark, name in _FAMILIES if mark in lowered), "")


def is_wechat(user_agent: str) -> bool:
    """Whether the header is that of WeChat's own browser. Any client can send it, so it must not grant anything."""
    return "micromessenger" in user_agent[:1024].lower()
