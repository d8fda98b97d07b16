"""A world whose shop has a webhook."""

from __future__ import annotations

import pytest

from tests.webhooks.receiver import hook, receiving


@pytest.fixture
async def receiver():
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def told(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver)) as world:
        yield world
