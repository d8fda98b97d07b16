"""The cookie of a browser in which a person has logged in to an app of a site before.

Logins of apps take no key, so strangers share one window of starts, which they can use up from many networks. Whoever
has confirmed a login in WeChat once has another window, and a budget of their own in it. The cookie names a keyed
digest of the person, so one WeChat account has one budget, however many cookies it collects. It proves nothing else and
opens nothing: the login is asked about in WeChat as ever.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

KNOWN_SECONDS: Final = 180 * 86_400
_PARTS: Final = 3
_LONGEST: Final = 128


class KnownBrowsers:
    """Makes and reads the cookies.

    Args:
        keyring: the newest key signs, all are accepted.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keys = keyring.token_keys("known browser")[::-1]

    def cookie(self, site: str, subject: str, now: int) -> str:
        """The cookie for the person with this subject; `now` in ms."""
        person = sha256(f"{site}/{subject}".encode()).hexdigest()[:32]
        text = f"{person}.{now // 1000 + KNOWN_SECONDS}"
        return f"{text}.{_mac(self._keys[0], site, text)}"

    def person(self, site: str, cookie: str, now: int) -> str:
        """The person whose cookie this is, "" if it is not of this site, not genuine or too old; `now` in ms."""
        parts = cookie.split(".")
        if len(cookie) > _LONGEST or not cookie.isascii() or len(parts) != _PARTS or not parts[1].isdecimal():
            return ""
        text = f"{parts[0]}.{parts[1]}"
        # All keys are tried, so that the time does not reveal which key matched.
        if not sum(hmac.compare_digest(parts[2], _mac(key, site, text)) for key in self._keys):
            return ""
        return parts[0] if now < int(parts[1]) * 1000 else ""


def _mac(key: bytes, site: str, text: str) -> str:
    return hmac.digest(key, f"{site}/{text}".encode(), sha256).hex()[:32]
