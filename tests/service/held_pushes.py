"""A service whose pushes are held until a test lets them leave: no test waits, and none is late on a busy machine."""

import asyncio
from contextlib import asynccontextmanager

from codesvc.delivery.messages import LONGEST_RANDOM_WAIT
from codesvc.delivery.pace import Pace
from codesvc.store.keys import Keys
from tests.stores import until

SECONDS = 5.0
"""How long a newer start may take over a push: the most that the configuration allows. It is a second by default."""


class HeldPushes:
    """The pauses of a courier. They end when a test says so, also what is left of a hold that was taken over.

    Only the random moment before an undisclosed message passes by itself.
    """

    def __init__(self, seconds, valkey):
        self.seconds, self._valkey, self._leave = seconds, valkey, asyncio.Event()

    async def sleep(self, seconds):
        if seconds <= LONGEST_RANDOM_WAIT:
            await asyncio.sleep(seconds)
        else:
            await self._leave.wait()

    async def leave(self, world):
        """Let every push leave, and wait until WeChat has all that will be sent."""
        self._leave.set()
        await none_under_way(world, self._valkey)

    def hold(self):
        """Hold those that come from now on."""
        self._leave = asyncio.Event()


async def none_under_way(world, valkey):
    """Wait until no delivery is left."""
    outbox = Keys("cs", world.platform.default_account.appid).outbox
    await until(lambda: valkey.xlen(outbox) == 0)
    await world.control("POST", "/settle")


@asynccontextmanager
async def holding(new_world, valkey, seconds=SECONDS, **more):
    """A world with such pauses, and its pushes."""
    pushes = HeldPushes(seconds, valkey)
    async with new_world(pace=Pace(sleep=pushes.sleep), service__push_delay=seconds, **more) as world:
        try:
            yield world, pushes
        finally:
            await pushes.leave(world)
