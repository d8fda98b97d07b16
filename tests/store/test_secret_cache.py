"""Shared secrets can be read from a store that takes no writes."""

import shutil

import pytest

from codesvc.domain.clock import Offset
from codesvc.domain.keyring import Keyring
from codesvc.store.connection import connect
from codesvc.store.keys import Keys
from codesvc.store.secret_cache import SecretCache
from codesvc.store.store import Store
from tests import stores
from tests.world import MASTER


async def test_a_token_is_read_from_a_full_store():
    # Redis refuses MULTI once its memory is full; the bundled Valkey does not.
    redis = shutil.which("redis-server")
    if redis is None:
        pytest.skip("needs a Redis")
    with stores.tcp_server(binary=redis) as server:
        servers = await connect(f"redis://127.0.0.1:{server.port}", timeout=5)
        try:
            store = Store(servers, offset=Offset(movable=False), prefix="cs")
            cache = SecretCache(store, Keys("cs", "wx0123456789abcdef"), Keyring(MASTER.encode()))
            await cache.put("token", "held", 60)
            server.client.config_set("maxmemory", 1)
            value, ends = await cache.get("token")
            assert value == "held"
            assert ends > 0
        finally:
            await servers.aclose()
