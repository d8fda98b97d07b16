"""`codesvc sites|accounts|keys`: straight in the store, beside a service that runs and follows."""

from __future__ import annotations

import json
import re

import pytest

from codesvc.config.api_keys import hash_line
from tests.command_line import codesvc, codesvc_blocking
from tests.registry.test_key_uses import configuration
from tests.registry.test_registry import until
from tests.world import KEY

BAR = '[name]\nzh = "酒吧"\nen = "Bar"\n'


@pytest.fixture
def command(store_url, tmp_path):
    """Runs one; its exit status, what it said and what it complained of."""
    path = tmp_path / "config.toml"
    path.write_text(configuration(store_url))

    async def run(*words, typed=""):
        return await codesvc(*words, "--config", path, typed=typed)

    return run


async def test_a_site_and_its_keys(world, command, tmp_path):
    table = tmp_path / "bar.toml"
    table.write_text('account = "main"\n' + BAR)
    status, said, _ = await command("sites", "put", "bar", str(table))
    assert (status, json.loads(said)) == (0, {"account": "main", "name": {"zh": "酒吧", "en": "Bar"}})
    status, said, _ = await command("keys", "add", "bar", "server", "--scopes", "verify")
    key = re.search(r"csk_bar_\S+", said)[0]

    async def good():
        return (await world.start(key=key)).status == 201

    await until(good)
    status, said, _ = await command("sites", "list")
    assert [line.split() for line in said.splitlines()] == [["name", "kept"], ["bar", "store"], ["shop", "file"]]
    status, said, _ = await command("keys", "list", "--site", "bar")
    assert said.splitlines()[1].split()[:4] == ["bar", "server", "verify", "store"]
    assert key not in said
    status, said, _ = await command("sites", "patch", "bar", "-", typed='{"limits": {"site_starts": ["1/hour"]}}')
    assert json.loads(said)["limits"] == {"site_starts": ["1/hour"]}

    async def limited():
        return (await world.start(key=key)).status == 429

    await until(limited)
    assert (await command("keys", "remove", "bar", "server"))[0] == 0
    assert (await command("sites", "remove", "bar"))[0] == 0

    async def gone():
        return (await world.start(key=key)).status == 401

    await until(gone)
    assert (await world.start()).status == 201


async def test_what_cannot_be_is_said(world, command, tmp_path):
    table = tmp_path / "bad.json"
    table.write_text('{"name": "Bar", "account": "main", "colour": 1}')
    for words, complaint in (
        (("sites", "put", "bar", str(table)), "colour: unknown key"),
        (("sites", "put", "shop", str(table)), "is in the configuration file"),
        (("sites", "show", "nobody"), "nothing with the name nobody"),
        (("sites", "patch", "nobody", "-"), "- is empty"),
        (("keys", "add", "nobody", "x"), "there is no site nobody"),
        (("keys", "add", "shop", "x", "--scopes", "root"), "scopes"),
    ):
        status, said, complained = await command(*words)
        assert (status, said) == (1, ""), words
        assert complaint in complained, (words, complained)
        assert "Traceback" not in complained
    assert (await world.start()).status == 201


def test_keys_for_the_configuration_file():
    _, made, _ = codesvc_blocking("keys", "new", "--admin")
    key = re.search(r"csa_[\w-]{43}", made)[0]
    assert hash_line(key) in made
    assert "[[admin.keys]]" in made
    assert KEY not in made
    assert codesvc_blocking("keys", "new")[:2] == (2, "")


def test_help_names_them():
    _, told, _ = codesvc_blocking("--help")
    assert all(f"    {name} " in told for name in ("sites", "accounts", "keys"))
