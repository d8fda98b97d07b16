"""The audit log: a line for every change of a binding and every administrative act, and nobody in clear."""

import pytest

from codesvc.mask import masked_user
from codesvc.service.auditing import Auditing
from codesvc.store.keys import PARTITIONS
from codesvc.web.services import SERVICES


async def log(world):
    """Newest first: actor, act, user, detail."""
    lines = await Auditing(world.app[SERVICES].store, range(PARTITIONS)).latest()
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
    told = str(await world.app[SERVICES].auditing.latest())
    for secret in ("alice-0815", first.openid, second.openid):
        assert secret not in told
    assert masked_user(second.openid) in told


async def test_what_the_person_does_is_the_chats(world):
    person = await world.person()
    started = await world.call("POST", "/v1/bind-intents", {"user": "bob", "client_ip": "192.0.2.1"})
    await person.say(started["scan"]["word"])
    await person.say("确认")
    assert (await log(world))[0] == ("chat", "binding.made", "b***", "intent")


async def test_an_administrative_act_leaves_a_line_with_its_reason(world):
    here = world.app[SERVICES]
    site = here.directory.sites["shop"]
    await world.call("DELETE", "/v1/users/carol-1/guesses")
    await here.bindings.lift_guesses(site, "carol-1", actor="admin:lan", reason="she called")
    newest, before = await here.auditing.latest(most=2)
    assert (newest.actor, newest.act, newest.user) == ("admin:lan", "guesses.lifted", "c***1")
    assert newest.reason == "she called"
    assert (before.actor, before.reason) == ("key:server", "")


@pytest.mark.parametrize("user", ["a", "abcd", "abcde", "abcdefgh", "wang@example.com", "a@b@c", "x" * 128])
async def test_the_scripts_mask_as_the_chat_does(world, user):
    await world.bind(user, await world.person())
    assert (await log(world))[0][2] == masked_user(user)


async def test_the_log_is_bounded_and_follows_the_clock(world, valkey):
    await world.bound("dora")
    await world.advance(3600)
    await world.call("DELETE", "/v1/bindings/dora")
    newer, older = await world.app[SERVICES].auditing.latest(most=2)
    assert 3_600_000 <= int(newer.at) - int(older.at) < 3_700_000
    assert await world.app[SERVICES].auditing.latest(since=int(newer.at)) == [newer]
    assert await world.app[SERVICES].auditing.latest(before=int(newer.at), most=1) == [older]
    [key] = [key for key in valkey.scan_iter() if key.endswith(b":audit")]
    assert 399 * 86_400 < valkey.ttl(key) <= 400 * 86_400
