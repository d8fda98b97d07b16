"""Every finished reset is told to the bound WeChat, as far as a channel reaches it (DESIGN rule 6)."""

import pytest

from codesvc.delivery.courier import MOST_REFUSALS
from codesvc.delivery.pace import Pace
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID
from tests.delivery.test_batches import keys_of
from tests.stores import until
from tests.world import discloses

NOTICE = {
    "accounts__main__messages__reset_done": {
        "template_id": CATEGORY_TEMPLATE_ID,
        "fields": {
            "character_string1": "{{ reference }}",
            "thing2": "{{ site }}",
            "time3": "{{ now_at }}",
            "thing4": "-",
        },
    },
}


async def reset_begun(world):
    """Somebody who has written to the account lately, their reset, and its code, which has arrived."""
    owner = await world.bound("alice")
    await owner.say("hello")
    started = await world.start("alice", "reset")
    return owner, started, await owner.wait_for_push()


@pytest.mark.parametrize("templated", [True, False])
async def test_it_is_told_by_template_or_inside_the_window_by_message(new_world, templated):
    async with new_world(**(NOTICE if templated else {})) as world:
        owner, started, code = await reset_begun(world)
        before = len(await owner.messages())
        assert (await world.check(started, code)).status == 200
        told = await owner.wait_for_more(before)
        assert told["type"] == ("template" if templated else "text")
        assert not discloses(str(told), code)
        assert started["reference"] in str(told)


@pytest.mark.parametrize("templated", [True, False])
async def test_it_is_told_after_an_answer_that_held_for_the_moment_only(new_world, templated):
    async with new_world(**(NOTICE if templated else {})) as world:
        owner, started, code = await reset_begun(world)
        before = len(await owner.messages())
        path = "message/template/send" if templated else "message/custom/send"
        await world.control(
            "POST", "/faults", {"kind": "errcode", "path": f"/cgi-bin/{path}", "errcode": -1, "times": 1}
        )
        assert (await world.check(started, code)).status == 200
        told = await owner.wait_for_more(before)
        assert started["reference"] in str(told)


async def test_it_is_given_up_after_so_many_refusals(new_world, valkey):
    async with new_world(**NOTICE, pace=Pace(pauses=(0.01,), trials=(0.05, 0.05))) as world:
        owner = await world.bound("alice")
        started = await world.start("alice", "reset")
        code = await owner.wait_for_push()
        path = "/cgi-bin/message/template/send"
        before = len(world.platform.journal.entries("api", path=path))
        await world.control("POST", "/faults", {"kind": "errcode", "path": path, "errcode": -1})
        assert (await world.check(started, code)).status == 200
        await until(lambda: valkey.xlen(keys_of(world).outbox) == 0)
        assert len(world.platform.journal.entries("api", path=path)) - before == MOST_REFUSALS


async def test_a_sign_up_is_not(world):
    owner = await world.bound("alice")
    await owner.say("hello")
    started = await world.start("alice", "register")
    code = await owner.wait_for_push()
    count = len(await owner.messages())
    assert (await world.check(started, code)).status == 200
    await world.control("POST", "/settle")
    assert len(await owner.messages()) == count
