"""`users_per_wechat = "many"` has an end: what a scan costs grows with the users that the WeChat has on the site."""

import pytest

from codesvc.domain.binding import MOST_USERS
from codesvc.domain.intent import IntentId
from codesvc.web.context import SERVICES
from tests.people.asks import bind_intent, login, read, reply, scan

MANY = {"sites__shop__users_per_wechat": "many"}


@pytest.fixture
async def full(new_world):
    """A person with as many users as there may be."""
    async with new_world(**MANY) as world:
        person = await world.person()
        for number in range(MOST_USERS):
            assert (await put(world, f"u-{number:02}", person)).status == 201
        yield world, person


def put(world, user, person, **more):
    return world.call("PUT", f"/v1/bindings/{user}", {"openid": person.openid} | more)


async def test_one_more_is_refused_in_words_and_unbinding_makes_room(full):
    world, person = full
    refused = await put(world, "one-more", person)
    assert (refused.status, refused.problem) == (409, "binding-conflict")
    assert str(MOST_USERS) in refused.text
    assert (await put(world, "one-more", person, replace=True)).status == 409
    assert (await world.call("GET", "/v1/bindings/one-more")).status == 404
    # The same again is no new one; what is there stays and can be undone.
    assert (await put(world, "u-00", person)).status == 200
    assert (await world.call("DELETE", "/v1/bindings/u-00")).status == 204
    assert (await put(world, "one-more", person)).status == 201


async def test_the_person_who_scans_is_told(full):
    world, person = full
    started = await bind_intent(world, "one-more")
    await scan(world, person, started)
    assert "已绑定 50 个账号，不能再绑定更多" in await reply(person, "确认")
    assert (await read(world, started))["status"] == "conflict"


async def test_a_scan_reads_no_more_than_that_where_there_are_more_from_before(full, valkey):
    world, person = full
    [owners] = valkey.keys(f"*:owners:shop:{person.openid}")
    valkey.sadd(owners, *(f"x-{number:04}" for number in range(3_000)))
    started = await login(world)
    asked = await scan(world, person, started)
    assert "9. u***" in asked
    here = world.app[SERVICES]
    kept = (await here.intents.get(here.directory.sites["shop"], IntentId.parse(started["id"]))).intent
    assert len(kept.choices) == MOST_USERS
    # Nothing is lost: each of them can still be unbound and read.
    assert valkey.scard(owners) == MOST_USERS + 3_000
    assert (await put(world, "one-more", person)).status == 409
