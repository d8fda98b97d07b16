"""How an account is put together with WeChat; part of the composition root."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from codesvc.roster import PerAccount
from codesvc.wechat.client import WeChatClient
from codesvc.wechat.issuer import issuer_for
from codesvc.wechat.token import StoredTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from codesvc.condition import Platforms
    from codesvc.directory import AccountEntry, Directory
    from codesvc.figures.tally import Tally
    from codesvc.store.shared import SharedSecrets
    from codesvc.wechat.hearing import Heard


def reach(
    directory: Directory,
    http: aiohttp.ClientSession,
    shared: Mapping[str, SharedSecrets],
    tally: Tally,
    platforms: Platforms,
) -> tuple[PerAccount[StoredTokens], PerAccount[WeChatClient]]:
    """Each account's access tokens, which all processes share, and who calls WeChat for it.

    What every call came to is counted by the one, and judged by the other.
    """

    def ears_of(account: AccountEntry) -> Heard:
        def heard(endpoint: str, result: str, seconds: float) -> None:
            tally.call(account.name, endpoint, result, seconds)
            platforms.heard(account.name, result)

        return heard

    tokens = PerAccount(directory.accounts, lambda a: _tokens_of(a, http, shared[a.name], ears_of(a)), of_config=True)
    clients = PerAccount(directory.accounts, lambda a: _client_of(a, http, tokens[a.name], ears_of(a)), of_config=True)
    return tokens, clients


def _tokens_of(account: AccountEntry, http: aiohttp.ClientSession, shared: SharedSecrets, heard: Heard) -> StoredTokens:
    config = account.config
    return StoredTokens(
        name=config.token_source if config.token_source in {"stable", "ordinary"} else "central",
        issuer=issuer_for(
            config.token_source,
            appid=config.appid,
            secret=config.secret,
            http=http,
            api_url=config.api_url,
            heard=heard,
        ),
        store=shared,
        now=time.time,
    )


def _client_of(account: AccountEntry, http: aiohttp.ClientSession, tokens: StoredTokens, heard: Heard) -> WeChatClient:
    config = account.config
    return WeChatClient(
        appid=config.appid,
        secret=config.secret,
        http=http,
        tokens=tokens,
        api_url=config.api_url,
        heard=heard,
    )
