"""Constraints on single values, attached to the settings' fields by `typing.Annotated`.

A constraint is called with a value of the right type and raises `UnfitError`. The error's text follows the path of the
value ("sites.shop.name: must be ...") and never contains the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from codesvc.config.faults import UnfitError, suggestion
from codesvc.domain.colours import COLOUR
from codesvc.domain.display_name import reads_as_link
from codesvc.domain.identifiers import LONGEST_USER, is_invisible, is_user
from codesvc.domain.logo import MOST_QR_BYTES, UnfitLogo, parse
from codesvc.domain.signing_secret import signing_key
from codesvc.domain.test_identity import format_of
from codesvc.domain.visible_text import has_many_marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sized

    from codesvc.domain.secret import Secret

MASTER_KEY_BYTES = 32
_FEWEST_DIFFERENT = 8
_LONGEST_IN_ALL = 4_000
_LONGEST_SHOWN = 64
_LONGEST_TEMPLATE = 2_000
_MOST_FIELDS = 20  # of one message; each push renders all of them

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
NAME_RULE = "must be 1 to 32 of a-z, 0-9, - and _, beginning with a letter or digit"


@dataclass(frozen=True, slots=True)
class Between:
    """A number from `low` to `high`, both allowed."""

    low: float
    high: float

    def __call__(self, value: float) -> None:
        """Raise `UnfitError` outside the range (also for nan)."""
        if not self.low <= value <= self.high:
            raise UnfitError(f"must be between {self.low} and {self.high}")


@dataclass(frozen=True, slots=True)
class Matching:
    """Text or a secret that matches `pattern` as a whole; `rule` is the error's text."""

    pattern: str
    rule: str

    def __call__(self, value: str | Secret) -> None:
        """Raise `UnfitError` if the text has another form."""
        text = value if isinstance(value, str) else value.reveal()
        if re.fullmatch(self.pattern, text) is None:
            raise UnfitError(self.rule)


@dataclass(frozen=True, slots=True)
class Among:
    """One of some words; the list stands elsewhere, mostly in `codesvc.domain`."""

    words: tuple[str, ...]

    def __call__(self, value: str) -> None:
        """Raise `UnfitError` for another word."""
        if value not in self.words:
            raise UnfitError(f"must be one of {', '.join(self.words)}{suggestion(value, self.words)}")


@dataclass(frozen=True, slots=True)
class AtMost:
    """A list or table with a greatest length: what a call is compared with, and what figures are kept of.

    Every list and table of an entry has one, so that changes in part do not make one that grows without an end.
    """

    most: int

    def __call__(self, value: Sized) -> None:
        """Raise `UnfitError` for more."""
        if len(value) > self.most:
            raise UnfitError(f"has more than {self.most} entries")


MANY = AtMost(100)
"""The bound of lists and tables that cost little."""
MOST_SECRETS = AtMost(4)
"""A call without the right secret is hashed with each of them."""


def filled(value: Sized) -> None:
    """Require at least one element. Raises `UnfitError`."""
    if not value:
        raise UnfitError("must not be empty")


def distinct(value: tuple[object, ...]) -> None:
    """Refuse duplicates. Raises `UnfitError`."""
    if len(set(value)) < len(value):
        raise UnfitError("has the same value twice")


def short_in_all(value: tuple[str, ...]) -> None:
    """Require texts that fit into a header together, twice. Raises `UnfitError`."""
    if sum(map(len, value)) > _LONGEST_IN_ALL:
        raise UnfitError(f"has more than {_LONGEST_IN_ALL} characters in all, which no page's headers can hold")


def shown(value: str) -> None:
    """Require text for a message or a page: 1 to 64 printable characters, no blanks around it. Raises `UnfitError`."""
    if not 1 <= len(value) <= _LONGEST_SHOWN or not value.isprintable() or value != value.strip():
        raise UnfitError(f"must be 1 to {_LONGEST_SHOWN} printable characters without leading or trailing spaces")


