"""Builds the WeChat client and the access tokens of each account. Part of the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codesvc.runtime.public_sockets import public_session
from codesvc.runtime.sending_trace import sending_trace
from codesvc.sites.lazy import PerEntry
from codesvc.store.secret_cache import SecretCache
from codesvc.wechat.call_labels import ignore_call
from codesvc.wechat.client import WeChatClient
from codesvc.wechat.http import HttpExchange
from codesvc.wechat.issuer import CentralIssuer, issuer_for
from codesvc.wechat.token import LONGEST_COOL_DOWN, QUICK_COOL_DOWN, StoredTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from codesvc.config import Settings
    from codesvc.domain.health import PlatformHealth
    from codesvc.domain.outbound_proxy import OutboundProxy
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store
    from codesvc.wechat.call_labels import CallObserver
    from codesvc.wechat.issuer import IssuedToken, Issuer


@dataclass(frozen=True, kw_only=True)
class PublicIssuer:
    """The token server of an account whose addresses must be public (`AccountEntry.guarded`).

    Each request has a session of its own: one is made in some two hours.
    """

    url: str = field(repr=False)
    observe: CallObserver

    async def issue(self) -> IssuedToken:
        """Request a token from the server."""
        async with public_session(sending_trace()) as http:
            return await CentralIssuer(wire=HttpExchange(http, observe=self.observe), url=self.url).issue()


def reach(
    directory: Directory,
    http: aiohttp.ClientSession,
    shared: Mapping[str, SecretCache],
    recorder: Recorder,
    platforms: PlatformHealth,
    *,
    proxy: OutboundProxy | None = None,
) -> tuple[PerEntry[AccountEntry, StoredTokens], PerEntry[AccountEntry, WeChatClient]]:
    """The access tokens of each account, which all processes share, and its WeChat client.

    `recorder` counts the result of every call, `platforms` derives WeChat's health from it. WeChat is
    called through `proxy`.
    """

    def observer_of(account: AccountEntry) -> CallObserver:
        def observe(endpoint: str, result: str, seconds: float) -> None:
            recorder.call(account.name, endpoint, result, seconds)
            platforms.record(account.name, result)

        return observe

    def tokens_of(account: AccountEntry) -> StoredTokens:
        return _tokens_of(account, http, shared[account.name], observer_of(account), proxy=proxy)

    tokens = PerEntry(directory.accounts, tokens_of, lambda entry: entry.config)
    clients = PerEntry(
        directory.accounts,
        lambda a: _client_of(a, http, tokens[a.name], observer_of(a), proxy),
        lambda entry: entry.config,
    )
    return tokens, clients


def client_alone(
    account: AccountEntry,
    http: aiohttp.ClientSession,
    store: Store,
    settings: Settings,
) -> WeChatClient:
    """The client of a command that runs beside the service: with the service's access token, and without counts."""
    shared, proxy = SecretCache(store, account.store_keys, settings.secrets.keyring()), settings.service.proxy_to_wechat
    tokens = _tokens_of(account, http, shared, ignore_call, proxy=proxy)
    return _client_of(account, http, tokens, ignore_call, proxy)


def issuer_of(
    account: AccountEntry,
    http: aiohttp.ClientSession,
    proxy: OutboundProxy | None,
    observe: CallObserver = ignore_call,
) -> Issuer:
    """The issuer that fetches the account's access token."""
    config = account.config
    if account.guarded and "://" in config.token_source:
        return PublicIssuer(url=config.token_source, observe=observe)
    return issuer_for(
        config.token_source,
        appid=config.appid,
        secret=config.secret,
        http=http,
        api_url=config.api_url,
        observe=observe,
        proxy=proxy,
    )


def _tokens_of(
    account: AccountEntry,
    http: aiohttp.ClientSession,
    shared: SecretCache,
    observe: CallObserver,
    *,
    proxy: OutboundProxy | None,
) -> StoredTokens:
    config = account.config
    seldom = config.token_source == "ordinary"  # noqa: S105 - a source, no password
    return StoredTokens(
        name=config.token_source if config.token_source in {"stable", "ordinary"} else "central",
        issuer=issuer_of(account, http, proxy, observe),
        store=shared,
        longest_cool_down=LONGEST_COOL_DOWN if seldom else QUICK_COOL_DOWN,
    )


def _client_of(
    account: AccountEntry,
    http: aiohttp.ClientSession,
    tokens: StoredTokens,
    observe: CallObserver,
    proxy: OutboundProxy | None,
) -> WeChatClient:
    config = account.config
    return WeChatClient(
        appid=config.appid,
        secret=config.secret,
        http=http,
        tokens=tokens,
        api_url=config.api_url,
        observe=observe,
        proxy=proxy,
        rights=config.rights,
    )
