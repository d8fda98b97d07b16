"""A notice that waits for another attempt delays nothing else of its account, and is looked at again in its turn."""

import asyncio

import pytest

from codesvc.delivery.pace import Pace
from codesvc.service.personal_data import PersonalData
from codesvc.web.context import SERVICES
from tests.relay.test_contacts import outbox
from tests.stores import until

PATH = "/cgi-bin/message/custom/send"


@pytest.fixture
def paused():
    """A courier's pauses of a second or more, which end when the test says so."""
    return Paused()


class Paused:
    def __init__(self):
        self.go, self.waiting = asyncio.Event(), []

    async def __call__(self, seconds):
        if seconds < 1:
            return await asyncio.sleep(seconds)
        self.waiting.append(seconds)
        return await self.go.wait()


async def with_a_notice_that_waits(world, paused):
    """A person whom WeChat has refused the notice that they are unbound, for the moment."""
    person = await world.person()
    await person.say("hello")
    await world.control("POST", "/faults", {"kind": "errcode", "path": PATH, "errcode": -1, "times": 1})
    assert (await world.bind("bob", person)).status == 201
    assert (await world.call("DELETE", "/v1/bindings/bob")).status == 204
    await until(lambda: paused.waiting)
    return person


async def test_a_code_leaves_while_a_notice_waits_for_another_attempt(new_world, paused):
    async with new_world(pace=Pace(sleep=paused, most_per_account=1)) as world:
        owner = await world.bound("alice")
        person = await with_a_notice_that_waits(world, paused)
        before = len(await person.messages())
        await world.start("alice")
        await owner.wait_for_push()
        assert len(await person.messages()) == before
        paused.go.set()
        await person.wait_for_more(before)


async def test_who_is_erased_while_a_notice_to_them_waits_gets_no_notice(new_world, paused, valkey):
    async with new_world(pace=Pace(sleep=paused, most_per_account=1)) as world:
        person = await with_a_notice_that_waits(world, paused)
        before, here = len(await person.messages()), world.app[SERVICES]
        data = PersonalData(here.store, here.directory.sites["shop"])
        await data.erase(await data.person("bob"))
        paused.go.set()
        await until(lambda: outbox(valkey) == 0)
        assert len(await person.messages()) == before
