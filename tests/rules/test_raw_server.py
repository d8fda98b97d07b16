"""What `tests.raw_server` promises, and that no test opens such a server in another way."""

import asyncio
import gc
from pathlib import Path

from tests.raw_server import raw_server

OWN_WAY = {"raw_server.py", "weather.py"}
"""`weather` ends its own connections whenever it changes."""


def test_a_connection_whose_peer_has_not_gone_leaves_no_socket():
    async def waits(reader, _):
        await reader.read()

    async def connect():
        async with raw_server(waits) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    asyncio.run(connect())
    gc.collect()  # A socket that is left makes a warning, and a warning fails the test.


def test_there_is_one_way_to_open_a_raw_server():
    tests = Path(__file__).parent.parent
    others = [path for path in tests.rglob("*.py") if path.name not in OWN_WAY | {Path(__file__).name}]
    assert [path.name for path in others if "asyncio.start_server(" in path.read_text(encoding="utf-8")] == []
