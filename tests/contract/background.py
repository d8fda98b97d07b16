"""A world in a thread of its own, for programs that are not asynchronous: they call it over the network."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from tests.world import running_world


@contextmanager
def world_in_background(store_url, directory, **changes):
    """The world, and `run` to await something in it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(awaited):
        return asyncio.run_coroutine_threadsafe(awaited, loop).result(60)

    world = running_world(store_url, directory, **changes)
    try:
        yield run(world.__aenter__()), run
        run(world.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
