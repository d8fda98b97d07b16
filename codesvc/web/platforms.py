"""How an account is put together with WeChat; part of the composition root."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from codesvc.wechat.client import WeChatClient
from codesvc.wechat.issuer import issuer_for
from codesvc.wechat.token import StoredTokens

if TYPE_CHECKING:
    import aiohttp

    from codesvc.directory import AccountEntry
    from codesvc.figures.tally import Tally
    from codesvc.store.shared import SharedSecrets


def tokens_of(account: AccountEntry, http: aiohttp.ClientSession, shared: SharedSecrets, tally: Tally) -> StoredTokens:
    """The access tokens of an account, which all processes share."""
    config = account.config
    return StoredTokens(
        name=config.token_source if config.token_source in {"stable", "ordinary"} else "central",
        issuer=issuer_for(
            config.token_source,
            appid=config.appid,
            secret=config.secret,
            http=http,
            api_url=config.api_url,
            heard=partial(tally.call, account.name),
        ),
        store=shared,
        now=time.time,
    )


def client_of(account: AccountEntry, http: aiohttp.ClientSession, tokens: StoredTokens, tally: Tally) -> WeChatClient:
    """Who calls WeChat for an account."""
    config = account.config
    return WeChatClient(
        appid=config.appid,
        secret=config.secret,
        http=http,
        tokens=tokens,
        api_url=config.api_url,
        heard=partial(tally.call, account.name),
    )
