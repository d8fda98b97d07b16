"""Addresses that carry a signed subject: hosted pages, confirmations in WeChat, tickets.

A link says what it is about and nothing else: no openid, no user, no power of its own. Each use has its own salt, so
that a link of one kind is not a link of another. None has an expiry in it, because its subject has one, by the clock
that decides.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from codesvc.domain.codes import keyed

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

PAGE_MARK: Final = "i."
"""What page tokens of intents and logins begin with, so that `/p/{token}` knows which page it is before reading it."""

_LONGEST: Final = 512


class Use(StrEnum):
    """What a link is for; its salt."""

    PAGE = "page"
    ASK = "ask"
    TICKET = "ticket"
    REDEEM = "redeem"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True, repr=False)
class Subject:
    """What a link is about.

    Attributes:
        place: the site of an intent, the account of a ticket.
        id: of the intent, login or ticket.
        detail: what else was signed, "" if nothing.
    """

    place: str
    id: str
    detail: str = ""


class Links:
    """Signs and reads links.

    Args:
        public_url: the service's own address.
        keyring: its keys.
    """

    def __init__(self, public_url: str, keyring: Keyring) -> None:
        self.public_url = public_url
        self._serializers = {
            use: URLSafeSerializer(
                keyring.token_keys("link"), salt=f"codesvc.{use}".encode(), signer_kwargs={"digest_method": sha256}
            )
            for use in Use
        }
        # Derived once; the rest of signing is written out in `sign`, as in `codesvc.domain.page_token`.
        self._keys = {use: each.make_signer(each.salt).derive_key() for use, each in self._serializers.items()}

    def sign(self, use: Use, subject: Subject) -> str:
        """The token of a subject: always the same one, safe in a path or a query."""
        payload = urlsafe_b64encode(msgspec.json.encode((subject.place, subject.id, subject.detail))).rstrip(b"=")
        signature = urlsafe_b64encode(keyed(self._keys[use], payload)).rstrip(b"=")
        return f"{payload.decode()}.{signature.decode()}"

    def read(self, use: Use, token: str) -> Subject | None:
        """Whose token this is, None if it is not one of ours for this use."""
        if len(token) > _LONGEST:
            return None
        try:
            # Base64 has spare bits at its end; one spelling is accepted, so that no part of a link can change.
            signature = token.rpartition(".")[2]
            if base64_encode(base64_decode(signature)).decode() != signature:
                return None
            place, identifier, detail = self._serializers[use].loads(token)
        except (BadData, ValueError, TypeError, UnicodeError):
            return None
        return Subject(place, identifier, detail)

    def page_token(self, site: str, intent: str) -> str:
        """What lets a browser see one intent or login."""
        return PAGE_MARK + self.sign(Use.PAGE, Subject(site, intent))

    def page_url(self, site: str, intent: str) -> str:
        """Where the hosted page of an intent or login is."""
        return f"{self.public_url}/p/{self.page_token(site, intent)}"

    def ask_url(self, account: str, site: str, intent: str) -> str:
        """Where a WeChat says yes or no; also the link of a bind intent by web authorisation."""
        return f"{self.public_url}/wechat/{account}/ask/{self.sign(Use.ASK, Subject(site, intent))}"

    def message_url(self, account: str, verification: str) -> str:
        """The link of a message that carries a code, or hides one: only the WeChat it went to sees what is behind."""
        return f"{self.public_url}/wechat/{account}/message/{self.sign(Use.MESSAGE, Subject(account, verification))}"

    def ticket_url(self, account: str, ticket: str) -> str:
        """The link from the chat to a site, by way of us."""
        return f"{self.public_url}/t/{self.sign(Use.TICKET, Subject(account, ticket))}"
