"""Signed links: hosted pages, confirmations in WeChat, tickets.

A link contains its subject and nothing else: no openid, no user, no permission. Each use has its own salt, so that a
link for one use is invalid for another. A link has no expiry of its own: the store checks the expiry of its subject by
the store's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from codesvc.domain.service_address import ServiceAddress
from codesvc.domain.signed_tokens import SignedTokens

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring

PAGE_MARK: Final = "i."
"""Prefix of the page tokens of intents and logins, so that `/p/{token}` can choose the page before reading the token.
"""


class Use(StrEnum):
    """The use of a link; its value selects the salt."""

    PAGE = "page"
    ASK = "ask"
    TICKET = "ticket"
    REDEEM = "redeem"
    MESSAGE = "message"
    OIDC = "oidc"


@dataclass(frozen=True, slots=True, repr=False)
class Subject:
    """The subject of a link.

    Attributes:
        place: for an intent its site, for a ticket its account.
        id: id of the intent, login, ticket or verification.
        detail: further signed text, "" if none.
    """

    place: str
    id: str
    detail: str = ""


class Links:
    """Signs and reads links."""

    def __init__(self, public_url: str, keyring: Keyring) -> None:
        self.address = ServiceAddress(public_url)
        keys = keyring.token_keys("link")
        self._tokens = {use: SignedTokens(keys, f"codesvc.{use}") for use in Use}

    def sign(self, use: Use, subject: Subject) -> str:
        """The token of a subject: always the same text, safe in a path or a query."""
        return self._tokens[use].sign(subject.place, subject.id, subject.detail)

    def read(self, use: Use, token: str) -> Subject | None:
        """The subject of a token; None if the token is not ours or is for another use."""
        match self._tokens[use].read(token):
            case [place, identifier, detail]:
                return Subject(place, identifier, detail)
            case _:
                return None

    def page_token(self, site: str, intent: str) -> str:
        """The page token of one intent or login."""
        return PAGE_MARK + self.sign(Use.PAGE, Subject(site, intent))

    def page_url(self, site: str, intent: str) -> str:
        """The URL of the hosted page of an intent or login."""
        return self.address.url(f"/p/{self.page_token(site, intent)}")

    def oidc_return_url(self, site: str, login: str) -> str:
        """Where the browser that began a login for a relying party gets its answer."""
        return self.address.url(self.oidc_return_route(site, login))

    def oidc_return_route(self, site: str, login: str) -> str:
        """The route of `oidc_return_url`."""
        return f"/oidc/{site}/return/{self.sign(Use.OIDC, Subject(site, login))}"

    def ask_url(self, account: str, site: str, intent: str) -> str:
        """The URL where the person confirms or declines in WeChat; it also starts binding by web authorisation."""
        return self.address.url(f"/wechat/{account}/ask/{self.sign(Use.ASK, Subject(site, intent))}")

    def message_url(self, account: str, verification: str) -> str:
        """The link of a message that contains or hides a code. Only the WeChat account it was sent to sees the page."""
        return self.address.url(f"/wechat/{account}/message/{self.sign(Use.MESSAGE, Subject(account, verification))}")

    def ticket_url(self, account: str, ticket: str) -> str:
        """The link that leads from the chat through our page to a site."""
        return self.address.url(f"/t/{self.sign(Use.TICKET, Subject(account, ticket))}")
