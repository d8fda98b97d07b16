"""Finds the keys that hold data of one person, by a key's name and value. Pure.

Each such key has an owner (`Claim`), because a WeChat account may be shared: by other users of the site, and by
other sites of the Official Account.

A user is found where a user stands: at the end of a name, or in a field for users beside the same site. So a search for
the person `1` finds nothing of the person `11`, and nothing that has a `1` elsewhere. What a site itself has written
(`metadata`) is not searched for users. An openid is found wherever it stands as a word, because nothing else looks like
one.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum, auto
from functools import cached_property
from typing import Any, Final

import msgspec

from codesvc.store.key_patterns import names_of_user

OF_MANY: Final = frozenset(
    {
        "owners",
        "union",
        "binding-account",
        "leavers",
        "newcomers",
        "outbox",
        "audit",
        "audits",
        "latest",
        "minute",
        "hour",
        "batch",
        "quota",
        "pool",
        "pool-server",
        "registry",
    }
    | {
        "registry-log",
        "mark",
        "turns",
        "lost-writes",
        "master-keys",
        "uses",
        "webhook-log",
        "webhook-due",
        "webhook-done",
        "webhook-lane",
        "webhook-sites",
        "refused-callbacks",
    }
)
"""Kinds that hold data of several people or of none. A script of its own deletes one person's data from them."""


_USERS: Final = frozenset({"user", "alias"})
_CHOICES: Final = "choices"
"""Of a login by a WeChat account with several users: they stand in one text, separated by blanks."""
_METADATA: Final = "metadata"
_SITE_IN_NAME: Final = frozenset({"webhook", "oidc-code", "oidc-token", "login-code", "binding"})
_VERIFICATION: Final = "vf"
_BINDING: Final = "binding"
_WORD: Final = re.compile(r"[A-Za-z0-9_-]+")
_CONTAINERS: Final = frozenset(bytes([first]) for first in (*b"{[", *range(0x80, 0xA0), *range(0xDC, 0xE0)))
"""First bytes of lists and tables in JSON, and in MessagePack (its specification, "Formats")."""


@dataclass(frozen=True, repr=False)
class Person:
    """The person to look for.

    Attributes:
        openid: the WeChat account that is bound to the user now, "" for none. Those that were bound earlier may be of
            other people, so nothing is searched for them.
    """

    site: str
    user: str
    openid: str = ""

    @cached_property
    def names(self) -> re.Pattern[str]:
        """Matches the names of keys that end with the user."""
        return names_of_user(self.site, self.user)


class Claim(StrEnum):
    """Whose a key is that names a user or the WeChat account that is bound to them."""

    USER = auto()
    """It names the user."""
    SITE = auto()
    """It names the WeChat account, at the user's site."""
    ACCOUNT = auto()
    """It names the WeChat account and no site: all sites of the Official Account use it."""
    SECOND_USER = auto()
    """The binding of another user of the site to this WeChat account."""
    NEIGHBOUR = auto()
    """It names the WeChat account, at another site. This may be a site that was removed and may return."""


def claims_of_person(present: set[Claim]) -> frozenset[Claim]:
    """The claims of one person alone, if these claims are present."""
    claims = {Claim.USER}
    if Claim.SECOND_USER not in present:
        claims.add(Claim.SITE)
        if Claim.NEIGHBOUR not in present:
            claims.add(Claim.ACCOUNT)
    return frozenset(claims)


def claim_of(person: Person, name: str, kind: str, value: Any) -> Claim | None:
    """Whose a key is; None if it names neither the user nor the bound WeChat account."""
    if kind in OF_MANY:
        return None
    if person.names.fullmatch(name):
        return Claim.USER
    texts = [name, *values(value)]
    openid = person.openid
    has_openid = bool(openid) and any(openid in text and openid in _WORD.findall(text) for text in texts)
    if not has_openid and not any(person.user in text for text in texts):
        return None  # nearly every key of other people: its fields need not be read
    sites, users = _named(kind, value)
    if kind in _SITE_IN_NAME:
        sites.add(name.partition(f":{kind}:")[2].partition(":")[0])
    if person.user in users and person.site in sites:
        return Claim.USER
    if not has_openid:
        return None
    if person.site in sites:
        return Claim.SECOND_USER if kind == _BINDING else Claim.SITE
    return Claim.NEIGHBOUR if sites else Claim.ACCOUNT


def _named(kind: str, value: Any) -> tuple[set[str], set[str]]:
    """The sites and the users in the fields for them, at any depth."""
    record = _opened(value) if isinstance(value, bytes) else None
    if kind == _VERIFICATION and isinstance(record, list):
        _, site, user, *_ = record  # codesvc.domain.record.Record
        return {site}, {user}
    sites, users = set[str](), set[str]()
    for name, text in _fields(value):
        if name == "site":
            sites.add(text)
        elif name in _USERS:
            users.add(text)
        elif name == _CHOICES:
            users.update(text.split(" "))
    return sites, users


def _fields(value: Any) -> Iterator[tuple[str, str]]:
    """Every field with a text, at any depth, but nothing of a site's `metadata`."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str | bytes):
            part = _opened(part if isinstance(part, bytes) else part.encode())
        if isinstance(part, Mapping):
            for name, inner in ((_text(name), inner) for name, inner in part.items()):
                if isinstance(inner, str | bytes):
                    yield name, _text(inner)
                if name != _METADATA:
                    waiting.append(inner)
        elif isinstance(part, list | tuple):
            waiting.extend(part)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def values(value: Any) -> Iterator[str]:
    """Every text in a value at any depth: in lists, in tables, and in text that is itself JSON or MessagePack."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, bytes):
            inner = _opened(part)
            if inner is None:
                yield part.decode(errors="replace")
            waiting.append(inner)
        elif isinstance(part, str):
            yield part
            if part[:1] in {"{", "["}:
                waiting.append(part.encode())
        elif isinstance(part, Mapping):
            waiting.extend((*part.keys(), *part.values()))
        elif isinstance(part, list | tuple):
            waiting.extend(part)


def readable(value: Any) -> Any:
    """A value as JSON, with its packed parts decoded; what is nested too deep to be taken apart stays one text."""
    if isinstance(value, bytes):
        inner = _opened(value)
        with suppress(RecursionError):
            if inner is not None:
                return readable(inner)
        return value.decode(errors="replace")
    if isinstance(value, Mapping):
        return {str(readable(name)): readable(part) for name, part in value.items()}
    return [readable(part) for part in value] if isinstance(value, list | tuple) else value


def _opened(octets: bytes) -> Any:
    """The list or table that these bytes encode in JSON or MessagePack; None for anything else.

    Also for what is nested too deep for the decoder: people write what they like into a text, and a search for one
    person passes the keys of all.
    """
    if octets[:1] not in _CONTAINERS:
        return None
    for decode in (msgspec.json.decode, msgspec.msgpack.decode):
        try:
            found = decode(octets)
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
        if isinstance(found, list | dict):
            return found
    return None
