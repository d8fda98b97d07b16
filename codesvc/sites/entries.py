"""One site, one account, one caller: everything that a request needs of them, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from codesvc.config import Limits
from codesvc.domain.limits import encode, names, policies
from codesvc.domain.test_identity import fixed_code
from codesvc.domain.webhook import EVENTS
from codesvc.wechat.protocol import CallbackKeys

if TYPE_CHECKING:
    from codesvc.config import Account, ApiKey, Purpose, Site, Webhook
    from codesvc.store.keys import Keys

NO_RATES: Final = dict.fromkeys(Limits.__slots__, "")
"""The rates of somebody who uses up no limit: a test identity's starts."""


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account and what its entries in the store are called.

    Attributes:
        name: its key in the configuration and in `/wechat/{account}`.
        config: its settings.
        keys: its names in the store.
        callback_keys: what it shares with WeChat.
        sites: how many sites share it.
    """

    name: str
    config: Account
    keys: Keys
    callback_keys: CallbackKeys
    sites: int = 1


@dataclass(frozen=True, eq=False)
class SiteEntry:
    """A site with its account; equal only to itself, so that what was worked out for it can be kept beside it.

    Attributes:
        name: its key in the configuration.
        config: its settings.
        account: its account.
    """

    name: str
    config: Site
    account: AccountEntry

    @property
    def keys(self) -> Keys:
        """Names in the store: those of the account's partition."""
        return self.account.keys

    @cached_property
    def rates(self) -> dict[str, str]:
        """Each limit's rates in the form the scripts read."""
        limits = self.config.limits
        return {name: encode(getattr(limits, name)) for name in limits.__slots__}

    @cached_property
    def policies(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """Each limit's rates by name, and all of them as a header spells them."""
        limits = self.config.limits
        told = ((limit, getattr(limits, limit)) for limit in limits.__slots__)
        return {limit: (names(limit, rates), policies(limit, rates)) for limit, rates in told}

    def test_code(self, user: str) -> str | None:
        """The fixed code of a test identity, None for everybody else."""
        return fixed_code(self.config.test_users, user) if self.config.test_users else None

    @cached_property
    def wanted(self) -> str:
        """What the site's webhook listens to, in the form the scripts read."""
        return wanted(self.config.webhook)

    def purpose(self, name: str) -> Purpose | None:
        """The policy of a purpose, None if the site does not declare it."""
        return self.config.purposes.get(name)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: a site by one of its keys."""

    site: SiteEntry
    key: ApiKey

    @property
    def actor(self) -> str:
        """How the audit log names the key."""
        return f"key:{self.key.name}"


def wanted(webhook: Webhook | None) -> str:
    """The events a site's webhook listens to, as the scripts read it: "" for none, `*` for all, or types and commas."""
    if webhook is None:
        return ""
    return "*" if set(webhook.events) == set(EVENTS) else ",".join(sorted(webhook.events))


def callback_keys(account: Account) -> CallbackKeys:
    """What an account shares with WeChat."""
    tokens = (account.token, account.previous_token)
    aes_keys = (account.aes_key, account.previous_aes_key)
    return CallbackKeys(
        appid=account.appid,
        tokens=tuple(token.reveal() for token in tokens if token),
        aes_keys=tuple(key.reveal() for key in aes_keys if key),
        mode=account.callback,
        original_id=account.original_id,
    )
