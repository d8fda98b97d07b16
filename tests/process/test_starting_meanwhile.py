"""A command beside a service that is just starting: the directory is taken, and nothing answers in it yet."""

import asyncio
import fcntl
from contextlib import AsyncExitStack

import pytest

from codesvc.cli.follow import open_store_alone
from codesvc.config import load
from codesvc.store.embedded import DataInUseError, run_embedded


@pytest.fixture
def taken(config):
    """The directory of a service that has come so far only."""
    data = config[0].parent / "data"
    data.mkdir(mode=0o700)
    with (data / "service.lock").open("w") as file:
        file.write("1")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


@pytest.mark.parametrize("answers", [True, False])
async def test_the_command_waits_for_its_server_or_its_end(config, taken, answers):
    settings = load(config[0])
    async with AsyncExitStack() as stack:
        looks = asyncio.Semaphore(0)

        async def pause(seconds):
            looks.release()
            await asyncio.sleep(seconds)

        opening = asyncio.create_task(open_store_alone(stack, settings, pause=pause))
        for _ in range(3):
            await asyncio.wait_for(looks.acquire(), 60)
        assert not opening.done()
        fcntl.flock(taken, fcntl.LOCK_UN)
        if answers:
            await stack.enter_async_context(run_embedded(settings.store.data_dir))
        store = await asyncio.wait_for(opening, 60)
        assert await store.state([0]) == "ok"


@pytest.mark.usefixtures("taken")
async def test_one_that_never_comes_up_is_named(config):
    async with AsyncExitStack() as stack:
        with pytest.raises(DataInUseError, match=r"in use by another codesvc \(process 1\)"):
            await open_store_alone(stack, load(config[0]), starting_seconds=0.2)
