"""The clock of test mode. Its offset is in the store, and a change notice tells all processes that it changed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from codesvc.domain.errors import StoreUnavailable
from codesvc.runtime.tasks import beside
from codesvc.store.change_notifier import EVERYBODY
from codesvc.store.partitions import DEPLOYMENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.store.change_notifier import ChangeNotifier
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)


async def _take_over(store: Store) -> None:
    try:
        store.offset.move_to(int(await store.at(DEPLOYMENT).get(store.keys.clock_offset) or 0))
    except (RedisError, OSError, StoreUnavailable) as error:
        _log.warning("offset_unknown", error=type(error).__name__)


async def _follow(store: Store, change_notifier: ChangeNotifier) -> None:
    with change_notifier.watch(EVERYBODY) as moved:
        while True:
            await _take_over(store)
            await moved.wait()
            moved.clear()


@asynccontextmanager
async def follow_clock(store: Store, change_notifier: ChangeNotifier) -> AsyncIterator[None]:
    """Read the offset at the start and after every change, as long as this context is open."""
    await _take_over(store)
    async with beside(partial(_follow, store, change_notifier), "test clock"):
        yield
