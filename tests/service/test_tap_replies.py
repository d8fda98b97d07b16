"""Answers that send themselves when they are tapped, behind a setting (KINDS.md section 6)."""

import re
from urllib.parse import unquote

from tests.kinds import world_of
from tests.people.asks import bind_intent, login, read, reply, status

TAP = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=([^"&]+)&msgmenuid=\d+">([^<]+)</a>')


def taps(text):
    """What each link sends; what it shows is the same."""
    found = [(unquote(sent), shown) for sent, shown in TAP.findall(text)]
    assert all(sent == shown for sent, shown in found)
    return [sent for sent, _ in found]


async def test_off_by_default(new_world):
    async with world_of(new_world, "unverified_subscription") as world:
        assert not taps(await reply(await world.person(), (await bind_intent(world))["scan"]["keyword"]))


async def test_a_tap_decides(new_world):
    async with world_of(new_world, "unverified_subscription", accounts__main__tap_replies=True) as world:
        person, started = await world.person(), await bind_intent(world)
        yes, no = taps(await reply(person, started["scan"]["keyword"]))
        assert (yes, no) == ("确认", "不是我")
        await reply(person, yes)
        assert await status(world, started) == "bound"
        asked = await login(world)
        await reply(person, taps(await reply(person, asked["scan"]["keyword"]))[1])
        assert (await read(world, asked))["status"] == "declined"


async def test_each_account_has_a_tap_of_its_own(new_world):
    changes = {"accounts__main__tap_replies": True, "sites__shop__users_per_wechat": "many"}
    async with world_of(new_world, "unverified_subscription", **changes) as world:
        person = await world.bound("alice")
        assert (await world.bind("bob", person)).status == 201
        asked = await login(world)
        offered = taps(await reply(person, asked["scan"]["keyword"]))
        assert offered == ["1", "2", "不是我"]
        await reply(person, offered[1])
        assert (await read(world, asked))["user"] in {"alice", "bob"}
