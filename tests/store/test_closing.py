"""A store that is closed leaves no connection open, at whatever point the task that closes it is cancelled."""

import asyncio

import pytest

from codesvc.store.connection import connect
from tests import stores


@pytest.mark.parametrize("rounds", range(1, 8))
async def test_a_cancelled_close_closes_everything(store_url, valkey, rounds):
    before = len(valkey.client_list())
    servers = await connect(store_url, timeout=2)
    server = servers.anyone()
    await server.line.execute("PING")
    await server.redis.ping()
    await server.reader.ping()
    assert len(valkey.client_list()) == before + 3
    closing = asyncio.create_task(servers.aclose())
    for _ in range(rounds):
        await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    await stores.until(lambda: len(valkey.client_list()) == before, 5)
