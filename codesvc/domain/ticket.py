"""Tickets: the way from the chat to a site, for whoever asked and nobody else (DESIGN, "From the chat to the site").

A ticket is asked for in the chat, so it is known *who asked*. Its link says nothing about *who opens it*. Three steps
lie between, and each shuts out one way of passing a link on:

1. The link leads to us. In WeChat, silent web authorisation says who opened it; in any other browser the page shows six
   digits which the ticket's WeChat must send in the chat. Now it is known that *this browser* is the asker's: somebody
   else's browser, sent the link, never gets further.
2. The browser goes on to the site, which makes a `state` for its own session and sends the browser back with it.
   Only the browser of step 1 gets an answer: a redeem code, tied to that state.
3. The site's back end redeems the code together with the state *of the session it serves*. A code that was made in
   another session does not fit, so nobody can slip his own code under somebody who is logged in.

The digits are derived, like codes: nothing stores them.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

LIFE_MS: Final = 600_000
TRIES: Final = 3
_ID: Final = re.compile(r"tk_[a-z2-7]{26}-[1-9]")


class Wish(StrEnum):
    """What a ticket is for."""

    BIND = "bind"
    RESET = "reset"


class TicketStatus(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    REDEEMED = "redeemed"
    DEAD = "dead"


TICKET_MOVES: Final[dict[TicketStatus, frozenset[TicketStatus]]] = {
    TicketStatus.OPEN: frozenset({TicketStatus.REDEEMED, TicketStatus.DEAD}),
    TicketStatus.REDEEMED: frozenset(),
    TicketStatus.DEAD: frozenset(),
}


@dataclass(frozen=True, slots=True, repr=False)
class Ticket:
    """One ticket, read at `now` (ms by the store's clock).

    Attributes:
        user: of a reset, whose password; else "".
        openid: who asked.
        browser: the browser that shows digits, "" if none.
        proven: the browser that the asker has proved to be his by sending them, "" if none.
    """

    id: str
    site: str
    wish: Wish
    user: str
    openid: str
    status: TicketStatus
    now: int
    expires: int
    browser: str
    proven: str
    tries_left: int

    @classmethod
    def parse(cls, now: int, stored: bytes) -> Ticket:
        """Read what a script answers: an array with one table of texts."""
        fields = msgspec.msgpack.decode(stored, type=tuple[dict[str, str]])[0]
        return cls(
            id=fields["id"],
            site=fields["site"],
            wish=Wish(fields["wish"]),
            user=fields["user"],
            openid=fields["openid"],
            status=TicketStatus(fields["status"]),
            now=now,
            expires=int(fields["expires"]),
            browser=fields.get("browser", ""),
            proven=fields.get("proven", ""),
            tries_left=int(fields["tries_left"]),
        )

    @property
    def good(self) -> bool:
        """Whether it can still be redeemed."""
        return self.status is TicketStatus.OPEN and self.now < self.expires


def is_ticket(text: str) -> bool:
    """Whether a text has the form of a ticket's id."""
    return _ID.fullmatch(text) is not None


class TicketSecrets:
    """What of tickets is derived from the master key."""

    def __init__(self, keyring: Keyring) -> None:
        self._seed_key = keyring.token_keys("ticket id")[-1]
        self._digit_keys = keyring.token_keys("ticket digits")[::-1]

    def seed(self, dedupe: str, wish: Wish) -> str:
        """What the ids of one request's tickets begin with: a repeated callback finds the same tickets."""
        digest = hmac.digest(self._seed_key, f"{wish}/{dedupe}".encode(), sha256)
        return f"tk_{b32encode(digest[:17]).decode().rstrip('=').lower()[:26]}"

    def digits(self, ticket: str, browser: str) -> str:
        """The six digits that one browser shows."""
        return _digits(self._digit_keys[0], ticket, browser)

    def is_digits(self, typed: str, ticket: str, browser: str) -> bool:
        """Whether these are they, in constant time."""
        matches = [
            hmac.compare_digest(typed.encode(), _digits(key, ticket, browser).encode()) for key in self._digit_keys
        ]
        return any(matches)


def _digits(key: bytes, ticket: str, browser: str) -> str:
    number = int.from_bytes(hmac.digest(key, f"{ticket}/{browser}".encode(), sha256)[:16], "big")
    return f"{number % 1_000_000:06}"
