"""Refuses a configuration under which existing bindings would not be found, before anything runs with it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from codesvc.domain.clock import Offset
from codesvc.domain.errors import StoreUnavailable
from codesvc.service.misplaced_bindings import require_in_place
from codesvc.sites.registry.reading import read_directory
from codesvc.store.connection import connect
from codesvc.store.store import Store

if TYPE_CHECKING:
    from codesvc.config import Settings


async def refuse_elsewhere(settings: Settings, url: str) -> None:
    """Refuse settings whose sites have bindings under another appid. A store that does not answer refuses nothing.

    Args:
        settings: the settings that are going to be used.
        url: the address of the running store.

    Raises:
        BindingsElsewhere: there are such bindings.
    """
    async with AsyncExitStack() as stack:
        try:
            servers = await connect(url, timeout=settings.store.timeout)
            stack.push_async_callback(servers.aclose)
            store = Store(servers, offset=Offset(movable=False), prefix=settings.store.prefix)
            await require_in_place(store, await read_directory(store, settings))
        except (StoreUnavailable, RedisError, OSError):
            return
