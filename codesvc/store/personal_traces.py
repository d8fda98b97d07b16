"""Finds the keys that hold data of one person, by a key's name and value. Pure.

The match is exact. `user` must be a whole value of the same site; an openid must be a whole value or a part of the
name. So a search for the person `1` finds nothing of the person `11`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from codesvc.store.key_patterns import names_of_user

OF_MANY: Final = frozenset(
    {
        "owners",
        "union",
        "binding-account",
        "leavers",
        "outbox",
        "audit",
        "audits",
        "latest",
        "minute",
        "hour",
        "batch",
        "quota",
        "pool",
        "registry",
    }
    | {
        "registry-log",
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


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """The person to look for.

    Attributes:
        site: the site.
        user: the site's id of the person.
        openid: the bound WeChat account, "" for none.
    """

    site: str
    user: str
    openid: str = ""


def concerns(person: Person, name: str, kind: str, value: Any) -> bool:
    """Whether a key is about the person.

    Args:
        person: the person.
        name: the whole name.
        kind: of the key.
        value: as `codesvc.store.key_contents` reads it.
    """
    if kind in OF_MANY:
        return False
    if names_of_user(person.site, person.user).fullmatch(name):
        return True
    if person.openid and person.openid in name.split(":"):
        return True
    said = set(values(value))
    if person.openid and person.openid in said:
        return True
    return person.user in said and (person.site in said or person.site in name.split(":"))


def values(value: Any) -> Iterator[str]:
    """Every text in a value at any depth: in lists, in tables, and in text that is itself JSON or MessagePack."""
    if isinstance(value, bytes):
        inner = _opened(value)
        if inner is not None:
            yield from values(inner)
        else:
            yield value.decode(errors="replace")
    elif isinstance(value, str):
        yield value
        if value[:1] in {"{", "["}:
            yield from values(value.encode())
    elif isinstance(value, Mapping):
        for part in (*value.keys(), *value.values()):
            yield from values(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from values(part)


def readable(value: Any) -> Any:
    """A value as JSON, with its packed parts decoded."""
    if isinstance(value, bytes):
        inner = _opened(value)
        return readable(inner) if inner is not None else value.decode(errors="replace")
    if isinstance(value, Mapping):
        return {str(readable(name)): readable(part) for name, part in value.items()}
    return [readable(part) for part in value] if isinstance(value, list | tuple) else value


def _opened(octets: bytes) -> Any:
    """The list or table that these bytes encode in JSON or MessagePack; None for anything else."""
    for decode in (msgspec.json.decode, msgspec.msgpack.decode):
        try:
            found = decode(octets)
        except (msgspec.DecodeError, ValueError):
            continue
        if isinstance(found, list | dict):
            return found
    return None
