"""Opens the store of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from codesvc.store.connection import connect, retention_of
from codesvc.store.store import Store
from codesvc.store.versions import require_new_enough

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from codesvc.config import settings
    from codesvc.domain.clock import Offset

_log = structlog.get_logger(__name__)


async def opened(stack: AsyncExitStack, kept: settings.Store, url: str, offset: Offset, tag_key: str) -> Store:
    """The store, closed with the stack. A store that does not answer yet is no error.

    Raises:
        StoreTooOld: a server of the store is too old.
    """
    servers = await connect(url, timeout=kept.timeout)
    stack.push_async_callback(servers.aclose)
    if not await require_new_enough(servers):
        _log.warning("store_silent", store=servers.shown)
    return Store(servers, offset=offset, prefix=kept.prefix, retention=retention_of(kept), tag_key=tag_key)
