"""Reaching the store as the service does, without ever disturbing a service that runs."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from redis.exceptions import RedisError, ResponseError

from codesvc.doctor import clocks, storestate
from codesvc.doctor.finding import Finding, fail, ok
from codesvc.store.connection import open_redis
from codesvc.store.embedded import run_embedded
from codesvc.store.keys import offset

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from codesvc.config import Settings
    from codesvc.config import Store as StoreSettings


@dataclass(frozen=True, slots=True)
class Place:
    """A store that can be asked.

    Attributes:
        redis: a client of it.
        shown: where it is, without a password.
    """

    redis: Redis
    shown: str


async def _answers(url: str, settings: StoreSettings) -> bool:
    redis = open_redis(url, timeout=settings.timeout)
    try:
        await redis.ping()
    except (RedisError, OSError):
        return False
    finally:
        await redis.aclose()
    return True


async def running_embedded(settings: StoreSettings) -> str | None:
    """The address of the embedded server of a service that runs now, or None. Its socket's name is in `server.lock`."""
    try:
        socket = (settings.data_dir / "server.lock").read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
    url = f"unix://{quote(socket)}"
    return url if socket and await _answers(url, settings) else None


def _writable(directory: Path) -> bool:
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


@asynccontextmanager
async def reached(settings: StoreSettings) -> AsyncIterator[Place]:
    """The configured store; or the embedded one of a running service; or an embedded one in a temporary directory.

    Raises:
        CodesvcError: an embedded server does not start.
        PermissionError: the data directory cannot be written.
        ValueError: the address names a kind of store that this version cannot open.
    """
    if settings.url is not None:
        async with _opened(settings.url.reveal(), settings, _host(settings.url.reveal())) as place:
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
            _opened(embedded.url, settings, "an embedded server, tried in a temporary directory") as p,
        ):
            yield p


@asynccontextmanager
async def _opened(url: str, settings: StoreSettings, shown: str) -> AsyncIterator[Place]:
    redis = open_redis(url, timeout=settings.timeout)
    try:
        yield Place(redis, shown)
    finally:
        await redis.aclose()


def _host(url: str) -> str:
    """What of a store's address may be shown: no user, no password, no options."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else parts.netloc.rpartition("@")[2]


async def findings(place: Place, settings: Settings) -> list[Finding]:
    """Reachable, how old, how lasting, how full, and what time it has there."""
    what, redis = "store", place.redis
    try:
        began = time.time()
        seconds, micros = await redis.time()
        ended = time.time()
        info: dict[str, Any] = await redis.info()
        moved = bool(await redis.exists(offset(settings.store.prefix)))
    except (RedisError, OSError) as error:
        return [unreachable(type(error).__name__, place.shown)]
    config = await _config(redis)
    state = storestate.read_state(place.shown, info, config, moved_clock=moved)
    return [
        ok(what, f"answers within {(ended - began) * 1000:.1f} ms"),
        *storestate.findings(state, live=settings.mode == "live"),
        clocks.judge_store(seconds + micros / 1e6 - (began + ended) / 2),
    ]


def unreachable(why: str, shown: str) -> Finding:
    """A store that gives no answer."""
    return fail("store", f"no answer from {shown} ({why})", "Start it, and compare store.url with its address.")


async def _config(redis: Redis) -> dict[str, Any] | None:
    try:
        return {str(name): value for name, value in (await redis.config_get("appendfsync", "save")).items()}
    except ResponseError:
        return None
