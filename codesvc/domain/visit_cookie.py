"""The cookie that recognises a browser during one visit: it leaves for WeChat's web authorisation, or shows digits.

    <24 random characters><32 characters of HMAC-SHA-256 over them and the visit's subject>[.<24 random characters>]

Below a path of `public_url` another host of the domain can set this cookie before we do (`ServiceAddress.cookie_name`).
So a value that was not issued for this very subject is none. What a browser proves is noted under a value that is made
at that moment and sent to that browser alone, the part behind the dot: whoever planted the first part does not know it.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

_RANDOM: Final = 18
"""Bytes, which are 24 characters."""
_START: Final = 24
_LONGEST: Final = 96
"""A cookie that was issued has 81 characters at most."""


class VisitCookies:
    """Issues and recognises the cookies.

    Args:
        keyring: the newest key signs, all are accepted.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keys = keyring.token_keys("visit cookie")[::-1]

    def begun(self, subject: str) -> str:
        """A new cookie for a visit about this subject, which has proved nothing yet."""
        start = secrets.token_urlsafe(_RANDOM)
        return start + _mac(self._keys[0], start, subject)

    def is_issued(self, cookie: str, subject: str) -> bool:
        """Whether the cookie was issued for this subject. All keys are tried, in the same time."""
        start, mac = cookie[:_START], beginning(cookie)[_START:]
        signed = [hmac.compare_digest(mac.encode(), _mac(key, start, subject).encode()) for key in self._keys]
        return len(cookie) <= _LONGEST and any(signed)


def beginning(cookie: str) -> str:
    """The part that the visit began with; the whole cookie if it has proved nothing."""
    return cookie.partition(".")[0]


def proven(cookie: str) -> str:
    """The cookie that takes the place of this one when its browser proves something, new each time."""
    return f"{beginning(cookie)}.{secrets.token_urlsafe(_RANDOM)}"


def _mac(key: bytes, start: str, subject: str) -> str:
    return hmac.digest(key, f"{start}/{subject}".encode(), sha256).hex()[:32]
