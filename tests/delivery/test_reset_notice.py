"""Every finished reset is told to the bound WeChat, as far as a channel reaches it (DESIGN rule 6)."""

import pytest

from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID
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


@pytest.mark.parametrize("templated", [True, False])
async def test_it_is_told_by_template_or_inside_the_window_by_message(new_world, templated):
    async with new_world(**(NOTICE if templated else {})) as world:
        owner = await world.bound("alice")
        await owner.say("hello")
        started = await world.start("alice", "reset")
        before = len(await owner.messages())
        code = await owner.wait_for_push()
        assert (await world.check(started, code)).status == 200
        told = await owner.wait_for_more(before + 1)
        assert told["type"] == ("template" if templated else "text")
        assert not discloses(str(told), code)
        assert started["reference"] in str(told)


async def test_a_sign_up_is_not(world):
    owner = await world.bound("alice")
    await owner.say("hello")
    started = await world.start("alice", "register")
    code = await owner.wait_for_push()
    count = len(await owner.messages())
    assert (await world.check(started, code)).status == 200
    await world.control("POST", "/settle")
    assert len(await owner.messages()) == count
