"""The subscription that wakes: everything that is said from the moment it stands, and an end when nobody is there."""

import asyncio

import pytest
from redis.asyncio import Redis

from codesvc.domain.errors import StoreUnavailable
from codesvc.store.chunked_subscription import subscribed
from tests.raw_server import raw_server


@pytest.fixture
async def client(store_url):
    client = Redis.from_url(store_url, protocol=2)
    yield client
    await client.aclose()


async def test_what_is_published_once_it_stands_is_heard_in_order(client):
    async with subscribed(client, "there") as messages:
        for number in range(500):
            await client.publish("there", f"m{number}")
            await client.publish("elsewhere", "not this")
        heard = []
        while len(heard) < 500:
            heard += await messages.some()
    assert heard == [f"m{number}" for number in range(500)]


async def test_silence_is_asked_about_and_borne_while_it_is_answered(client):
    async with subscribed(client, "there", silence=0.02) as messages:
        waiting = asyncio.create_task(messages.some())
        for _ in range(400):
            if (await client.info("commandstats")).get("cmdstat_ping", {}).get("calls", 0) >= 3:
                break
            await asyncio.sleep(0.01)
        assert not waiting.done()
        await client.publish("there", "late")
        assert await waiting == ["late"]


async def test_a_connection_that_breaks_ends_it(client):
    async with subscribed(client, "there") as messages:
        waiting = asyncio.create_task(messages.some())
        await client.client_kill_filter(_type="pubsub")
        with pytest.raises((StoreUnavailable, OSError)):
            await waiting


async def test_a_server_that_says_nothing_at_all_ends_it():
    async def mute(reader, writer):
        while line := await reader.readline():
            if line.strip() == b"SUBSCRIBE":
                writer.write(b"*3\r\n$9\r\nsubscribe\r\n$5\r\nthere\r\n:1\r\n")

    async with raw_server(mute) as port, Redis(port=port, protocol=2, driver_info=None) as client:
        with pytest.raises(StoreUnavailable, match="silent"):
            async with subscribed(client, "there", silence=0.05) as messages:
                await messages.some()
