"""A server that is there and cannot be worked with: 503, the reason on `/readyz`, and over when it is over."""

from __future__ import annotations

import pytest

from tests import stores
from tests.cluster.conftest import ground_on


def few_replicas(client):
    client.config_set("min-replicas-to-write", 1)
    return lambda: client.config_set("min-replicas-to-write", 0)


def replica(client):
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    return lambda: client.execute_command("REPLICAOF", "NO", "ONE")


def full(client):
    client.config_set("maxmemory", 1)
    return lambda: client.config_set("maxmemory", 0)


def locked(client):
    client.config_set("requirepass", "new")
    for kind in ("normal", "pubsub"):
        client.client_kill_filter(_type=kind, skipme=True)
    return lambda: client.config_set("requirepass", "")


@pytest.fixture(scope="module")
def server(request):
    wanted = request.config.getoption("store")
    with stores.tcp_server(binary=stores.BUNDLED if wanted == "cluster" else stores.binary(wanted)) as server:
        yield server


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (few_replicas, "too few replicas"),
        (replica, "read only"),
        (full, "out of memory"),
        (locked, "login refused"),
    ],
)
async def test_what_is_wrong_is_said_and_ends_by_itself(server, tmp_path, trouble, state):
    if trouble is few_replicas and server.client.info("server")["redis_version"].startswith("6."):
        pytest.skip("Redis before 7.0 asks for no replicas when a script writes")
    async with ground_on(f"redis://127.0.0.1:{server.port}", tmp_path) as ground:
        assert (await ground.start()).status == 201
        mend = trouble(server.client)
        try:
            assert (await ground.start()).status == 503
            assert await ground.until_unready(state) == state
            assert (await ground.start()).status == 503
        finally:
            mend()
        await ground.until_ready()
        assert (await ground.start()).status == 201
