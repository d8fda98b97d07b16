"""A site without addresses: nobody ends another person's verification, and the number that is live stays bounded."""

import asyncio

import pytest

from codesvc.domain.verification import MOST_KEPT
from tests.service.inside import code_of

FREE = {"site_starts": "none", "user_pushes": "none", "openid_pushes": "none", "user_guesses": "none"}
PURPOSES = ["register", "reset"]


@pytest.fixture
async def blind(new_world):
    async with new_world(sites__shop__client_ip="none", sites__shop__limits=FREE) as world:
        yield world


async def stranger(world, times, purpose="reset", *, opens=False, pause=0):
    started = []
    for _ in range(times):
        await world.advance(pause)
        started.append(await world.start("alice", purpose, ip=None))
        assert started[-1].status == 201
        if opens:
            assert (await world.page("GET", started[-1], "/state")).status == 200
    return started


async def live(world, started):
    return [one for one in started if (await world.get(one))["status"] == "pending"]


def ways():
    """How the owner's page shows itself: the hosted page, the widget, the QR code on a page of the site's own."""
    return ["page", "state", "events", "qr", "scan"]


async def show(world, started, way):
    match way:
        case "page":
            answer = await world.page("GET", started, headers={"Accept": "text/html"})
        case "state":
            answer = await world.page("GET", started, "/state")
        case "qr":
            answer = await world.page("GET", started, "/qr.svg")
        case "scan":
            answer = await world.call("GET", f"/v1/verifications/{started['id']}/scan")
        case "events":
            url = f"{world.service}/p/{started['page_token']}/events"
            async with world.http.get(url) as stream:
                await stream.content.readline()
            return
    assert answer.status == 200


@pytest.mark.parametrize("way", ways())
@pytest.mark.parametrize("opens", [False, True])
async def test_an_opened_one_is_not_ended_by_others_in_its_first_minute(blind, way, opens):
    mine = await blind.start("alice", "reset", ip=None)
    await show(blind, mine, way)
    others = await stranger(blind, 30, opens=opens)
    assert (await blind.get(mine))["status"] == "pending"
    assert len(await live(blind, others)) <= MOST_KEPT + 1
    await blind.advance(55)
    await stranger(blind, 5, opens=opens)
    assert (await blind.get(mine))["status"] == "pending"


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_one_whose_code_was_sent_is_not_ended_in_its_first_minute(blind, purpose):
    owner = await blind.bound("alice")
    mine = await blind.start("alice", purpose, ip=None)
    code = await owner.wait_for_push()
    others = await stranger(blind, 30, purpose)
    assert (await blind.get(mine))["status"] == "pending"
    assert len(await live(blind, others)) <= MOST_KEPT + 3
    assert (await blind.check(mine, code)).status == 200


async def test_of_those_that_nobody_looked_at_the_oldest_goes_first(blind):
    first, second, third = await stranger(blind, 3, pause=3)
    await show(blind, second, "state")
    await blind.advance(61)
    [fourth] = await stranger(blind, 1)
    assert await live(blind, [first, second, third, fourth]) == [second, third, fourth]
    [fifth] = await stranger(blind, 1)
    assert await live(blind, [second, third, fourth, fifth]) == [second, fourth, fifth]


async def test_after_a_minute_shown_ones_end_too_so_that_few_stay(blind):
    shown = await stranger(blind, 10, "register", opens=True)
    assert len(await live(blind, shown)) == 10
    await blind.advance(61)
    [fresh] = await stranger(blind, 1, "register")
    assert await live(blind, shown) == shown[-2:]
    assert (await blind.get(fresh))["status"] == "pending"


async def test_a_stranger_takes_nobody_s_message(new_world):
    """There is no double click without an address: it could be anybody's."""
    async with new_world(
        service__push_delay=1.0, sites__shop__client_ip="none", sites__shop__limits={"site_starts": "none"}
    ) as world:
        owner = await world.bound("alice")
        mine = await world.start("alice", "reset", ip=None)
        await stranger(world, 2)
        await owner.wait_for_push(3)
        assert code_of(world, mine) in await owner.pushed_codes()


async def test_past_the_limit_of_pushes_the_newest_message_is_good(new_world):
    limits = {"site_starts": "none", "user_pushes": ["3/hour"]}
    async with new_world(sites__shop__client_ip="none", sites__shop__limits=limits) as world:
        owner = await world.bound("alice")
        started = await asyncio.gather(*(world.start("alice", "reset", ip=None) for _ in range(10)))
        code = await owner.wait_for_push(3)
        assert code in [code_of(world, one) for one in await live(world, started)]
        await world.advance(100)
        started += await stranger(world, 10)
        assert code in [code_of(world, one) for one in await live(world, started)]


@pytest.mark.parametrize("bound", [False, True])
async def test_which_one_ends_says_nothing_of_the_binding(new_world, bound):
    """Rule 7: the same story, and the same ones are superseded, whether the user is bound or not."""
    async with new_world(sites__shop__client_ip="none", sites__shop__limits={"site_starts": "none"}) as world:
        if bound:
            owner = await world.bound("alice")
        started = await stranger(world, 12, pause=3)
        if bound:
            await owner.wait_for_push(5)
        await world.advance(61)
        started += await stranger(world, 3)
        kept = [started.index(one) for one in await live(world, started)]
        assert kept == [4, 13, 14]


async def test_a_claimed_one_stays_whatever_others_do(blind):
    owner = await blind.bound("alice")
    mine = await blind.start("alice", "reset", ip=None)
    await owner.say(mine["scan"]["keyword"])
    await blind.advance(100)
    await stranger(blind, 30, opens=True)
    assert (await blind.check(mine, code_of(blind, mine))).status == 200
