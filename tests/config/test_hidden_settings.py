"""What is hidden of a site or an account depends on the settings' classes, so a new table needs no rule of its own."""

# No `from __future__ import annotations`: the annotations are read at run time, because they contain the constraints.
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import pytest

from codesvc.config.account_settings import Account, WebAddress
from codesvc.config.addresses import receiver_url
from codesvc.config.constraints import filled
from codesvc.config.hidden_settings import hidden_values, secrets_led_elsewhere, without_secrets
from codesvc.config.relay_settings import header_lines
from codesvc.config.settings import Site
from codesvc.domain.secret import Secret
from codesvc.sites.registry.tables import merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a further channel could need of an account or a site."""

    id: str
    secret: Annotated[Secret, filled]
    api_url: WebAddress = "https://api.example"
    receipts: Annotated[str, receiver_url] | None = None
    headers: Annotated[Mapping[str, str], header_lines] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    one: Sender | None = None
    named: Mapping[str, Sender] | None = None
    listed: tuple[Sender, ...] = ()
    deeper: "Senders | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WiderAccount(Account):
    senders: Senders | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WiderSite(Site):
    senders: Senders | None = None


AWAY = {"api_url": "https://b.example"}
KINDS = pytest.mark.parametrize("kind", [WiderAccount, WiderSite])
SENDER = {"id": "a", "secret": "s1"}
PLACES = {
    "one": SENDER,
    "named": {"east": SENDER},
    "listed": [SENDER],
    "deeper": {"one": SENDER, "deeper": {"listed": [SENDER]}},
}
SHOWN = {
    "one": {"id": "a"},
    "named": {"east": {"id": "a"}},
    "listed": [{"id": "a"}],
    "deeper": {"one": {"id": "a"}, "deeper": {"listed": [{"id": "a"}]}},
}


@KINDS
def test_a_secret_is_hidden_at_any_depth(kind):
    table = {"name": "A", "senders": PLACES}
    assert without_secrets(kind, table) == {"name": "A", "senders": SHOWN}
    assert {*hidden_values(kind, table)} == {
        ("senders", "one", "secret"),
        ("senders", "named", "east", "secret"),
        ("senders", "listed", 0, "secret"),
        ("senders", "deeper", "one", "secret"),
        ("senders", "deeper", "deeper", "listed", 0, "secret"),
    }


@KINDS
def test_keys_in_queries_and_headers_are_hidden_at_any_depth(kind):
    sender = SENDER | {"receipts": "https://a.example/x?key=s2", "headers": {"X-Key": "s3"}}
    shown = {"id": "a", "receipts": "https://a.example/x?…", "headers": {"X-Key": "…"}}
    assert without_secrets(kind, {"senders": {"one": sender}}) == {"senders": {"one": shown}}


@KINDS
@pytest.mark.parametrize("odd", ["s1", ["s1"], {"east": "s1"}, {"east": ["s1"]}, {"secret": {"a": "s1"}}])
@pytest.mark.parametrize("place", ["one", "named", "listed", "deeper", "gone"])
def test_what_has_another_form_than_this_version_knows_shows_no_text(kind, place, odd):
    """An entry of another version may have its secrets anywhere, also in options that this version does not have."""
    assert "s1" not in str(without_secrets(kind, {"senders": {place: odd}}))
    assert "s1" not in str(without_secrets(kind, {"senders": odd}))
    assert "s1" not in str(without_secrets(kind, {"gone": odd}))


@KINDS
@pytest.mark.parametrize(
    ("senders", "change", "moved"),
    [
        ({"one": SENDER}, {"one": AWAY}, [("one", "secret")]),
        ({"deeper": {"one": SENDER}}, {"deeper": {"one": AWAY}}, [("deeper", "one", "secret")]),
        ({"named": {"a": SENDER, "b": SENDER}}, {"named": {"b": AWAY}}, [("named", "b", "secret")]),
        ({"one": SENDER | {"headers": {"Host": "a"}}}, {"one": {"headers": {"Host": "b"}}}, [("one", "secret")]),
        ({"one": SENDER}, {"one": {"api_url": "https://b.example", "secret": "s2"}}, []),
        ({"one": SENDER}, {"one": {"api_url": "https://api.example"}}, []),
        ({"one": SENDER}, {"one": {"id": "b"}}, []),
        ({"one": SENDER}, {"one": None}, []),
    ],
)  # fmt: skip
def test_a_secret_does_not_follow_another_address_at_any_depth(kind, senders, change, moved):
    known, patch = {"senders": senders}, {"senders": change}
    faults = secrets_led_elsewhere(kind, known, patch, merged(known, patch))
    assert [fault.path for fault in faults] == [("senders", *path) for path in moved]


def test_a_secret_below_an_account_does_not_follow_the_accounts_address():
    """A table without an address of its own is used at the account's."""
    known, patch = {"secret": "s0", "senders": {"one": SENDER}}, AWAY
    faults = secrets_led_elsewhere(WiderAccount, known, patch, merged(known, patch))
    assert [fault.path for fault in faults] == [("secret",), ("senders", "one", "secret")]
