"""The OAuth `state` of web authorisation, and the tokens of forms on our pages.

WeChat accepts a state of at most 128 letters and digits (WECHAT.md 11.1), so the state is base32, not itsdangerous'
alphabet:

    <subject in base32> <24 characters of HMAC-SHA-256 over subject, browser and account>

The value of the browser's cookie is part of the signed data but not of the text, so that a state is valid only in the
browser that started the authorisation. Otherwise an attacker could start it in their own browser, stop before the
return, and send the return URL to a victim. The victim's browser would then act as the attacker's WeChat account. The
account is signed too: otherwise a state would turn the link of one account into a link of another one.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32decode
from binascii import Error as NotBase32
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from codesvc.domain.base_encodings import base32

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

_MAC: Final = 24
_PAGES: Final = {"a": "ask", "m": "message", "t": "ticket"}
_STATE: Final = re.compile(r"[a-z2-7]{25,128}")


@dataclass(frozen=True, slots=True)
class ReturnPage:
    """The page that a browser returns to after web authorisation.

    Attributes:
        page: `ask`, `ticket` or `message`.
        place: for an intent, its site; otherwise "".
        id: id of the intent, login, ticket or verification.
    """

    page: str
    place: str
    id: str


class OAuthStates:
    """Creates and checks OAuth states and form tokens."""

    def __init__(self, keyring: Keyring) -> None:
        # The newest key signs, all are accepted.
        self._state_keys = keyring.token_keys("oauth state")[::-1]
        self._form_key = keyring.token_keys("page form")[-1]

    def state(self, errand: ReturnPage, browser: str, account: str) -> str:
        """Create a state for one browser and one account, at most 125 characters."""
        subject = base32(f"{errand.page[:1]}{errand.place}/{errand.id}".encode())
        return subject + _mac(self._state_keys[0], subject, browser, account)

    def errand(self, state: str, browser: str, account: str) -> ReturnPage | None:
        """The page that a state names; None if it is not ours, or was made for another browser or account."""
        if not _STATE.fullmatch(state):
            return None
        subject, mac = state[:-_MAC], state[-_MAC:]
        # All keys are tried, so that the time does not reveal which key matched.
        if not sum(hmac.compare_digest(mac, _mac(key, subject, browser, account)) for key in self._state_keys):
            return None
        return self.named(state)

    def named(self, state: str) -> ReturnPage | None:
        """The page that a state names, whoever has written it: only to find the cookie by which it is judged."""
        if not _STATE.fullmatch(state):
            return None
        subject = state[:-_MAC]
        try:
            text = b32decode(subject.upper() + "=" * (-len(subject) % 8)).decode()
        except (NotBase32, UnicodeError):
            return None
        place, _, identifier = text[1:].partition("/")
        return ReturnPage(_PAGES.get(text[:1], "ticket"), place, identifier)

    def form(self, browser: str, subject: str) -> str:
        """The token that a form about `subject` must contain to be accepted from this browser."""
        return hmac.digest(self._form_key, f"{browser}/{subject}".encode(), sha256).hex()[:32]

    def is_form(self, token: str, browser: str, subject: str) -> bool:
        """Whether a form comes from our page in this browser."""
        return hmac.compare_digest(token.encode(), self.form(browser, subject).encode())


def _mac(key: bytes, subject: str, browser: str, account: str) -> str:
    return base32(hmac.digest(key, f"{subject}/{browser}/{account}".encode(), sha256))[:_MAC]
