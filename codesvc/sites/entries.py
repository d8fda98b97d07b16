"""Entries of the directory: a site, an account, a caller, with values that requests need, computed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from codesvc.config import Limits
from codesvc.domain.account_kinds import AccountKind, Right
from codesvc.domain.channels import usable
from codesvc.domain.limits import encode, names, policies
from codesvc.domain.test_identity import fixed_code
from codesvc.domain.webhook import EVENTS
from codesvc.sites.looks import Looks
from codesvc.wechat.callback_format import CallbackKeys

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesvc.config import Account, ApiKey, Purpose, Site, Webhook
    from codesvc.domain.limits import Rate
    from codesvc.store.keys import Keys

NO_RATES: Final = dict.fromkeys(Limits.__slots__, "")
"""Rates for starts that count against no limit: those of test identities."""


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An account and its keys in the store.

    Attributes:
        name: the account's name in the configuration and in `/wechat/{account}`.
        sites: how many sites share it.
        rates: the different rates that its sites have for a limit, by the limit's name.
        guarded: whether the addresses that it names may only be public: a live account of the store. Who may write it
            by the admin API may not make the service call what only the service reaches.
    """

    name: str
    config: Account
    store_keys: Keys
    callback_keys: CallbackKeys
    sites: int = 1
    rates: Callable[[str], tuple[tuple[Rate, ...], ...]] = field(default=lambda _: (), compare=False, repr=False)
    guarded: bool = False

    @property
    def by_keyword(self) -> bool:
        """Whether the account has no QR codes for pages, so that a code comes by keyword only."""
        return not self.config.may(Right.QR_CODES)

    @property
    def picture(self) -> Literal["scan", "follow", "none"]:
        """What the pages' picture shows: a QR code for the page, the account's own for following, or nothing."""
        if not self.by_keyword:
            return "scan"
        return "follow" if self.config.qr_picture else "none"


@dataclass(frozen=True, eq=False)
class SiteEntry:
    """A site with its account. An entry equals only itself: values computed for it can be cached by identity."""

    name: str
    config: Site
    account: AccountEntry

    @property
    def store_keys(self) -> Keys:
        """Keys in the store, those of the account's partition."""
        return self.account.store_keys

    @cached_property
    def rates(self) -> dict[str, str]:
        """Each limit's rates, encoded for the scripts."""
        limits = self.config.limits
        return {name: encode(getattr(limits, name)) for name in limits.__slots__}

    @cached_property
    def policies(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """For each limit the names of its rates, and its rates as the `RateLimit-Policy` header spells them."""
        limits = self.config.limits
        rates_by_limit = ((limit, getattr(limits, limit)) for limit in limits.__slots__)
        return {limit: (names(limit, rates), policies(limit, rates)) for limit, rates in rates_by_limit}

    def test_code(self, user: str) -> str | None:
        """The fixed code of a test identity; None if the user is not one."""
        return fixed_code(self.config.test_users, user) if self.config.test_users else None

    @cached_property
    def wanted(self) -> str:
        """The event types that the site's webhook receives, encoded for the scripts."""
        return wanted(self.config.webhook)

    @cached_property
    def looks(self) -> Looks:
        """The looks of the site's pages and widget."""
        return Looks.of(self.config.brand)

    def channels(self, policy: Purpose) -> tuple[str, ...]:
        """The channels of a purpose that the account's kind may use, in their order."""
        return usable(AccountKind(self.account.config.kind), policy.channels)

    def purpose(self, name: str) -> Purpose | None:
        """The policy of a purpose; None if the site does not declare it."""
        return self.config.purposes.get(name)


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of the API: a site, and the key that it used."""

    site: SiteEntry
    key: ApiKey

    @property
    def actor(self) -> str:
        """The key's name in the audit log."""
        return f"key:{self.key.name}"

    @property
    def key_id(self) -> str:
        """The identifier of the key in the store."""
        return self.key.identifier


def wanted(webhook: Webhook | None) -> str:
    """A webhook's event types for the scripts: "" for none, `*` for all, else separated by commas."""
    if webhook is None:
        return ""
    return "*" if set(webhook.events) == set(EVENTS) else ",".join(sorted(webhook.events))


def callback_keys(account: Account) -> CallbackKeys:
    """The secrets that an account shares with WeChat."""
    tokens = (account.token, account.previous_token)
    aes_keys = (account.aes_key, account.previous_aes_key)
    return CallbackKeys(
        appid=account.appid,
        tokens=tuple(token.reveal() for token in tokens if token),
        aes_keys=tuple(key.reveal() for key in aes_keys if key),
        mode=account.callback,
        original_id=account.original_id,
    )
