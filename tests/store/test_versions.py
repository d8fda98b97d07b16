"""A server that is too old is told at the start, or as soon as there is one; see `codesvc.store.versions`."""

from __future__ import annotations

import asyncio

import pytest

from codesvc.store import versions
from codesvc.store.connection import connect
from codesvc.store.versions import StoreTooOld, require_new_enough, version_of
from tests import stores
from tests.world import running_world


@pytest.fixture
def nothing_is_new_enough(monkeypatch):
    for server in versions.OLDEST:
        monkeypatch.setitem(versions.OLDEST, server, (99, 1))


@pytest.mark.parametrize(
    ("info", "version"),
    [
        ({"redis_version": "6.2.14"}, ("redis", (6, 2, 14))),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, ("valkey", (9, 1, 2))),
        ({"redis_version": "255.255.255"}, ("redis", (255, 255, 255))),
        ({}, ("redis", (0,))),
    ],
)
def test_a_version_is_read_from_what_the_server_says(info, version):
    assert version_of(info) == version


async def test_the_store_of_these_tests_is_new_enough(store_url):
    servers = await connect(store_url, timeout=2)
    assert await require_new_enough(servers)
    await servers.aclose()


@pytest.mark.usefixtures("nothing_is_new_enough")
async def test_the_service_does_not_start_on_an_old_store(store_url, tmp_path):
    with pytest.raises(StoreTooOld, match=r"is (redis|valkey) \d[\d.]+; codesvc needs (redis|valkey) 99\.1 or newer"):
        async with running_world(store_url, tmp_path):
            pass


@pytest.mark.usefixtures("nothing_is_new_enough")
async def test_an_old_store_that_comes_later_leaves_the_service_unready(tmp_path):
    with stores.tcp_server() as server:
        server.kill()
        async with running_world(f"redis://127.0.0.1:{server.port}", tmp_path) as world:
            answer = await world.call("GET", "/readyz", key=None)
            assert (answer.status, answer["store"]) == (503, "no answer")
            server.start()
            for _ in range(100):
                answer = await world.call("GET", "/readyz", key=None)
                if answer["store"] != "no answer":
                    break
                await asyncio.sleep(0.05)
            assert (answer.status, answer["store"]) == (503, "too old")
