"""Reads the state of one verification for an operator, from the store or through the API.

The store has the full state. The API shows only what a site may see.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from codesvc.doctor.store_probe import running_embedded
from codesvc.domain.clock import Offset
from codesvc.domain.errors import CodesvcError, StoreUnavailable
from codesvc.domain.keyring import MasterKey
from codesvc.domain.verification import DeliveryStatus, Status
from codesvc.store.connection import connect, retention_of, store_url
from codesvc.store.embedded import DataInUseError
from codesvc.store.partitions import DEPLOYMENT
from codesvc.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AsyncExitStack

    from codesvc.config import Settings
    from codesvc.sites.entries import SiteEntry

_STARTING_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a verification at one moment.

    Attributes:
        delivery: the delivery's status; None if the API does not disclose it.
        reason: the reason of a failure, "" if there is none.
        age_seconds: seconds since the last change of the delivery, None if unknown.
        scannable: whether the person may get the code by a scan.
    """

    status: Status
    delivery: DeliveryStatus | None
    channel: str
    reason: str
    age_seconds: float | None
    scannable: bool

    @property
    def wants_scan(self) -> bool:
        """Whether to show the QR code: the code comes only by a scan, or it is unknown how it comes."""
        return self.scannable and self.delivery in {DeliveryStatus.AWAITING_SCAN, None}


async def open_store(stack: AsyncExitStack, settings: Settings) -> Store | None:
    """The running service's store, None if this machine and user cannot reach it; closed with the stack."""
    kept = settings.store
    url = kept.url.reveal() if kept.url is not None else await running_embedded(kept)
    if url is None:
        return None
    moved = Offset(movable=settings.mode == "test")
    try:
        servers = await connect(url, timeout=kept.timeout)
        stack.push_async_callback(servers.aclose)
        key = MasterKey(settings.secrets.master_key.reveal().encode())
        store = Store(servers, offset=moved, prefix=kept.prefix, retention=retention_of(kept), tag_keys=[key.tag_key])
        if settings.mode == "test":
            moved.move_to(int(await store.at(DEPLOYMENT).get(store.keys.clock_offset) or 0))
        await store.at(DEPLOYMENT).ping()
    except (RedisError, OSError, ValueError, StoreUnavailable):
        return None
    return store


async def open_store_alone(
    stack: AsyncExitStack,
    settings: Settings,
    *,
    starting_seconds: float = _STARTING_SECONDS,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Store:
    """The same store; where no service runs, its embedded server is started for as long as the stack is open.

    Args:
        stack: closes what was opened.
        settings: say where the store is.
        starting_seconds: how long to wait for a service that has the directory and does not answer yet.
        pause: waits for a number of seconds between two looks.

    Raises:
        CodesvcError: neither is possible.
    """
    store = await open_store(stack, settings)
    if store is None and settings.store.url is None:
        store = await _opened_alone(stack, settings, starting_seconds, pause)
    if store is None:
        raise CodesvcError("this machine cannot reach the store")
    return store


async def _opened_alone(
    stack: AsyncExitStack, settings: Settings, starting_seconds: float, pause: Callable[[float], Awaitable[None]]
) -> Store | None:
    # A service that is just starting has the directory before its server answers: then that one is waited for.
    until = asyncio.get_running_loop().time() + starting_seconds
    while True:
        try:
            await stack.enter_async_context(store_url(settings.store))
        except DataInUseError:
            if asyncio.get_running_loop().time() > until:
                raise
            await pause(_POLL_SECONDS)
            if (store := await open_store(stack, settings)) is not None:
                return store
        else:
            return await open_store(stack, settings)


class StoreReader:
    """Reads the verification's record in the store."""

    def __init__(self, store: Store, site: SiteEntry, identifier: str) -> None:
        self._store = store
        self._keys = site.store_keys
        self._site = site.name
        self._identifier = identifier

    async def look(self) -> Snapshot:
        """The present state.

        Raises:
            CodesvcError: the store has no such record: the service that answered uses another store.
        """
        record = (await self._store.verifications.read(self._keys, self._identifier, site=self._site)).record
        if record is None:
            raise CodesvcError("this configuration's store does not have the verification: another service answered")
        return Snapshot(
            status=record.status,
            delivery=record.delivery,
            channel=record.channel,
            reason=record.reason,
            age_seconds=max(0, record.now - record.created - record.delivery_after_ms) / 1000,
            scannable=record.scannable,
        )


class ApiReader:
    """Reads the verification through the API; ages count from the time when a state was first seen.

    Args:
        ask: fetches the verification's document.
    """

    def __init__(self, ask: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self._ask = ask
        self._last: tuple[str, str] = ("", "")
        self._since = 0.0

    async def look(self) -> Snapshot:
        """The present state."""
        answer = await self._ask()
        delivery, now = answer["delivery"], asyncio.get_running_loop().time()
        hidden = delivery["status"] == "pending"
        seen = (delivery["channel"], delivery["status"])
        if seen != self._last:
            self._last, self._since = seen, now
        return Snapshot(
            status=Status(answer["status"]),
            delivery=None if hidden else DeliveryStatus(delivery["status"]),
            channel=delivery["channel"],
            reason=delivery["reason"] or "",
            age_seconds=None if hidden else now - self._since,
            scannable=answer["scan"] is not None,
        )
