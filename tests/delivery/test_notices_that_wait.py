"""A notice that waits for another attempt delays nothing else of its account."""

import asyncio

from codesvc.delivery.pace import Pace
from tests.stores import until

PATH = "/cgi-bin/message/custom/send"


async def test_a_code_leaves_while_a_notice_waits_for_another_attempt(new_world):
    go, waiting = asyncio.Event(), []

    async def sleep(seconds):
        if seconds < 1:
            return await asyncio.sleep(seconds)
        waiting.append(seconds)
        return await go.wait()

    async with new_world(pace=Pace(sleep=sleep, most_per_account=1)) as world:
        person, owner = await world.person(), await world.bound("alice")
        await person.say("hello")
        await world.control("POST", "/faults", {"kind": "errcode", "path": PATH, "errcode": -1, "times": 1})
        assert (await world.bind("bob", person)).status == 201
        assert (await world.call("DELETE", "/v1/bindings/bob")).status == 204
        await until(lambda: waiting)
        before = len(await person.messages())
        await world.start("alice")
        await owner.wait_for_push()
        assert len(await person.messages()) == before
        go.set()
        await person.wait_for_more(before)
