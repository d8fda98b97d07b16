"""Bindings are backed up and restored, a store moves from embedded to a server to a cluster: as the guide says it."""

import signal

import aiohttp
import redis

from tests import stores
from tests.command_line import codesvc
from tests.process.processes import KEY, ready, serving
from tests.process.walks import steps, walk

USERS = 60
OPENID = "o{:027}"
AUTH = {"Authorization": f"Bearer {KEY}"}


async def bind(process, base):
    async with aiohttp.ClientSession(headers=AUTH) as http:
        await ready(http, base, process)
        for number in range(USERS):
            body = {"openid": OPENID.format(number)}
            async with http.put(f"{base}/v1/bindings/u{number}", json=body) as answer:
                assert answer.status == 201


async def bound(process, base):
    """Which of them are bound as they were."""
    found = 0
    async with aiohttp.ClientSession(headers=AUTH) as http:
        await ready(http, base, process)
        for number in range(USERS):
            async with http.get(f"{base}/v1/bindings/u{number}") as answer:
                found += answer.status == 200 and (await answer.json())["openid"] == OPENID.format(number)
    return found


async def stop(process):
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def test_bindings_go_out_of_one_store_and_into_another(config):
    path, base = config
    out, into = steps("Export and import bindings")
    async with serving(path, forked=True) as process:
        await bind(process, base)
        assert f"{USERS} shop.jsonl" in await walk(out, path.parent)
        await stop(process)
    assert (path.parent / "shop.jsonl").stat().st_mode & 0o077 == 0
    (path.parent / "data").rename(path.parent / "lost")
    async with serving(path, forked=True) as process:
        # The import is made beside a running service. One that starts at the same moment is test_starting_meanwhile's.
        async with aiohttp.ClientSession() as http:
            await ready(http, base, process)
        said = await walk(into, path.parent)
        assert f"{USERS} would be bound" in said
        assert f"{USERS} bound, 0 as before" in said
        assert await bound(process, base) == USERS
        await stop(process)


async def test_a_store_moves_to_a_server_and_on_to_a_cluster(config):
    path, base = config
    to_server, to_cluster = steps("From the embedded store to a server, and on to a cluster")
    with stores.tcp_server() as server, stores.cluster() as nodes:
        urls = {"SERVER_URL": f"redis://127.0.0.1:{server.port}", "CLUSTER_URL": nodes.url}
        async with serving(path, forked=True) as process:
            await bind(process, base)
            async with aiohttp.ClientSession(headers=AUTH) as http:
                body = {"purpose": "register", "user": "u7", "client_ip": "192.0.2.1"}
                async with http.post(f"{base}/v1/verifications", json=body) as answer:
                    started = await answer.json()
            await stop(process)
        said = await walk(to_server, path.parent, **urls)
        assert said.splitlines()[-1] == "alike"
        assert [line.split() for line in said.splitlines() if line.split()[:1] == ["binding"]] == [
            ["binding", str(USERS), str(USERS), "0"]
        ]
        async with serving(path.with_name("server.toml"), forked=True) as process:
            assert await bound(process, base) == USERS
            async with (
                aiohttp.ClientSession(headers=AUTH) as http,
                http.get(f"{base}/v1/verifications/{started['id']}") as answer,
            ):
                assert (await answer.json())["expires_at"] == started["expires_at"]
            await stop(process)
        assert (await walk(to_cluster, path.parent, **urls)).splitlines()[-1] == "alike"
        async with serving(path.with_name("cluster.toml"), forked=True) as process:
            assert await bound(process, base) == USERS
            await stop(process)


async def outcome(*words):
    status, out, err = await codesvc("store", "migrate", *words)
    return status, err + out


async def test_a_move_that_was_interrupted_goes_on_and_one_that_is_unsafe_is_refused():
    with stores.tcp_server() as old, stores.tcp_server() as new:
        here, there = f"redis://127.0.0.1:{old.port}", f"redis://127.0.0.1:{new.port}"
        for number in range(5_000):
            old.client.hset(
                f"cs:{{p03}}:binding:shop:u{number}", mapping={"openid": OPENID.format(number), "pad": "." * 1_000}
            )
        old.client.rpush("cs:{p03}:history:shop:u1", "a", "b")
        old.client.pexpire("cs:{p03}:history:shop:u1", 1_000_000)
        old.client.zadd("cs:{p03}:wx0123456789abcdef:leavers", {"o1": 5})
        old.client.sadd("cs:{p03}:owners:shop:o1", "u1", "u2")
        old.client.xadd("cs:{p03}:outbox", {"kind": "void"}, id="5-1")
        old.client.set("somebody:else", "1")
        # Killed in the middle: the new server refuses what is too much for it.
        new.client.config_set("maxmemory", new.client.info("memory")["used_memory"] + 4_000_000)
        status, said = await outcome("--from", here, "--to", there)
        assert status == 1
        assert 0 < new.client.dbsize() < 5_000
        new.client.config_set("maxmemory", 0)
        status, said = await outcome("--from", here, "--to", there)
        assert (status, "--resume" in said) == (1, True)
        before = new.client.dbsize()
        status, said = await outcome("--from", here, "--to", there, "--resume")
        assert (status, said.splitlines()[-1]) == (0, "alike")
        assert f"{5_004 - before:,} written" in said
        assert new.client.xrange("cs:{p03}:outbox") == [(b"5-1", {b"kind": b"void"})]
        left = [each.client.pttl("cs:{p03}:history:shop:u1") for each in (old, new)]
        assert abs(left[0] - left[1]) < 60_000
        assert not new.client.exists("somebody:else")
        new.client.hset("cs:{p03}:binding:shop:u7", "openid", "another")
        assert (await outcome("--from", here, "--to", there, "--dry-run"))[0] == 3
        listening = redis.Redis(port=old.port).pubsub()
        listening.subscribe("cs:changed")
        listening.get_message(timeout=5)
        status, said = await outcome("--from", here, "--to", there, "--resume")
        assert (status, "a service is running on" in said) == (1, True)
        listening.close()
