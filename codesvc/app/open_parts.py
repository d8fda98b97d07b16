"""The parts of an application that are opened before its use cases are made."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp

from codesvc.config.settings import LONGEST_CODE_LIFE
from codesvc.domain.clock import Offset
from codesvc.domain.health import PlatformHealth
from codesvc.domain.intent import LIFE_MS
from codesvc.runtime import repeated_lines
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.public_sockets import public_session
from codesvc.runtime.sending_trace import sending_trace
from codesvc.service.callback_record import CallbackRecord
from codesvc.service.clock_offset import follow_clock
from codesvc.service.master_keys import MasterKeyWatch
from codesvc.service.qr_pool import QrPool
from codesvc.service.statistics.recorder import Recorder
from codesvc.service.store_clock import StoreClock
from codesvc.service.wechat_clients import reach
from codesvc.sites.lazy import PerEntry
from codesvc.sites.registry.registry import Registry
from codesvc.sites.registry.uses import KeyUses
from codesvc.store.change_notifier import ChangeNotifier
from codesvc.store.connection import opened
from codesvc.store.secret_cache import SecretCache

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AsyncExitStack

    from codesvc.app.prepared_parts import PreparedParts
    from codesvc.config import Settings
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient
    from codesvc.wechat.token import StoredTokens


_LONGEST_LIFE: Final = max(LONGEST_CODE_LIFE, *(life // 1000 for life in LIFE_MS.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenParts:
    """The parts that hold connections, and those that write or watch beside the calls."""

    offset: Offset
    store: Store
    http: aiohttp.ClientSession
    public: aiohttp.ClientSession
    secret_caches: Mapping[str, SecretCache]
    recorder: Recorder
    platforms: PlatformHealth
    callback_record: CallbackRecord
    tokens: Mapping[str, StoredTokens]
    clients: Mapping[str, WeChatClient]
    pool: QrPool
    change_notifier: ChangeNotifier
    registry: Registry
    clock: StoreClock
    master_keys: MasterKeyWatch
    key_uses: KeyUses
    partitions: set[int]


async def open_parts(stack: AsyncExitStack, settings: Settings, store_url: str, prepared: PreparedParts) -> OpenParts:
    """Open the store, the sessions of calls to others, and what runs beside the calls."""
    keyring, directory, is_test = prepared.keyring, prepared.directory, settings.mode == "test"
    offset = Offset(movable=is_test)
    store = await opened(stack, settings.store, store_url, offset, keyring.tag_keys)
    http = await stack.enter_async_context(
        # WeChat's API needs no cookies, and a cookie jar would cost time at each call.
        aiohttp.ClientSession(
            connector=BoundedConnector(limit=0, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[sending_trace()],
        )
    )
    public = await stack.enter_async_context(public_session())
    secret_caches = PerEntry(
        directory.accounts, lambda a: SecretCache(store, a.store_keys, keyring), lambda entry: entry.config
    )
    recorder, platforms, callback_record = Recorder(store, directory), PlatformHealth(), CallbackRecord(store.callbacks)
    key_uses = KeyUses(store)
    for background in (repeated_lines.running(), recorder.running(), callback_record.running(), key_uses.running()):
        await stack.enter_async_context(background)
    tokens, clients = reach(directory, http, secret_caches, recorder, platforms, proxy=settings.service.proxy_to_wechat)
    pool = QrPool(store, clients, longest_life=_LONGEST_LIFE, shown=callback_record.show)
    stack.push_async_callback(pool.aclose)
    change_notifier = ChangeNotifier(store.servers, settings.store.prefix)
    await stack.enter_async_context(change_notifier.running())
    registry = Registry(store, directory, prepared.sealer)
    await stack.enter_async_context(registry.running(change_notifier))
    if is_test:
        await stack.enter_async_context(follow_clock(store, change_notifier))
    return OpenParts(
        offset=offset,
        store=store,
        http=http,
        public=public,
        secret_caches=secret_caches,
        recorder=recorder,
        platforms=platforms,
        callback_record=callback_record,
        tokens=tokens,
        clients=clients,
        pool=pool,
        change_notifier=change_notifier,
        registry=registry,
        clock=StoreClock(store, steady=time.monotonic),
        master_keys=MasterKeyWatch(store, keyring, directory.kept),
        key_uses=key_uses,
        partitions=directory.partitions(),
    )
