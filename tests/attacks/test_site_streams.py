"""A site opens event streams without end: what its neighbours have then, and how it goes on itself."""

from __future__ import annotations

import asyncio
import resource
from contextlib import AsyncExitStack

import pytest

from codesvc.client import Client
from codesvc.web.event_streams import stream as streaming
from codesvc.web.event_streams.bounds import MOST_OF_KEYS, MOST_OF_ONE, StreamBounds, most_of_keys
from tests.service.streams import events_of, listening, page_events_of
from tests.stores import until
from tests.world import KEY, OTHER_KEY

TURNED_AWAY = b"retry: 5000\n\n"


@pytest.fixture
async def many(new_world):
    async with new_world(sites__shop__limits={"address_starts": "none"}) as world:
        yield world


def of(world, started, key):
    return listening(world, f"/v1/verifications/{started['id']}/events", key=key)


async def is_turned_away(stream):
    """Whether the stream ends after its state, and says when to come back."""
    assert (await stream.next())["status"] == "pending"
    return await asyncio.wait_for(stream.response.content.read(), 20) == TURNED_AWAY


async def test_keys_open_so_many_streams_of_one_verification(many):
    started, other = await many.start("u-1"), await many.start("u-2")
    async with AsyncExitStack() as crowd:
        for _ in range(MOST_OF_ONE):
            await (await crowd.enter_async_context(events_of(many, started))).next()
        assert await is_turned_away(await crowd.enter_async_context(events_of(many, started)))
        # Its page and the site's other verifications do not notice.
        for opened in (page_events_of(many, started), events_of(many, other)):
            stream = await crowd.enter_async_context(opened)
            await stream.next()
        await many.cancel(other)
        assert (await stream.next())["status"] == "canceled"
    streams = many.app[streaming._STREAMS]
    await until(lambda: not len(streams))
    assert not streams.bounds._open
    assert not streams.bounds._of_keys


async def test_a_site_gets_no_more_streams_than_its_neighbours_may_still_open(many):
    many.app[streaming._STREAMS].bounds.most_of_keys = 8
    started = [await many.start(f"u-{number}") for number in range(5)]
    neighbour = [await many.start(f"n-{number}", key=OTHER_KEY) for number in range(3)]
    async with AsyncExitStack() as crowd:

        async def opened(verification, key):
            return await crowd.enter_async_context(of(many, verification, key))

        for each in started[:4]:
            assert (await (await opened(each, KEY)).next())["status"] == "pending"
        assert await is_turned_away(await opened(started[4], KEY))
        for each in neighbour[:2]:
            assert (await (await opened(each, OTHER_KEY)).next())["status"] == "pending"
        assert await is_turned_away(await opened(neighbour[2], OTHER_KEY))


def test_the_keys_of_all_sites_take_at_most_a_quarter_of_the_descriptors():
    assert most_of_keys() == min(MOST_OF_KEYS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)


def test_one_site_has_half_and_of_many_each_has_some():
    bounds = StreamBounds()
    bounds.most_of_keys = 100
    held = [sum(bounds.take(f"vf-{number}", site) for number in range(100)) for site in ("a", "b", "c", "d")]
    assert held == [50, 25, 13, 6]


async def test_a_watch_of_the_client_goes_on_without_a_stream(many):
    many.app[streaming._STREAMS].bounds.most_of_keys = 0
    started, waits = await many.start(), []

    async def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            await many.cancel(started)

    async with Client(many.service, KEY, sleep=sleep) as client:
        assert [state.status async for state in client.watch(started["id"])] == ["pending", "canceled"]
    assert waits == [5.0, 5.0]
