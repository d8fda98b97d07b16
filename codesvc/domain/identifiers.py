"""The form of the ids that others choose: a site's user ids, and WeChat's openids and unionids (WECHAT.md 1)."""

from __future__ import annotations

import re
from typing import Final

LONGEST_USER: Final = 128
SHORTEST_OPENID, LONGEST_OPENID = 6, 64
OPENID_LENGTH: Final = 28
"""WeChat's openids begin with `o` and have 28 characters (WECHAT.md 1). The API publishes wider limits, because in test
mode other openids may stand for people.
"""
_USER_CHARACTERS: Final = "A-Za-z0-9._@+:-"
_OPENID_CHARACTERS: Final = "A-Za-z0-9_-"
# `$` alone would also match before a trailing line break.
USER_PATTERN: Final = rf"^[A-Za-z0-9][{_USER_CHARACTERS}]{{0,{LONGEST_USER - 1}}}(?!\n)$"
OPENID_PATTERN: Final = rf"^[{_OPENID_CHARACTERS}]{{{SHORTEST_OPENID},{LONGEST_OPENID}}}(?!\n)$"
NO_USER_CHARACTER: Final = re.compile(rf"[^{_USER_CHARACTERS}]")
NO_OPENID_CHARACTER: Final = re.compile(rf"[^{_OPENID_CHARACTERS}]")
_USER: Final = re.compile(USER_PATTERN)
_OPENID: Final = re.compile(OPENID_PATTERN)


_WECHAT_OPENID: Final = re.compile(rf"o[{_OPENID_CHARACTERS}]{{{OPENID_LENGTH - 1}}}")


def is_user(text: str) -> bool:
    """Whether a text has the form of a user id."""
    return _USER.match(text) is not None


def is_openid(text: str) -> bool:
    """Whether a text has the form of an openid or unionid."""
    return _OPENID.match(text) is not None


def is_wechat_openid(text: str) -> bool:
    """Whether a text has the form of the openids that WeChat gives."""
    return _WECHAT_OPENID.fullmatch(text) is not None
