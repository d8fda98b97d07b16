"""Who a browser is: the state that travels through web authorisation, and what forms of a page must carry.

WeChat takes a state of at most 128 letters and digits (WECHAT.md 11.1), so it is base32 and not itsdangerous' alphabet:

    <subject in base32> <24 characters of HMAC-SHA-256 over subject and browser>

The browser's cookie goes into the signature and not into the text: a state is good only in the browser that was sent
off with it. Without that, somebody could send off his own browser, stop it on the way back, and let another's arrive:
that one would then pass for him.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

_MAC: Final = 24
_PAGES: Final = {"a": "ask", "m": "message", "t": "ticket"}
_STATE: Final = re.compile(r"[a-z2-7]{25,128}")


@dataclass(frozen=True, slots=True)
class Errand:
    """Where a browser goes back to when WeChat has said who it is.

    Attributes:
        page: `ask`, `ticket` or `message`.
        place: the site of an intent; "" for others.
        id: of the intent, login, ticket or verification.
    """

    page: str
    place: str
    id: str


class Seals:
    """Makes and checks states and form tokens."""

    def __init__(self, keyring: Keyring) -> None:
        # The newest key signs, all are accepted.
        self._state_keys = keyring.token_keys("oauth state")[::-1]
        self._form_key = keyring.token_keys("page form")[-1]

    def state(self, errand: Errand, browser: str) -> str:
        """A state for one browser, 125 characters at most."""
        subject = _base32(f"{errand.page[:1]}{errand.place}/{errand.id}".encode())
        return subject + _mac(self._state_keys[0], subject, browser)

    def errand(self, state: str, browser: str) -> Errand | None:
        """What a state is about, None if it is not ours or began in another browser."""
        if not _STATE.fullmatch(state):
            return None
        subject, mac = state[:-_MAC], state[-_MAC:]
        # Every key is tried, so that time tells nothing.
        if not sum(hmac.compare_digest(mac, _mac(key, subject, browser)) for key in self._state_keys):
            return None
        try:
            text = b32decode(subject.upper() + "=" * (-len(subject) % 8)).decode()
        except (NotBase32, UnicodeError):
            return None
        place, _, identifier = text[1:].partition("/")
        return Errand(_PAGES.get(text[:1], "ticket"), place, identifier)

    def form(self, browser: str, subject: str) -> str:
        """What a form on a page about `subject` must carry to be this browser's own."""
        return hmac.digest(self._form_key, f"{browser}/{subject}".encode(), sha256).hex()[:32]

    def is_form(self, token: str, browser: str, subject: str) -> bool:
        """Whether a form came from our page in this browser."""
        return hmac.compare_digest(token.encode(), self.form(browser, subject).encode())


def _base32(octets: bytes) -> str:
    return b32encode(octets).decode().rstrip("=").lower()


def _mac(key: bytes, subject: str, browser: str) -> str:
    return _base32(hmac.digest(key, f"{subject}/{browser}".encode(), sha256))[:_MAC]
