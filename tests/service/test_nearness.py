"""Who is an operator says so: by `admin.listen` or by a key. A proxy on this machine is a stranger, too."""

import aiohttp
import pytest

from codesvc.config.api_keys import hash_line
from tests.stores import free_port
from tests.world import KEY, OPERATOR_KEY, OTHER_KEY, document, running_world

ADMIN_KEY = "csk_admin_" + "a" * 43
READER = {"keys": [{"name": "prometheus", "hash": hash_line(ADMIN_KEY), "scopes": ["read"]}]}


@pytest.mark.parametrize("headers", [{}, {"Host": "127.0.0.1"}, {"Via": "1.1 proxy"}, {"X-Real-IP": "203.0.113.9"}])
async def test_loopback_is_no_operator(world, headers):
    answer = await world.call("GET", "/metrics", key=None, headers=headers)
    assert (answer.status, answer.problem) == (401, "unauthenticated")
    ready = await world.call("GET", "/readyz", key=None, headers=headers)
    assert ready.status == 200
    assert "components" not in ready.json


async def seen_by(world, key):
    """The status of the numbers, and whether the components are shown."""
    numbers, ready = await world.call("GET", "/metrics", key=key), await world.call("GET", "/readyz", key=key)
    assert ready.status == 200
    return numbers.status, "components" in ready.json


@pytest.mark.parametrize(("key", "status"), [(OPERATOR_KEY, 200), (OTHER_KEY, 403), ("csk_shop_" + "x" * 43, 401)])
async def test_a_key_for_it_is_one(world, key, status):
    assert await seen_by(world, key) == (status, status == 200)


async def test_the_numbers_of_several_sites_are_not_for_one_of_them(world):
    """They move with what happens to single users, so that one site would learn who is bound at another."""
    assert await seen_by(world, KEY) == (403, False)
    refused = await world.call("GET", "/metrics")
    assert (refused.problem, refused["scope"]) == ("forbidden", "read")
    assert "several sites" in refused["detail"]


async def test_the_only_site_may_read_its_own_numbers(store_url, tmp_path):
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:1")["sites"]
    async with running_world(store_url, tmp_path, sites={"shop": tables["shop"]}) as world:
        assert await seen_by(world, KEY) == (200, True)


async def test_an_admin_key_that_may_read_is_enough_for_prometheus(new_world):
    async with new_world(admin=READER) as world:
        assert (await world.call("GET", "/metrics", key=ADMIN_KEY)).status == 200
        assert "components" in (await world.call("GET", "/readyz", key=ADMIN_KEY)).json
        assert (await world.call("DELETE", "/v1/users/alice/guesses", key=ADMIN_KEY)).status == 401
    other = {"keys": [READER["keys"][0] | {"scopes": ["sites"]}]}
    async with new_world(admin=other) as world:
        assert (await world.call("GET", "/metrics", key=ADMIN_KEY)).status == 403


async def test_who_comes_by_the_operators_listener_needs_no_key(new_world, tmp_path):
    path = tmp_path / "admin.sock"
    async with (
        new_world(admin={"listen": f"unix:{path}"}) as world,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as near,
    ):
        async with near.get("http://localhost/metrics") as answer:
            assert "codesvc_store_up" in await answer.text()
        async with near.get("http://localhost/readyz") as answer:
            assert (await answer.json())["components"]
        # A key that was sent and is wrong says nothing here.
        assert (await world.call("GET", "/metrics", key=None)).status == 401


@pytest.mark.parametrize("listening", ["unix", "tcp"])
async def test_a_page_of_a_name_that_turns_out_to_be_this_machine_is_no_operator(new_world, tmp_path, listening):
    """DNS rebinding: to the operator's browser such a page is of one origin with the listener, and may read answers."""
    port = free_port()
    path, tcp = tmp_path / "admin.sock", f"127.0.0.1:{port}"
    listen, at = (f"unix:{path}", "codesvc") if listening == "unix" else (tcp, tcp)
    connector = aiohttp.UnixConnector(str(path)) if listening == "unix" else None
    own = ["127.0.0.1", "[::1]", "localhost", "admin.localhost", "10.1.2.3"]
    # A neighbour in the operator's network answers for names that no public DNS has (mDNS, LLMNR, a search domain).
    neighbours = ["evil.local", "evil.internal", "evil.lan", "evil", "codesvc", "localhost.local", "xlocalhost"]
    async with (
        new_world(admin={"listen": listen}, service__public_url="https://code.example.com", mode="test"),
        aiohttp.ClientSession(connector=connector) as near,
    ):

        async def status(host):
            async with near.get(f"http://{at}/metrics", headers={"Host": host}) as answer:
                return answer.status

        for host in [*own, "code.example.com"]:
            assert await status(f"{host}:{port}") == 200, host
        for host in (
            "evil.example",
            "EVIL.example.",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "x.y:z",
            *neighbours,
        ):
            assert await status(host) == 401, host
            assert await status(f"{host}:{port}") == 401, host
