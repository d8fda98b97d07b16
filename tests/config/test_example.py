"""config.example.toml can be used, and tells the truth."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from codesvc.config import (
    Account,
    Admin,
    Brand,
    ConfigError,
    Limits,
    LocalText,
    MessageTemplate,
    Purpose,
    Rate,
    Service,
    Site,
    Store,
    load,
    parse,
)
from codesvc.config.oidc_settings import OidcClient, OidcKeys
from codesvc.config.relay_settings import GATEWAY_TABLES, Inbound, Relay
from codesvc.config.settings import ApiKey, Chat, Secrets, Webhook
from codesvc.domain.channels import LISTED, TEMPLATED
from codesvc.domain.codes import ALPHABET_NAMES

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
ENV = {
    "CODESVC_SECRETS_MASTER_KEY": "qZ3vN8xK1mW7rT5bY0cL4sH9dF2gJ6pA",
    "CODESVC_ACCOUNTS_MAIN_SECRET": "0123456789abcdef0123456789abcdef",
    "CODESVC_ACCOUNTS_MAIN_TOKEN": "token123",
    "CODESVC_ACCOUNTS_MAIN_AES_KEY": "0G0r3nCB193y1Bevj9ei6F23hGITBv1vT8wdiiQRepM",
}


REQUIRED = {
    "service.public_url",
    "accounts.main.appid",
    "accounts.main.name",
    "sites.shop.name",
    "sites.shop.account",
    "sites.shop.keys.0.name",
    "sites.shop.keys.0.hash",
    "sites.shop.keys.0.scopes",
}
"""What is live in the example."""


def with_own_key(text):
    """The example with hashes of one's own keys in place of its placeholders."""
    numbers = iter(range(1, 16))
    return re.sub(r"sha256:(?:0{63}1|…)", lambda _: f"sha256:{next(numbers):x}a" + "5c" * 31, text)


def written(directory, text):
    path = directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """The example with what is required filled in, and nothing else changed."""
    return written(tmp_path_factory.mktemp("edited"), with_own_key(EXAMPLE.read_text(encoding="utf-8")))


def options(tables, place=""):
    """The place of each option: tables and lists of tables have none of their own."""
    pairs = enumerate(tables) if isinstance(tables, list) else tables.items()
    for name, value in pairs:
        here = f"{place}.{name}" if place else str(name)
        nested = isinstance(value, dict) and "zh" not in value
        if nested or (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield from options(value, here)
        else:
            yield here


def test_nothing_is_live_but_what_is_required():
    assert set(options(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))) == REQUIRED


@pytest.mark.parametrize("place", sorted(REQUIRED))
def test_what_is_live_cannot_be_left_out(edited, place):
    tables = tomllib.loads(edited.read_text(encoding="utf-8"))
    *parents, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    table = tables
    for step in parents:
        table = table[step]
    del table[last]
    with pytest.raises(ConfigError) as caught:
        parse(tables, env=ENV, directory=EXAMPLE.parent)
    assert any(last in str(fault) for fault in caught.value.faults)


