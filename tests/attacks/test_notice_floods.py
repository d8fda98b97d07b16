"""Notices about bindings that a site's key, or whoever leads a person on, causes without end."""

import pytest

from codesvc.web.context import SERVICES
from tests.people.asks import bind_by_scan, reply
from tests.world import KEY, OTHER_KEY

DAY = 86_400
MOST = 10


@pytest.fixture
def queued(world, valkey):
    """How many jobs have been queued for the account's people. Each is queued by the script that is its cause."""
    outbox = world.app[SERVICES].directory.sites["shop"].store_keys.outbox

    def count():
        return valkey.xinfo_stream(outbox)["entries-added"] if valkey.exists(outbox) else 0

    return count


async def bound_and_unbound(world, person, times, *, key=KEY, user="x"):
    for _ in range(times):
        assert (await world.bind(user, person, key=key)).status == 201
        assert (await world.call("DELETE", f"/v1/bindings/{user}", key=key)).status == 204


async def test_a_key_does_not_send_one_person_a_notice_for_each_binding(world, queued):
    person, other = await world.person(), await world.person()
    await bound_and_unbound(world, person, MOST + 5)
    assert queued() == MOST
    await bound_and_unbound(world, other, 1)
    assert queued() == MOST + 1, "the limit is one person's"
    await world.advance(DAY - 60)
    await bound_and_unbound(world, person, 1, user="another")
    assert queued() == MOST + 1, "the limit is for all users of the site"
    await world.advance(61)
    await bound_and_unbound(world, person, 1)
    assert queued() == MOST + 2


async def test_a_neighbour_and_harmless_notices_use_up_nothing_of_the_one_that_an_owner_needs(world, queued):
    person, thief = await world.bound("alice"), await world.person()
    await bound_and_unbound(world, person, MOST + 1, key=OTHER_KEY)
    assert queued() == MOST
    assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
    await bound_and_unbound(world, person, MOST)
    assert queued() == 2 * MOST
    assert (await world.bind("alice", person)).status == 201
    assert (await world.bind("alice", thief, replace=True)).status == 201
    assert queued() == 2 * MOST + 1


async def test_who_has_muted_messages_is_told_once_of_each_kind(world, queued):
    person = await world.person()
    await bound_and_unbound(world, person, 2)
    await reply(person, "不是我")
    before = queued()
    await bound_and_unbound(world, person, 2)
    assert queued() == before, "a notice of this kind has come already"
    thief = await world.person()
    for _ in range(2):
        assert (await world.bind("alice", person, replace=True)).status in {200, 201}
        assert (await world.bind("alice", thief, replace=True)).status in {200, 201}
    assert queued() == before + 1 + 1, "the thief's WeChat lost the user once"
    await world.advance(DAY + 1)
    await bound_and_unbound(world, person, MOST + 1)
    assert queued() == before + 2 + MOST


async def test_a_question_about_a_move_that_is_not_sent_is_not_asked(world, queued, valkey):
    owner = await world.person()
    await bind_by_scan(world, "alice", owner)
    open_question = world.app[SERVICES].directory.sites["shop"].store_keys.account + f"moving:{owner.openid}"
    for number in range(MOST + 2):
        before, earlier = queued(), valkey.get(open_question)
        started = await bind_by_scan(world, "alice", await world.person())
        assert (started["status"], started["conflict"]) == ("conflict", "user")
        asked = valkey.get(open_question) != earlier
        assert (queued() - before, asked) == ((1, True) if number < MOST else (0, False)), number
        await world.advance(3_600)
