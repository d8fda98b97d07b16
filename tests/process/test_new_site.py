"""A site is added beside a running service in the three ways of docs/en/administration.md, and its key is good."""

import json
import re
import tomllib

import pytest

from codesvc.config.api_keys import hash_line, new_key
from tests.doctor.test_documents import BLOCK
from tests.process.test_rotation import running
from tests.process.walks import PAGES, steps, walk
from tests.registry.test_registry import until

START = {"purpose": "register", "user": "attempt-7f3a", "client_ip": "192.0.2.1"}


@pytest.fixture
async def service(tmp_path):
    async with running(tmp_path, "http://127.0.0.1:9/", workers=1) as service:
        yield service


async def is_good(service, key):
    """Wait until the key starts a verification: a process learns of a site within a second."""

    async def known():
        return (await service.call("POST", "/v1/verifications", START, key=key))[0] == 201

    await until(known)


async def test_by_the_admin_api(service):
    [key] = steps("A key for the admin API")
    await service.step(key)
    [new] = steps("A new site")
    new = new.replace("http://127.0.0.1:288", service.base)
    said = await walk(new, service.directory)
    site, made = (json.loads(line) for line in said.splitlines())
    assert site["settings"]["origins"] == ["https://tea.example.com"]
    await is_good(service, made["key"])
    [ask, *_] = new.splitlines()
    for line in ("ask GET sites/tea/keys", "ask DELETE sites/tea/keys/server", "ask DELETE sites/tea"):
        said = await walk(f"{ask}\n{line}", service.directory)
        assert '"last_used_at"' in said or not said.strip(), said


async def test_on_the_command_line(service):
    [step] = steps("The same on the command line")
    said = await walk(step, service.directory)
    assert re.search(r"^tea +store$", said, re.MULTILINE)
    await is_good(service, re.search(r"csk_tea_\S+", said)[0])


async def test_in_the_file(service):
    blocks = BLOCK.findall((PAGES / "administration.md").read_text(encoding="utf-8"))
    [table] = [text for language, text in blocks if language == "toml"]
    assert tomllib.loads(table)["sites"]["tea"]["keys"][0]["name"] == "server"
    key = new_key("tea", b"t" * 32)
    with (service.directory / "config.toml").open("a", encoding="utf-8") as config:
        config.write("\n" + table.replace("sha256:…", hash_line(key)))
    await service.step("codesvc reload --config config.toml --pid $PID")
    await is_good(service, key)
