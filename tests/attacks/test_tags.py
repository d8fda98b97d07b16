"""A tag stands for a WeChat in histories and webhooks. Whoever knows an openid cannot compute it."""

from hashlib import sha1

import pytest

from tests.world import OTHER_KEY


def guesses(openid):
    """What a neighbour, who has the same openid from its own scope, could try."""
    for text in (f"shop/{openid}", f"cafe/{openid}", openid, f"shop:{openid}"):
        yield sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]


async def history(world, user):
    return (await world.call("GET", f"/v1/bindings/{user}/history"))["history"]


async def test_a_neighbour_cannot_compute_a_tag(world):
    first, second = await world.bound("alice"), await world.person()
    await world.bind("alice", second, replace=True)
    await world.call("DELETE", "/v1/bindings/alice")
    lines = await history(world, "alice")
    tags = [line["wechat"] for line in lines]
    assert len(tags) == 3
    assert tags[1] == tags[2] != tags[0]
    assert lines[1]["from"] == tags[0]
    for tag in tags:
        assert tag not in {*guesses(first.openid), *guesses(second.openid)}
    # The binding's own tag is that of the history, and of this site only.
    await world.bind("alice", second)
    assert (await world.call("GET", "/v1/bindings/alice"))["wechat"] == tags[2]
    await world.bind("alice", second, key=OTHER_KEY)
    assert (await world.call("GET", "/v1/bindings/alice", key=OTHER_KEY))["wechat"] != tags[2]


@pytest.mark.parametrize("master", ["another master key that is only for tests, 9876543210zyxwvu"])
async def test_a_tag_lasts_as_long_as_the_master_key(new_world, master):
    async with new_world() as world:
        person = await world.bound("alice")
        tag = (await world.call("GET", "/v1/bindings/alice"))["wechat"]
    async with new_world() as world:
        assert (await world.call("GET", "/v1/bindings/alice"))["wechat"] == tag
    async with new_world(secrets__master_key=master) as world:
        assert (await world.call("GET", "/v1/bindings/alice"))["wechat"] != tag
        await world.call("DELETE", "/v1/bindings/alice")
        await world.bind("alice", person)
        first, second, third = await history(world, "alice")
        assert first["wechat"] == second["wechat"] == third["wechat"] != tag
