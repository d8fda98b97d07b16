"""The audit log: a line for every change of a binding and every administrative act, and nobody in clear."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from codesvc.config import parse
from codesvc.domain.audit import AuditAct
from codesvc.domain.masking import masked_user
from codesvc.domain.passwords import is_password
from codesvc.service import audit_file
from codesvc.service.audit_file import AuditFile
from codesvc.service.auditing import AuditLog, Place
from codesvc.store.partitions import PARTITIONS
from codesvc.web.context import SERVICES
from tests.command_line import codesvc
from tests.service.scripts_of_users import OF_ANY_SCRIPT
from tests.stores import until
from tests.world import document

CONFIG = """
mode = "test"
[service]
public_url = "http://127.0.0.1:1"
[store]
url = "{url}"
[secrets]
master_key = "a master key that is only for tests, 0123456789abcdefghij"
"""


async def log(world):
    """Newest first: actor, act, user, detail."""
    lines = (await AuditLog(world.app[SERVICES].store, range(PARTITIONS)).search()).lines
    return [(line.actor, line.act, line.user, line.detail) for line in lines]


async def test_every_change_of_a_binding_leaves_a_line(world):
    first = await world.bound("alice-0815")
    second = await world.person()
    await world.bind("alice-0815", second, replace=True)
    await world.call("DELETE", "/v1/bindings/alice-0815")
    assert await log(world) == [
        ("key:server", "binding.removed", "al***15", "site"),
        ("key:server", "binding.moved", "al***15", "openid"),
        ("key:server", "binding.made", "al***15", "openid"),
    ]
    told = str((await world.app[SERVICES].auditing.search()).lines)
    for secret in ("alice-0815", first.openid, second.openid):
        assert secret not in told
    assert masked_user(second.openid) in told


async def test_what_the_person_does_is_the_chats(world):
    person = await world.person()
    started = await world.call("POST", "/v1/bind-intents", {"user": "bob", "client_ip": "192.0.2.1"})
    await person.say(started["scan"]["keyword"])
    await person.say("确认")
    assert (await log(world))[0] == ("chat", "binding.made", "b***", "intent")


async def test_an_administrative_act_leaves_a_line_with_its_reason(world):
    here = world.app[SERVICES]
    site = here.directory.sites["shop"]
    await world.call("DELETE", "/v1/users/carol-1/guesses")
    await here.bindings.lift_guesses(site, "carol-1", actor="admin:lan", reason="she called")
    newest, before = (await here.auditing.search(most=2)).lines
    assert (newest.actor, newest.act, newest.user) == ("admin:lan", "guesses.lifted", "c***1")
    assert newest.reason == "she called"
    assert (before.actor, before.reason) == ("key:server", "")


@pytest.mark.parametrize(
    "user", ["a", "abcd", "abcde", "abcdefgh", "wang@example.com", "a@b@c", "x" * 128, *OF_ANY_SCRIPT]
)
async def test_the_scripts_mask_as_the_chat_does(world, user):
    await world.bind(quote(user, safe=""), await world.person())
    assert (await log(world))[0][2] == masked_user(user)


async def test_the_log_is_bounded_and_follows_the_clock(world, valkey):
    await world.bound("dora")
    await world.advance(3600)
    await world.call("DELETE", "/v1/bindings/dora")
    newer, older = (await world.app[SERVICES].auditing.search(most=2)).lines
    assert 3_600_000 <= int(newer.at) - int(older.at) < 3_700_000
    assert (await world.app[SERVICES].auditing.search(since=int(newer.at))).lines == [newer]
    assert (await world.app[SERVICES].auditing.search(Place(int(newer.at)), most=1)).lines == [older]
    [key] = [key for key in valkey.scan_iter() if key.endswith(b":audit:shop")]
    assert 399 * 86_400 < valkey.ttl(key) <= 400 * 86_400


async def test_the_file_has_every_line_once_and_in_order(world, tmp_path):
    here, path = world.app[SERVICES], tmp_path / "audit.jsonl"
    file = AuditFile(here.store, lambda: range(PARTITIONS), path)
    assert await file.write_new() == 0
    await world.bound("alice-0815")
    assert [await file.write_new(), await file.write_new()] == [1, 0]
    await world.call("DELETE", "/v1/bindings/alice-0815")
    assert await AuditFile(here.store, lambda: range(PARTITIONS), path).write_new() == 1
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert (first["act"], second["act"]) == ("binding.made", "binding.removed")
    assert first["user"] == "al***15"
    assert first["at"].endswith("Z")
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_file_takes_a_burst_of_lines_without_a_pause(world, tmp_path, monkeypatch):
    """It fell behind while many bindings were imported, and their oldest lines were gone before it read them."""
    monkeypatch.setattr(audit_file, "EVERY_SECONDS", 3600)
    here, path = world.app[SERVICES], tmp_path / "audit.jsonl"
    for number in range(1_100):
        await here.auditing.note("cli", AuditAct.GUESSES_LIFTED, site=here.directory.sites["shop"], user=f"u-{number}")
    async with AuditFile(here.store, lambda: range(PARTITIONS), path).running():
        await until(lambda: path.exists() and len(path.read_bytes().splitlines()) == 1_100)


async def test_a_line_that_was_read_and_not_written_is_written_by_the_next_process(world, tmp_path):
    here = world.app[SERVICES]
    file = AuditFile(here.store, lambda: range(PARTITIONS), tmp_path / "nowhere" / "audit.jsonl")
    await world.bound("alice-0815")
    with pytest.raises(FileNotFoundError):
        await file.write_new()
    (tmp_path / "nowhere").mkdir()
    assert await file.write_new() == 1
    assert "al***15" in (tmp_path / "nowhere" / "audit.jsonl").read_text(encoding="utf-8")


async def test_the_command_line_prints_it(world, store_url, tmp_path):
    await world.bound("alice-0815")
    config = tmp_path / "config.json.toml"
    config.write_text(CONFIG.format(url=store_url), encoding="utf-8")
    config.chmod(0o600)
    status, out, _ = await codesvc("audit", "--config", config, "--json")
    assert status == 0
    [line] = [json.loads(line) for line in out.splitlines()]
    assert (line["actor"], line["act"], line["user"]) == ("key:server", "binding.made", "al***15")


async def test_a_password_is_made_and_fits_the_configuration():
    _, shown, _ = await codesvc("admin", "password", "--generate")
    password, line = re.search(r"once:\n  (\S+)", shown)[1], re.search(r'password = "(.+)"', shown)[1]
    assert is_password(line, password)
    assert not is_password(line, password + "x")
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2", admin={"operators": {"lan": {"password": line}}})
    assert parse(tables, env={}, directory=Path()).admin.operators["lan"].password == line
