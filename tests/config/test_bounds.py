"""How much one entry may hold: its names are kept in memory, and its secrets are tried at each call of a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import pytest

from codesvc.config import Account, LocalText, Rate, Site
from codesvc.config.constraints import Among, AtMost, distinct, message_fields, short_in_all
from codesvc.config.oidc_settings import OidcClient


def bounded(inner, constraints):
    """Whether a list or table has a bound: its own, or that each word of a closed list stands in it once."""
    if any(isinstance(constraint, AtMost) for constraint in constraints) or short_in_all in constraints:
        return True
    if message_fields in constraints:
        return True  # its own test below
    item = get_args(inner)[0]
    closed = get_origin(item) is Literal or any(isinstance(part, Among) for part in get_args(item))
    return closed and (distinct in constraints or get_origin(inner) is frozenset)


def many_of(hint, path, constraints=()):
    """All lists and tables that a type of settings holds, at any depth, with their constraints."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from many_of(parts[0], path, parts[1:])
    elif hint == tuple[Rate, ...]:
        return  # `rates` bounds it
    elif origin in {tuple, frozenset, Mapping}:
        yield path, hint, constraints
        for part in parts:
            yield from many_of(part, (*path, "one"))
    elif is_dataclass(hint) and hint is not LocalText:
        for name, inner in get_type_hints(hint, include_extras=True).items():
            yield from many_of(inner, (*path, name))
    else:
        for part in parts:
            yield from many_of(part, path, constraints)


@pytest.mark.parametrize("kind", [Site, Account, OidcClient])
def test_every_list_and_table_of_an_entry_has_a_bound(kind):
    found = list(many_of(kind, ()))
    assert len(found) > 1
    assert [".".join(path) for path, inner, constraints in found if not bounded(inner, constraints)] == []


def secrets(count):
    return [f"shared-secret-{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("path", "value", "most"),
    [
        ("purposes", {f"p{number}": {} for number in range(49)}, 50),  # `register` and `reset` count
        ("gateways", {f"g{number}": {} for number in range(17)}, 16),
        ("inbound", {f"i{number}": {} for number in range(17)}, 16),
        ("inbound.zitadel", {"adapter": "zitadel", "secrets": secrets(5)}, 4),
        ("oidc", {"clients": [{} for _ in range(101)]}, 100),
        ("chat.bind_keywords", [f"w{number}" for number in range(101)], 100),
    ],
)
def test_more_than_the_bound_is_refused_with_the_bound(document, path, value, most):
    document.set(f"sites.shop.{path}", value)
    assert any(f"has more than {most} entries" in line for line in document.faults())


def test_a_message_has_few_fields(document):
    document.set("accounts.main.messages.code", {"template_id": "x", "fields": {f"k{n}": "x" for n in range(21)}})
    assert "accounts.main.messages.code.fields: has more than 20 fields" in document.faults()


def test_a_limit_has_few_rates(document):
    document.set("sites.shop.limits.user_pushes", [f"{number}/hour" for number in range(1, 10)])
    assert document.faults() == ["sites.shop.limits.user_pushes: has more than 8 rates"]


def test_a_site_has_few_sources_of_one_adapter(document):
    """A call names no source: it is compared with the secrets of each one of its adapter."""
    document.set("sites.shop.relay", {"sms": "g"})
    document.set("sites.shop.gateways", {"g": {"shaped": {"url": "https://x.example/", "fields": {"to": "{to}"}}}})
    source = {"adapter": "zitadel", "purpose": "reset", "secrets": secrets(4)}
    document.set("sites.shop.inbound", {f"i{number}": source for number in range(4)}).settings()
    document.set("sites.shop.inbound", {f"i{number}": source for number in range(5)})
    said = [f"sites.shop.inbound.i{n}.adapter: is that of more than 4 sources of this site" for n in range(5)]
    assert document.faults() == said


def test_the_secrets_of_a_hook_hold_few_keys_in_all(document):
    secret = "v1,whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
    document.set("sites.shop.relay", {"sms": "g"})
    document.set("sites.shop.gateways", {"g": {"signed": {"url": "https://x.example/", "secrets": [secret[3:]]}}})
    source = {"adapter": "supabase", "purpose": "reset", "secrets": ["|".join([secret] * 4)]}
    document.set("sites.shop.inbound.s", source).settings()
    source["secrets"] = ["|".join([secret] * 5)]
    said = ["sites.shop.inbound.s.secrets: has more than 4 secrets in all"]
    assert document.set("sites.shop.inbound.s", source).faults() == said
    source["secrets"] = ["|".join([secret] * 3), "|".join([secret] * 2)]
    assert document.set("sites.shop.inbound.s", source).faults() == said
