"""Processes that answer calls and deliver nothing, and others that deliver what those have started."""

from redis.asyncio import Redis

from codesvc.store.outbox import GROUP
from tests.world import running_world


async def test_what_one_starts_another_delivers(store_url, tmp_path):
    async with running_world(store_url, tmp_path, service__deliver=False) as answering:
        owner = await answering.bound("alice")
        started = await answering.start("alice")
        assert started["delivery"]["status"] == "queued"
        async with Redis.from_url(store_url) as store:
            (stream,) = [key async for key in store.scan_iter("*:outbox")]
            assert await store.xinfo_groups(stream) == []
        async with running_world(store_url, tmp_path, platform=answering.platform) as delivering:
            await delivering.delivery(started, "sent", "delivered")
            async with Redis.from_url(store_url) as store:
                assert [group["name"].decode() for group in await store.xinfo_groups(stream)] == [GROUP]
        assert len(await owner.pushed_codes()) == 1
