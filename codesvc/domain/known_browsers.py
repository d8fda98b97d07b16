"""The cookie of a browser in which a person has logged in to an app of a site before.

Logins of apps take no key, so strangers share one window of starts, which they can use up from many networks. A person
who has confirmed a login in WeChat once has another window, and a budget of their own in it. The cookie names a keyed
digest of the person, so one WeChat account has one budget, however many cookies it collects. It proves nothing else and
opens nothing: the login is asked about in WeChat as ever.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from itsdangerous import BadSignature, Signer

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

KNOWN_SECONDS: Final = 180 * 86_400
_LONGEST: Final = 128


class KnownBrowsers:
    """Makes and reads the cookies.

    Args:
        keyring: the newest key signs, all are accepted.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keys = keyring.token_keys("known browser")

    def cookie(self, site: str, subject: str, now: int) -> str:
        """The cookie for the person with this subject; `now` in ms."""
        person = sha256(f"{site}/{subject}".encode()).hexdigest()[:32]
        return self._signer(site).sign(f"{person}.{now // 1000 + KNOWN_SECONDS}").decode()

    def person(self, site: str, cookie: str, now: int) -> str:
        """The person whose cookie this is, "" if it is not of this site, not genuine or too old; `now` in ms."""
        if len(cookie) > _LONGEST or not cookie.isascii():
            return ""
        try:
            person, _, ends = self._signer(site).unsign(cookie).decode().partition(".")
        except BadSignature:
            return ""
        return person if now < int(ends) * 1000 else ""

    def _signer(self, site: str) -> Signer:
        return Signer(self._keys, salt=f"known browser of {site}", digest_method=sha256)
