"""What the commands do with people's data is in the audit log, also where nothing was found."""

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.service.auditing import AuditLog
from codesvc.store.partitions import PARTITIONS
from codesvc.web.context import SERVICES
from tests.command_line import codesvc
from tests.people.test_account_move import CONFIG
from tests.world import KEY, MASTER, OTHER_KEY


@pytest.fixture
def config(world, store_url, tmp_path):
    account = world.app[SERVICES].directory.accounts["main"].config
    path = tmp_path / "config.toml"
    path.write_text(
        CONFIG.format(
            store=store_url,
            master=MASTER,
            appid=account.appid,
            secret=account.secret.reveal(),
            sandbox=world.sandbox,
            hash=hash_line(KEY),
            other=hash_line(OTHER_KEY),
        )
    )
    path.chmod(0o600)
    return path


async def lines(world):
    """Newest first: actor, act, site, user, detail."""
    found = (await AuditLog(world.app[SERVICES].store, range(PARTITIONS)).search()).lines
    return [(line.actor, line.act, line.site, line.user, line.detail) for line in found]


@pytest.mark.parametrize("user", ["alice-0815", "nobody-here"])
async def test_the_export_of_a_person_is_a_line(world, config, user):
    await world.bound("alice-0815")
    await codesvc("person", "export", "--config", config, "--site", "shop", "--user", user)
    assert (await lines(world))[0] == ("cli", "data.exported", "shop", f"{user[:2]}***{user[-2:]}", "person")


async def test_the_erasure_of_a_person_is_a_line_with_and_without_a_binding(world, config):
    await world.bound("alice-0815")
    words = ["person", "erase", "--config", config, "--site", "shop", "--user"]
    await codesvc(*words, "alice-0815")
    await codesvc(*words, "nobody-here")
    assert (await lines(world))[:3] == [
        ("cli", "data.erased", "shop", "no***re", "person"),
        ("cli", "binding.removed", "shop", "al***15", "operator"),
        ("cli", "data.erased", "shop", "al***15", "person"),
    ]


async def test_the_export_of_all_bindings_is_a_line(world, config, tmp_path):
    await world.bound("alice-0815")
    words = ["bindings", "export", tmp_path / "out.jsonl", "--config", config, "--site", "shop"]
    assert (await codesvc(*words))[0] == 0
    assert (await lines(world))[0] == ("cli", "data.exported", "shop", "", "bindings")


async def test_an_export_that_could_not_be_written_to_its_end_has_its_line(world, config, tmp_path):
    await world.bound("alice-0815")
    (tmp_path / "out.jsonl").mkdir()
    words = ["bindings", "export", tmp_path / "out.jsonl", "--config", config, "--site", "shop"]
    assert (await codesvc(*words))[0] == 1
    assert (tmp_path / "out.jsonl.part").stat().st_size
    assert (await lines(world))[0] == ("cli", "data.exported", "shop", "", "bindings")
