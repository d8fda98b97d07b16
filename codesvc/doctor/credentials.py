"""Whether WeChat issues an access token for this account to this machine's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.doctor.finding import Finding, fail, ok, skipped
from codesvc.service.wechat_clients import issuer_of
from codesvc.store.secret_cache import SecretCache
from codesvc.wechat.errcode_advice import errcode_of, refused_address, remedy_for, token_words
from codesvc.wechat.errors import TokenRefused, WeChatFault
from codesvc.wechat.token import StoredTokens

if TYPE_CHECKING:
    import aiohttp

    from codesvc.doctor.store_probe import ReachableStore
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.outbound_proxy import OutboundProxy
    from codesvc.sites.directory import AccountEntry
    from codesvc.wechat.client import TokenSource
    from codesvc.wechat.issuer import Issuer

_ORDINARY = "ordinary"


class SingleFetchTokens:
    """A `TokenSource` that fetches one token; a run of `codesvc check` ends long before the token expires."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._token: str | None = None

    async def get(self) -> str:
        """The token.

        Raises:
            WeChatFault: WeChat issued none.
        """
        if self._token is None:
            self._token = (await self._issuer.issue()).token
        return self._token

    async def replace(self, bad: str) -> str:  # noqa: ARG002  whatever was refused, there is no other
        """Refuse: a token that was just fetched is not fetched again.

        Raises:
            TokenRefused: always.
        """
        raise TokenRefused("WeChat refuses a token that it has just issued")


def tokens_for(
    account: AccountEntry,
    http: aiohttp.ClientSession,
    store: ReachableStore | None,
    keyring: Keyring,
    proxy: OutboundProxy | None,
) -> TokenSource | None:
    """The source of the access token for the checks; None if fetching one would end the running service's token.

    With `stable` every client gets the same token. With `ordinary` each fetch ends an older token. Then the checks use
    the shared token in the store, as every process of the service does.
    """
    issuer = issuer_of(account, http, proxy)
    if account.config.token_source != _ORDINARY:
        return SingleFetchTokens(issuer)
    if store is None:
        return None
    shared = SecretCache(store.opened(account.store_keys.prefix), account.store_keys, keyring)
    return StoredTokens(name=_ORDINARY, issuer=issuer, store=shared)


async def check(account: AccountEntry, tokens: TokenSource | None) -> Finding:
    """Fetch the token and judge the result."""
    what = f"accounts.{account.name}: credentials"
    source = account.config.token_source
    if tokens is None:
        remedy = "Fix the store first: an ordinary token must be shared, or processes invalidate each other's."
        return skipped(what, "not checked: the store does not answer", remedy)
    try:
        await tokens.get()
    except WeChatFault as fault:
        address = refused_address(fault)
        code = errcode_of(fault)
        if address:
            found = f"this machine's address {address} is not on the account's IP whitelist"
        elif code is not None:
            found = f"{token_words(str(code))}; {fault}"
        else:
            found = str(fault)
        return fail(what, found, remedy_for(fault, token=True))
    shown = source if source in {"stable", _ORDINARY} else "central"
    return ok(what, f"WeChat accepts {account.config.appid} and its AppSecret from this address ({shown} token)")
