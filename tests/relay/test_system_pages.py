"""The pages of single systems, docs/*/relay and docs/*/openid: what a reader pastes is accepted, and works."""

from __future__ import annotations

import asyncio
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from codesvc.config import parse
from codesvc.config.one_entry import one_client
from codesvc.domain.inbound import ADAPTERS
from tests.doctor.samples import meaning
from tests.doctor.test_documents import BLOCK
from tests.relay.conftest import SECRET, at_gateway
from tests.relay.forms import TOKEN, WEBHOOK
from tests.world import document

DOCS = Path(__file__).parents[2] / "docs"
HOST = "https://code.example.com"
SNIPPETS = {"auth0", "better-auth", "supertokens"}
"""Systems that run the reader's code: tests/integrations/test_relay.py runs it."""


def pages(folder, language="en"):
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / language / folder).glob("*.md"))}


def blocks(text, language):
    return [code for found, code in BLOCK.findall(text) if found == language]


RELAY, OPENID = pages("relay"), pages("openid")


def source_of(name):
    """The table on a system's page: the source's name and its options, with the secret that the test has."""
    [(source, table)] = tomllib.loads(blocks(RELAY[name], "toml")[0])["sites"]["shop"]["inbound"].items()
    assert table.pop("secrets_file") == f"secrets/{source}"
    return source, table | {"secrets": [WEBHOOK if name == "supabase" else TOKEN]}


def relay_table():
    """The tables of the page that they all begin with."""
    shop = tomllib.loads(blocks((DOCS / "en" / "relay.md").read_text(encoding="utf-8"), "toml")[0])["sites"]["shop"]
    del shop["gateways"]["main"]["signed"]["secrets_file"]
    shop["gateways"]["main"]["signed"]["secrets"] = [SECRET]
    return shop


def configuration(directory, **changes):
    return parse(document("http://127.0.0.1:1", "http://127.0.0.1:2", **changes), env={}, directory=directory)


def test_every_adapter_has_a_page_and_every_page_an_entry_in_the_list():
    assert RELAY.keys() == ADAPTERS.keys() | SNIPPETS
    for language in ("en", "zh"):
        for folder, found in (("relay", RELAY), ("openid", OPENID)):
            hub = (DOCS / language / f"{folder}.md").read_text(encoding="utf-8")
            assert sorted(re.findall(rf"\]\({folder}/([\w-]+)\.md\)", hub)) == sorted(found)


def test_the_tables_of_all_systems_fit_into_one_configuration(tmp_path):
    shop = relay_table()
    shop["inbound"] = dict(source_of(name) for name in sorted(RELAY.keys() - SNIPPETS))
    changes = {f"sites__shop__{name}": value for name, value in shop.items()}
    settings = configuration(tmp_path, **changes)
    assert {source.adapter for source in settings.sites["shop"].inbound.values()} == set(ADAPTERS)


@pytest.mark.parametrize("name", sorted(RELAY.keys() - SNIPPETS))
def test_twins_have_the_same_values(name):
    chinese, english = (
        [meaning(*each) for each in BLOCK.findall(text)] for text in (pages("relay", "zh")[name], RELAY[name])
    )
    assert chinese == english
    assert f"{HOST}/inbound/{name}/shop" in RELAY[name]


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT TESTED: no curl")
async def test_the_calls_to_try_bring_a_code_to_the_gateway(new_relay, stub, tmp_path):
    tried = {name: code for name, text in RELAY.items() for code in blocks(text, "sh") if f"{HOST}/inbound" in code}
    tried = {name: code for name, code in tried.items() if "curl" in code and "Bearer $PAT" not in code}
    assert RELAY.keys() - tried.keys() - SNIPPETS == {"supabase", "zitadel"}  # which sign, and are tried there
    sources = dict(source_of(name) for name in tried)
    (tmp_path / "secrets").mkdir()
    for source in sources:
        (tmp_path / "secrets" / source).write_text(f"{TOKEN}\n")
    purposes = {"sites__shop__purposes__login": relay_table()["purposes"]["login"]}
    async with new_relay(
        relay={"purpose": "login", "repeat_window": 0}, sites__shop__inbound=sources, **purposes
    ) as world:
        for number, (name, code) in enumerate(tried.items()):
            # Each system has a number of its own, so that no limit of one person stands in the way.
            text = code.replace(HOST, world.service).replace("13800138000", f"138001380{number:02}")
            command = ("bash", "-c", text.replace("curl ", "curl -sS --fail-with-body -o answer "))
            process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path)
            assert await asyncio.wait_for(process.wait(), 60) == 0, (name, (tmp_path / "answer").read_text())
        got = await at_gateway(stub, len(tried))
    assert sorted(data["to"] for data in got) == [f"+86138001380{number:02}" for number in range(len(tried))]
    assert {data["code"] for data in got} == {"482913"}


@pytest.mark.parametrize("name", sorted(OPENID))
def test_the_client_of_an_app_is_one(tmp_path, name):
    text = OPENID[name]
    command = next(code for code in blocks(text, "sh") if "oidc put" in code)
    identifier, table = re.search(
        r"oidc put shop (\S+) - --config config\.toml <<'END'\n(.*)\nEND", command, re.DOTALL
    ).groups()
    client = one_client(configuration(tmp_path), identifier, tomllib.loads(table))
    for address in client.redirect_uris:
        assert address.startswith("https://") or "//localhost:" in address
    values = "\n".join(code for _, code in BLOCK.findall(text) if code != command)
    assert re.search(rf"\b{identifier}\b", values), "the app is given its client id"
    assert f"{HOST}/oidc/shop" in values
    said = "`bind_visitors`" in text
    assert client.bind_visitors is said or name in {"nextcloud", "wordpress"}, "the page says when the login binds"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_says_how_to_see_it_work_what_goes_wrong_and_how_codes_reach_the_person(language):
    words = {
        "en": ["**See it work**", "**What goes wrong**", "**Codes to the same person**"],
        "zh": ["**看到效果**", "**容易出错**", "**给同一个人发验证码**"],
    }[language]
    for folder, count in (("relay", 2), ("openid", 3)):
        for name, text in pages(folder, language).items():
            assert [each for each in words[:count] if each not in text] == [], name
