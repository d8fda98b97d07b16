"""A callback acts once: WeChat repeats it without an answer, and whoever reads the line can send its bytes again."""

import pytest

from tests.people.asks import bind_by_scan, bind_intent, binding, login, read, reply, scan, status, wait_for_text
from tests.service.callbacks import push_of, sealed, send
from tests.world import OTHER_KEY


class Callback:
    """One push, which can be delivered again with the same bytes."""

    def __init__(self, world, person, **what):
        self._world = world
        self._sealed = sealed(
            world.platform.default_account, push_of(world.platform.default_account, person.openid, **what)
        )

    async def deliver(self):
        """Deliver it; the length of the reply, which is encrypted anew each time."""
        answer = await send(self._world, *self._sealed)
        assert answer.status == 200, answer.text
        return len(answer.text)


async def reachable(world, user):
    return (await binding(world, user))["reachable"]


@pytest.mark.parametrize("text", ["确认", "不是我", "取消", "1"])
async def test_what_answered_nothing_answers_nothing_that_is_asked_later(world, text):
    person, said = await world.bound("alice"), None
    early = Callback(world, person, text=text)
    said = await early.deliver()
    started = await login(world)
    await scan(world, person, started)
    assert await early.deliver() == said
    assert await status(world, started) == "scanned"
    assert "登录成功" in await reply(person, "确认")


async def test_a_repeated_scan_does_not_become_the_question_that_a_yes_answers(world):
    person = await world.bound("alice")
    first, second = await login(world), await login(world)
    again = Callback(world, person, text=first["scan"]["keyword"])
    await again.deliver()
    await scan(world, person, second)
    await again.deliver()
    await reply(person, "确认")
    assert (await status(world, first), await status(world, second)) == ("scanned", "approved")
    # A person who scans once more is asked once more.
    await person.say(first["scan"]["keyword"])
    await reply(person, "确认")
    assert await status(world, first) == "approved"


async def test_a_repeated_yes_that_only_led_to_a_choice_decides_nothing_when_one_account_is_left(new_world):
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person = await world.person()
        for user in ("alice", "bob"):
            await bind_by_scan(world, user, person)
        started = await login(world)
        await scan(world, person, started)
        yes = Callback(world, person, text="确认")
        said = await yes.deliver()
        await world.call("DELETE", "/v1/bindings/bob")
        assert (await yes.deliver(), await status(world, started)) == (said, "scanned")


async def test_who_follows_again_is_not_made_unreachable_by_a_repeated_unsubscribe(world):
    person = await world.bound("alice")
    left = Callback(world, person, event="unsubscribe")
    await left.deliver()
    assert not await reachable(world, "alice")
    await person.unfollow()
    await person.follow()
    assert await reachable(world, "alice")
    # Two events of a person can share a second. This one is told from a repeat by when it comes.
    await left.deliver()
    assert not await reachable(world, "alice")
    await person.unfollow()
    await person.follow()
    await world.advance(10)
    await left.deliver()
    assert await reachable(world, "alice")


async def test_a_repeated_revocation_does_not_delete_what_was_bound_since(world):
    person = await world.bound("alice")
    revoked = Callback(world, person, event="user_authorization_revoke", OpenID=person.openid, RevokeInfo="1")
    await revoked.deliver()
    assert (await binding(world, "alice")).status == 404
    await bind_by_scan(world, "alice", person)
    await revoked.deliver()
    assert (await binding(world, "alice"))["openid"] == person.openid


async def test_consent_to_a_move_that_nobody_asked_for_counts_for_no_later_question(world):
    old, new = await world.bound("alice"), await world.person()
    started = await bind_intent(world)
    early = Callback(world, old, text=f"同意换绑{started['reference']}")
    said = await early.deliver()
    await scan(world, new, started)
    await reply(new, "确认")
    await wait_for_text(old, "同意换绑")
    assert await early.deliver() == said
    assert (await binding(world, "alice"))["openid"] == old.openid
    agreed = Callback(world, old, text=f"同意换绑{started['reference']}")
    said = await agreed.deliver()
    assert (await agreed.deliver(), (await binding(world, "alice"))["openid"]) == (said, new.openid)


async def test_a_neighbours_question_about_a_move_does_not_keep_the_own_one_away(world):
    old, new, other = await world.bound("alice"), await world.person(), await world.person()
    await world.call("PUT", "/v1/bindings/nora", {"openid": old.openid}, key=OTHER_KEY)
    theirs = await bind_intent(world, "nora", key=OTHER_KEY)
    await person_confirms(other, theirs)
    ours = await bind_intent(world)
    while ours["reference"] == theirs["reference"]:  # once in 361 times; then the second question is not asked
        ours = await bind_intent(world)
    await person_confirms(new, ours)
    await wait_for_text(old, ours["reference"])
    await reply(old, f"同意换绑{ours['reference']}")
    assert await status(world, ours) == "bound"
    # Each question keeps its own answer.
    assert (await binding(world, "nora", key=OTHER_KEY))["openid"] == old.openid
    await reply(old, f"同意换绑{theirs['reference']}")
    assert (await read(world, theirs, key=OTHER_KEY))["status"] == "bound"


async def person_confirms(person, started):
    await person.say(started["scan"]["keyword"])
    await reply(person, "确认")