@pytest.mark.parametrize("secret", sorted(ENV))
def test_the_secrets_that_are_marked_are_those_that_are_asked_for(edited, secret):
    with pytest.raises(ConfigError) as caught:
        load(edited, {name: value for name, value in ENV.items() if name != secret})
    assert len(caught.value.faults) == 1
    marked = re.findall(r"^# (\w+) +# secret, required", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(name.rpartition("_")[2] for name in marked) == ["key", "key", "secret", "token"]
    assert any(secret.lower().endswith(name) for name in marked)


def test_the_examples_between_can_be_taken_as_they_are(tmp_path):
    head, service, options = EXAMPLE.read_text(encoding="utf-8").partition("[service]\n")
    options = re.sub(r"^# (?=\[|  \w+ = )", "", options, flags=re.MULTILINE)
    text = with_own_key(head + service + options)
    # They want a secret of one's own, or a gateway.
    sites = ("sites.shop.webhook", "sites.shop.oidc", "sites.shop.relay", "sites.shop.gateways", "sites.shop.inbound")
    for table in ("admin.operators", "admin.keys", *sites):
        text = re.sub(rf"^\[+{re.escape(table)}.*?(?=^\[|^#|\Z)", "", text, flags=re.MULTILINE | re.DOTALL)
    settings = load(written(tmp_path, text), ENV)
    assert set(settings.sites) == {"shop", "club"}
    assert set(settings.sites["shop"].purposes) == {"register", "reset", "change-phone"}
    assert [key.name for key in settings.sites["shop"].keys] == ["back end", "support desk"]
    assert set(settings.accounts["main"].messages) == {"code", "reset_done"}


def test_nothing_in_it_lets_anybody_in():
    with pytest.raises(ConfigError) as caught:
        load(EXAMPLE, ENV)
    places = [str(fault).split(":")[0] for fault in caught.value.faults]
    assert places == ["sites.shop.keys[0].hash"]
    assert all("published example value" in fault.message for fault in caught.value.faults)
    assert "admin" not in tomllib.loads(EXAMPLE.read_text(encoding="utf-8")).get("admin", {})


@pytest.mark.parametrize("where", ["sites", "admin"])
@pytest.mark.parametrize("value", ["b1f51a511f1da0cd348b8f8598db32e61cb963e5fc69e2b41485bf99590ed75a", "0" * 64])
def test_the_known_values_of_examples_are_refused(document, where, value):
    key = {"name": "known", "hash": f"sha256:{value}"}
    if where == "sites":
        document.set("sites.shop.keys", [{**key, "scopes": ["verify"]}])
    else:
        document.set("admin.keys", [{**key, "scopes": ["read"]}])
    (line,) = document.faults()
    assert "keys[0].hash: is a published example value; make your own" in line


def test_the_known_password_of_the_example_is_refused(document):
    line = "scrypt:32768:8:1:AAECAwQFBgcICQoLDA0ODw:z-MnaQ-4IqKXd225iIoVQPdQhKvyURsqYfeGJqlbrx0"
    (said,) = document.set("admin.operators.lan", {"password": line}).faults()
    assert said.startswith("admin.operators.lan.password: is a published example value")


# `# name = value   # comment`: an option that the example shows with its default.
SHOWN = re.compile(r"^# ([a-z_]+) = (.+?)(?:  +#.*)?$", re.MULTILINE)
ILLUSTRATED = {"templates_dir", "original_id", "forward_to", "fields"}  # shown with a value where the default is none


@pytest.mark.parametrize(
    ("option", "words"), [("code_alphabet", ALPHABET_NAMES), ("channels", LISTED), ("channel", TEMPLATED)]
)
def test_it_names_every_word_of_a_list(option, words):
    (line,) = re.findall(rf"^# {option} = .*$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r'"([a-z_]+)"', line)) == set(words)


def test_it_loads_with_its_secrets_from_the_environment(edited):
    settings = load(edited, ENV)
    assert settings.mode == "live"
    assert set(settings.sites) == {"shop"}
    assert set(settings.sites["shop"].purposes) == {"register", "reset"}
    assert settings.sites["shop"].limits == Limits()
    assert settings.sites["shop"].name.en == "Moonhill Tea"
    assert settings.store.data_dir == edited.parent / "codesvc-data"
    assert settings.notices == ()


def plain(value):
    """A setting as the file would spell it."""
    if isinstance(value, tuple):
        return [str(item) if isinstance(item, Rate) else item for item in value]
    if isinstance(value, LocalText):
        return dataclasses.asdict(value)
    return value.name if isinstance(value, Path) else value or ""


def defaults(settings):
    """Every option of a configuration that says only what it must, by name."""
    site, account = settings.sites["shop"], settings.accounts["main"]
    tables = (
        OidcClient(id="wiki", name=LocalText("-", "-"), redirect_uris=()),
        Webhook(url="https://shop.example/hook", secrets=()),
        Relay(),
        Inbound(adapter="logto", secrets=()),
        site,
        settings,
        settings.service,
        settings.store,
        settings.secrets,
        settings.admin,
        account,
        site.limits,
        site.chat,
        site.brand,
    )
    tables = (*tables, MessageTemplate(template_id="x" * 43), site.purposes["register"])
    return {option.name: plain(getattr(table, option.name)) for table in tables for option in dataclasses.fields(table)}


def test_what_it_shows_as_a_default_is_the_default(edited):
    shown = {
        name: tomllib.loads(f"value = {value}")["value"] or ""
        for name, value in SHOWN.findall(EXAMPLE.read_text(encoding="utf-8"))
        if name not in ILLUSTRATED
    }
    found = defaults(load(edited, ENV))
    assert len(shown) > 40
    assert shown == {name: found[name] or "" for name in shown}


@pytest.mark.parametrize(
    "cls",
    [
        *(
            Service,
            Store,
            Secrets,
            Account,
            MessageTemplate,
            Site,
            Chat,
            Brand,
            Webhook,
            ApiKey,
            Purpose,
            Limits,
            Admin,
            Relay,
        ),
        *(OidcKeys, OidcClient, Inbound),
        *GATEWAY_TABLES.values(),
    ],
)
def test_it_names_every_option(cls):
    text = EXAMPLE.read_text(encoding="utf-8")
    missing = [
        option.name
        for option in dataclasses.fields(cls)
        if not re.search(rf"^(# (?:  )?|.*{{ |.*\.)?{option.name}\b", text, re.MULTILINE)
    ]
    assert missing == []
