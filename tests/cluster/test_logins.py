"""Login and TLS: what `store.url` says holds for every node and every Sentinel, also for those that are found later."""

from __future__ import annotations

import os
import shutil

import pytest

from codesvc.domain.clock import Offset
from codesvc.store.connection import connect
from codesvc.store.partitions import PARTITIONS
from codesvc.store.store import Store
from tests import stores


async def state(url, partitions=range(PARTITIONS)):
    servers = await connect(url, timeout=2)
    try:
        return await Store(servers, offset=Offset(movable=False), prefix="cs").state(partitions)
    finally:
        await servers.aclose()


async def test_a_cluster_asks_each_caller_who_he_is(nodes):
    rules = ("~cs:*", "&cs:*", "+@all", "-@dangerous", "+info", "+role", "+cluster")
    for node in nodes.primaries:
        node.client.execute_command("ACL", "SETUSER", "codesvc", "on", ">a,b", *rules)
    first = nodes.url.partition("://")[2].partition(",")[0]
    assert await state(f"redis+cluster://codesvc:a%2Cb@{first}") == "ok"
    assert await state(f"redis+cluster://codesvc:wrong@{first}") == "login refused"


@pytest.mark.thorough
async def test_sentinels_may_want_another_login_than_the_servers():
    with stores.sentinels(copies=1) as watched:
        for sentinel in watched.sentinels:
            sentinel.client.execute_command("ACL", "SETUSER", "asker", "on", ">one", "+@all", "~*", "&*")
            sentinel.client.execute_command("ACL", "SETUSER", "default", "off")
        for server in watched.servers:
            server.client.execute_command("ACL", "SETUSER", "codesvc", "on", ">two", "+@all", "~*", "&*")
        hosts = watched.url.partition("://")[2]
        url = f"redis+sentinel://codesvc:two@{hosts}?sentinel_username=asker&sentinel_password="
        assert await state(f"{url}one") == "ok"
        assert await state(f"{url}wrong") == "no answer"


@pytest.fixture
def redis_server():
    """A server that speaks TLS; the bundled one does not."""
    found = shutil.which("redis-server")
    if found is None and os.environ.get("CODESVC_REQUIRE_REDIS") != "1":
        pytest.skip("Debian's redis-server is not installed")
    return found


@pytest.mark.parametrize("kind", [stores.cluster, pytest.param(stores.sentinels, marks=pytest.mark.thorough)])
async def test_tls(redis_server, tmp_path, kind):
    tls = stores.Tls(tmp_path)
    with kind(binary=redis_server, tls=tls) as running:
        url = running.url.replace("redis+", "rediss+")
        assert await state(f"{url}?ssl_ca_certs={tls.ca}") == "ok"
        # A certificate that nobody vouches for is refused, and so is no TLS at all.
        assert await state(url) == "no answer"
        assert await state(running.url) == "no answer"
