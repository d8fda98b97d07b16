"""Connects to the store as the service does, without disturbing a running service."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from redis.exceptions import RedisError, ResponseError

from codesvc.config.store_address import StoreAddress, Topology
from codesvc.doctor import clocks, cluster_state, sentinel_state, store_state
from codesvc.doctor.finding import Finding, fail, ok, skipped
from codesvc.domain.clock import Offset
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.store.clock_mark import ClockMark
from codesvc.store.connection import connect
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.store.embedded import run_embedded
from codesvc.store.embedded_socket import running_socket
from codesvc.store.partitions import DEPLOYMENT, PARTITIONS
from codesvc.store.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from redis.asyncio import Redis

    from codesvc.config import Settings
    from codesvc.config import Store as StoreSettings
    from codesvc.store.servers import Server, Servers


@dataclass(frozen=True, slots=True)
class ReachableStore:
    """A store that can be queried.

    Attributes:
        shown: its address without a password.
        lasting: whether it is the service's own; False for a server on an empty directory, tried for the moment.
    """

    servers: Servers
    shown: str
    lasting: bool = True

    def opened(self, prefix: str) -> Store:
        """The keys of one prefix in it."""
        return Store(self.servers, offset=Offset(movable=False), prefix=prefix)


async def read_records(
    what: str, place: ReachableStore | None, prefix: str, read: Callable[[Store], Awaitable[list[Finding]]]
) -> list[Finding]:
    """Findings by what the running service has recorded; if the store does not answer, `what` is skipped."""
    if place is not None:
        with suppress(StoreUnavailable, ScriptError):
            return await read(place.opened(prefix))
    return [skipped(what, "the store does not answer")]


async def _answers(url: str, settings: StoreSettings) -> bool:
    servers = await connect(url, timeout=settings.timeout)
    try:
        await servers.anyone().redis.ping()
    except ResponseError:
        return True  # it refuses, as all commands while its disk is full: it runs
    except (RedisError, OSError):
        return False
    finally:
        await servers.aclose()
    return True


async def running_embedded(settings: StoreSettings) -> str | None:
    """The address of a running service's embedded server, or None."""
    socket = running_socket(settings.data_dir)
    url = f"unix://{quote(str(socket))}"
    return url if socket is not None and await _answers(url, settings) else None


def _writable(directory: Path) -> bool:
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


@asynccontextmanager
async def reached(settings: StoreSettings) -> AsyncIterator[ReachableStore]:
    """The configured store, or a running service's embedded store, or an embedded store in a temporary directory.

    Raises:
        CodesvcError: an embedded server does not start.
        PermissionError: the data directory cannot be written.
        ValueError: the address is malformed.
    """
    if settings.url is not None:
        async with _opened(settings.url.reveal(), settings) as place:
            yield place
        return
    url = await running_embedded(settings)
    if url is not None:
        async with _opened(url, settings, "the embedded server of the running service") as place:
            yield place
        return
    if not _writable(settings.data_dir):
        raise PermissionError(f"{settings.data_dir} cannot be written by this user")
    with tempfile.TemporaryDirectory(prefix="codesvc-check-") as temporary:
        async with (
            run_embedded(Path(temporary), fsync=settings.fsync) as embedded,
            _opened(embedded.url, settings, "an embedded server, tried in a temporary directory", lasting=False) as p,
        ):
            yield p


@asynccontextmanager
async def _opened(
    url: str, settings: StoreSettings, shown: str = "", *, lasting: bool = True
) -> AsyncIterator[ReachableStore]:
    servers = await connect(url, timeout=settings.timeout)
    try:
        yield ReachableStore(servers, shown or servers.shown, lasting)
    finally:
        await servers.aclose()


async def findings(place: ReachableStore, settings: Settings) -> list[Finding]:
    """Findings about reachability, version, persistence, memory and clock; for a cluster, of each node."""
    nodes = place.servers.primaries()
    if not nodes:
        return [unreachable("no node reports the cluster's slots", place.shown)]
    try:
        redis, keys = place.servers.at(DEPLOYMENT).redis, DeploymentKeys(settings.store.prefix)
        moved = bool(await redis.exists(keys.clock_offset))
        lost = await redis.get(keys.lost_writes) or b""
        mark, (seconds, _) = ClockMark.read(await redis.hgetall(keys.store_clock)), await redis.time()
    except (RedisError, OSError, StoreUnavailable) as error:
        return [unreachable(type(error).__name__, place.shown)]
    steps = [*store_state.judge_lost_writes(lost), *clocks.judge_steps(mark, seconds * 1000)]
    if not place.servers.several:
        found = [
            *await _of_server(nodes[0], place.shown, settings, moved=moved),
            await _writing(place, settings),
            *steps,
        ]
        url = settings.store.url
        if url is not None and StoreAddress.parse(url.reveal()).way is Topology.SENTINEL:
            found += await sentinel_state.findings(nodes[0])
        return found
    each = [await _of_server(node, node.shown, settings, moved=moved) for node in nodes]
    written = await _writing(place, settings)
    return [*await cluster_state.findings(nodes[0]), *cluster_state.together(each), written, *steps]


async def _writing(place: ReachableStore, settings: Settings) -> Finding:
    """Whether the store takes writes: tried as the service tries it, because INFO does not tell of a full store."""
    state = await place.opened(settings.store.prefix).state(range(PARTITIONS))
    return store_state.judge_writing(state)


async def _of_server(server: Server, shown: str, settings: Settings, *, moved: bool) -> list[Finding]:
    redis = server.redis
    try:
        began = time.time()
        seconds, micros = await redis.time()
        ended = time.time()
        info: dict[str, Any] = await redis.info()
        config = await _config(redis)
    except (RedisError, OSError) as error:
        return [unreachable(type(error).__name__, shown)]
    state = store_state.read_state(shown, info, config, moved_clock=moved)
    return [
        ok("store", f"answers within {(ended - began) * 1000:.1f} ms"),
        *store_state.findings(state, live=settings.mode == "live"),
        clocks.judge_store(seconds + micros / 1e6 - (began + ended) / 2),
    ]


def unreachable(why: str, shown: str) -> Finding:
    """The finding for a store that does not answer."""
    return fail("store", f"no answer from {shown} ({why})", "Start it, and check that store.url has its address.")


async def _config(redis: Redis) -> dict[str, Any] | None:
    try:
        # One call for each option: before Redis 7.0 CONFIG GET accepts only one.
        answers = [await redis.config_get(name) for name in ("appendfsync", "save", "min-replicas-to-write")]
        return {str(name): value for each in answers for name, value in each.items()}
    except ResponseError:
        return None