def name_for_people(value: str) -> None:
    """Require a name for messages, mails and pages, which cannot pass for anything but a name. Raises `UnfitError`.

    WeChat makes links of `<a href>` in a chat message, and of addresses, also of a domain alone. Who sets up one of
    several sites would write such a link into the chat of the account that they share.
    """
    shown(value)
    if reads_as_link(value):
        raise UnfitError(
            "is shown to people in chats and e-mails, where addresses become links: it must not contain <, >, @, :// "
            'or a domain; write the name alone, "Example" and not "example.com", or a space after the dot'
        )
    if any(map(is_invisible, value)) or has_many_marks(value):
        raise UnfitError("has invisible characters, or too many combining marks on one letter")


def unguessable(value: Secret) -> None:
    """Require a master key of at least 32 bytes that looks random. Raises `UnfitError`.

    Keys such as "aaaa…" and "changeme-changeme-…" are refused. Random text passes: 32 random hexadecimal characters
    have fewer than 8 different ones once in about 10^5 keys, the 64 characters of `openssl rand -hex 32` practically
    never.
    """
    text = value.reveal()
    if len(text.encode()) < MASTER_KEY_BYTES:
        raise UnfitError(f"must be at least {MASTER_KEY_BYTES} bytes; make one with `openssl rand -base64 48`")
    if len(set(text)) < _FEWEST_DIFFERENT or text in (text + text)[1:-1]:
        raise UnfitError("does not look random; make one with `openssl rand -base64 48`")


def signing_secret(value: Secret) -> None:
    """Require a Standard Webhooks secret: whsec_ and 24 to 64 bytes in base64. Raises `UnfitError`."""
    if signing_key(value.reveal()) is None:
        raise UnfitError(
            "must be whsec_ followed by 24 to 64 random bytes in base64; make one with `codesvc webhooks secret`"
        )


def message_fields(value: Mapping[str, str] | str) -> None:
    """Require a file name below templates/, or a table of field keys with jinja2 sources. Raises `UnfitError`."""
    if isinstance(value, str):
        path = PurePosixPath(value)
        inside = path.parts and not path.is_absolute() and ".." not in path.parts
        if not inside or path.suffix != ".toml" or not value.isprintable():
            raise UnfitError('must name a .toml file below templates/, such as "message/code.toml", or be a table')
        return
    filled(value)
    if len(value) > _MOST_FIELDS:
        raise UnfitError(f"has more than {_MOST_FIELDS} fields")
    for key, source in value.items():
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", key) is None:
            raise UnfitError('has a key that WeChat would not accept; keys look like "thing1"')
        if not source or len(source) > _LONGEST_TEMPLATE:
            raise UnfitError(f"has a field that is empty or longer than {_LONGEST_TEMPLATE} characters")


def test_identities(value: Mapping[str, str]) -> None:
    """Require users, or prefixes of users followed by `*`, each with a possible code. Raises `UnfitError`."""
    for name, code in value.items():
        if not is_user(name.removesuffix("*")) or len(name) > LONGEST_USER:
            raise UnfitError('has a name that is not a user id; names look like "e2e-ann", or "e2e-*" for a prefix')
        if format_of(code) is None:
            raise UnfitError(
                "has a code that is neither 4 to 12 digits nor 4 to 12 capitals and digits without I, O, 0 and 1"
            )


def colour(value: str) -> None:
    """Require a colour such as #07744f. Raises `UnfitError`."""
    if COLOUR.fullmatch(value) is None:
        raise UnfitError('must be a colour: # followed by six hexadecimal digits, such as "#07744f"')


def account_picture(value: str) -> None:
    """Require a picture of an account's own QR code, as a data URL. Raises `UnfitError`."""
    try:
        parse(value, MOST_QR_BYTES)
    except UnfitLogo as error:
        raise UnfitError(str(error)) from None


def logo_picture(value: str) -> None:
    """Require a picture that can be a logo, as a data URL. Raises `UnfitError`."""
    try:
        parse(value)
    except UnfitLogo as error:
        raise UnfitError(str(error)) from None
