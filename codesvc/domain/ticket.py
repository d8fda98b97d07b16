"""Tickets: links in the chat that lead only the person who requested them to a site.

See DESIGN, "From the chat to the site". A ticket is requested in the chat, so the requester is known. Its link does not
show who opens it. Three steps make sure that passing a link on is of no use:

1. The link leads to our page. In WeChat, silent web authorisation identifies the person who opened it. In another
browser, the page shows six digits that the requester must send in the chat. After this step *this browser* is known to
be the requester's. Any other browser that opens the link stops at this step.
2. The browser continues to the site, which creates a `state` for its own session and sends the browser back with it.
Only the browser of step 1 receives an answer: a redeem code that belongs to that state.
3. The site's back end redeems the code together with the state *of the session that it serves*. A code made in another
session is rejected, so that an attacker cannot insert their own code into the session of a person who is logged in.

The digits are derived like codes and are not stored.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.base_encodings import base32
from codesvc.domain.clock import is_over

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

LIFE_MS: Final = 600_000
TRIES: Final = 3
_ID: Final = re.compile(r"tk_[a-z2-7]{26}-[1-9]")


class TicketPurpose(StrEnum):
    """The purpose of a ticket."""

    BIND = "bind"
    RESET = "reset"


class TicketStatus(StrEnum):
    """State of a ticket."""

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
    """A ticket, read at `now` (ms by the store's clock).

    Attributes:
        user: for a reset, the user whose password is reset; otherwise "".
        openid: the WeChat account that requested it.
        browser: the browser that shows the digits, "" if none.
        proven: the browser for which the requester has sent the right digits, "" if none.
    """

    id: str
    site: str
    wish: TicketPurpose
    user: str
    openid: str
    status: TicketStatus
    now: int
    created: int
    expires: int
    browser: str
    proven: str
    tries_left: int

    @classmethod
    def parse(cls, now: int, stored: bytes) -> Ticket:
        """Decode the reply of a script: an array with one table of texts."""
        fields = msgspec.msgpack.decode(stored, type=tuple[dict[str, str]])[0]
        return cls(
            id=fields["id"],
            site=fields["site"],
            wish=TicketPurpose(fields["wish"]),
            user=fields["user"],
            openid=fields["openid"],
            status=TicketStatus(fields["status"]),
            now=now,
            created=int(fields["created"]),
            expires=int(fields["expires"]),
            browser=fields.get("browser", ""),
            proven=fields.get("proven", ""),
            tries_left=int(fields["tries_left"]),
        )

    @property
    def good(self) -> bool:
        """Whether the ticket can still be redeemed."""
        over = is_over(self.now, since=self.created, ends=self.expires)
        return self.status is TicketStatus.OPEN and not over


def is_ticket(text: str) -> bool:
    """Whether a text has the form of a ticket id."""
    return _ID.fullmatch(text) is not None


class TicketSecrets:
    """Values of tickets that are derived from the master key."""

    def __init__(self, keyring: Keyring) -> None:
        self._seed_key = keyring.token_keys("ticket id")[-1]
        self._digit_keys = keyring.token_keys("ticket digits")[::-1]

    def seed(self, appid: str, dedupe: str, wish: TicketPurpose) -> str:
        """Prefix of the ids of one request's tickets. A repeated callback has the same prefix.

        What identifies an event is unique on one account only, and the owner of another account may choose it.
        """
        digest = hmac.digest(self._seed_key, f"{wish}/{appid}/{dedupe}".encode(), sha256)
        return f"tk_{base32(digest[:17])[:26]}"

    def digits(self, ticket: str, browser: str) -> str:
        """The six digits that one browser shows."""
        return _digits(self._digit_keys[0], ticket, browser)

    def is_digits(self, typed: str, ticket: str, browser: str) -> bool:
        """Whether the typed digits are right, compared in constant time."""
        matches = [
            hmac.compare_digest(typed.encode(), _digits(key, ticket, browser).encode()) for key in self._digit_keys
        ]
        return any(matches)


def _digits(key: bytes, ticket: str, browser: str) -> str:
    number = int.from_bytes(hmac.digest(key, f"{ticket}/{browser}".encode(), sha256)[:16], "big")
    return f"{number % 1_000_000:06}"
