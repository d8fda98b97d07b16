"""The directory of sites, accounts and API keys, found by name, appid or key.

Values that requests need of the configuration are computed once and kept, so that handling a request only looks them
up.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from codesvc.config import Limits
from codesvc.sites.entries import NO_RATES, AccountEntry, Caller, SiteEntry, callback_keys
from codesvc.sites.lazy import LazyEntries, PerText
from codesvc.sites.registry.judgement import Judgement
from codesvc.sites.registry.tables import Conflict
from codesvc.store.keys import Keys
from codesvc.store.partitions import partition_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from codesvc.config import Account, ApiKey, Settings, Site
    from codesvc.domain.limits import Rate
    from codesvc.sites.registry.contents import Contents

__all__ = ["NO_RATES", "AccountEntry", "Caller", "Directory", "SiteEntry"]


class Directory:
    """All sites and accounts: those of the configuration file, and those of the store (`codesvc.sites.registry`).

    If both contain the same name, appid or key, the configuration file wins: its owner has the final decision. Entries
    of the store are judged by the rules for new entries when they are read; an entry that breaks one does not exist
    here. Keys and clients of a site of the store are not used while the file has a site of its name: it may be another
    customer's.

    Args:
        kept: the entries of the store; empty until they have been read (`codesvc.sites.registry.reading`).

    Attributes:
        judgement: which entries of the store break a rule.
    """

    def __init__(self, settings: Settings, kept: Contents) -> None:
        self._settings = settings
        self.kept = kept
        self.judgement = Judgement(settings)
        self._appids = {account.appid: name for name, account in settings.accounts.items()}
        self._keys = {
            key.hash.removeprefix("sha256:"): (name, key) for name, site in settings.sites.items() for key in site.keys
        }
        self._callers: dict[str, Caller] = {}
        self._configs = PerText(self._site_in)
        # What is made for an account's settings, such as its client and its breaker, lasts while they are the same.
        self._account_configs = PerText(self._account_in)
        self.accounts = LazyEntries(self._account, self._account_names)
        self.sites = LazyEntries(self._site, self._site_names)
        self.by_appid = LazyEntries(
            self._account_with, lambda: (entry.config.appid for entry in self.accounts.values())
        )

    def caller(self, api_key: str) -> Caller | None:
        """The caller that an API key belongs to; None if the key is unknown.

        The key is looked up by its SHA-256. The time that this takes could only reveal something about the hash, which
        an attacker cannot choose. A key has at least 128 random bits.

        Raises:
            UnreadableEntry: its entry, or its site's, is there, and this process lacks the master key.
        """
        digest = sha256(api_key.encode(errors="surrogateescape")).hexdigest()
        return self._callers.get(digest) or self._find_caller(digest)

    def _find_caller(self, digest: str) -> Caller | None:
        """As `caller`, for a key that is not cached yet."""
        site, key = self._keys.get(digest, ("", None))
        if key is None:
            site, name = self.kept.key_with(digest) or ("", "")
            key = self.key(site, name) if name else None
            if key is None:
                self.kept.require_readable(f"key/{site}/{name}")
        found = self.site(site) if key is not None and key.hash.endswith(digest) else None
        if found is None or key is None:
            return None
        caller = self._callers[digest] = Caller(found, key)
        return caller

    def key(self, site: str, name: str) -> ApiKey | None:
        """A key from the store; None if it is not there, or not used."""
        table = None if self.is_replaced(site) else self.kept.open(f"key/{site}/{name}")
        return self.judgement.key(site, name, table) if table is not None else None

    def apply(self, changes: Mapping[str, str | None]) -> None:
        """Apply changes of the store's entries, and drop every cached value that was computed from the old ones."""
        touched = self.kept.apply(changes)
        self.judgement.forget(changes)
        self._callers.clear()
        self.sites.drop([site.name for site in self.sites.made if site.account.name in touched])
        self.by_appid.drop([account.config.appid for account in self.accounts.made if account.name in touched])
        self.accounts.drop(touched)

    def site_names_of(self, account: str, *, having: str = "") -> list[str]:
        """The names of an account's sites; `having` leaves out sites of the store that do not set this option."""
        own = [name for name, site in self._settings.sites.items() if site.account == account]
        return own + [name for name in self.kept.sites_of(account, having=having) if name not in self._settings.sites]

    def sites_of(self, account: str, *, having: str = "") -> list[SiteEntry]:
        """As `site_names_of`, but returns the sites' entries."""
        return [site for name in self.site_names_of(account, having=having) if (site := self.sites.get(name))]

    def account_of(self, site: str) -> tuple[str, str]:
        """The name and the appid of a site's account, without opening an entry of the store.

        Both are "" if there is no such site; the appid is, if there is no such account.
        """
        own = self._settings.sites.get(site)
        account = own.account if own else self.kept.account_of(site)
        known = self._settings.accounts.get(account)
        if known is not None:
            return account, known.appid
        return account, "" if self._is_shadowed(account) else self.kept.appid_of(account)

    def has_left(self, site: str, appid: str) -> bool:
        """Whether a site of the store was made anew at an account of the store, and another account has this appid.

        While an account of the store has sites, its appid does not change, so these bindings show no wrong appid.
        """
        of_file = site in self._settings.sites or self.account_of(site)[0] in self._settings.accounts
        return not of_file and (appid in self._appids or self.kept.account_with(appid) is not None)

    def is_replaced(self, site: str) -> bool:
        """Whether the store has a site of that name, and the configuration too: the store's is not used."""
        return site in self._settings.sites and f"site/{site}" in self.kept.texts

    def require_in_use(self, site: str) -> None:
        """Refuse to add something to a site, if it would not be used.

        Raises:
            Conflict: the site is in the store and in the configuration, so nobody could say whose it would be.
        """
        if self.is_replaced(site):
            raise Conflict(f"the site {site} is in the configuration file and in the store; remove the store's first")

    def site(self, name: str) -> SiteEntry | None:
        """The site of a request; None if there is none, or it breaks a rule.

        Raises:
            UnreadableEntry: the store has its entry or its account's, and this process lacks the master key.
        """
        found = self.sites.get(name)
        if found is None and name not in self._settings.sites:
            self.kept.require_readable(f"site/{name}")
        if found is None:
            self.account(self.account_of(name)[0])
        return found

    def account(self, name: str) -> AccountEntry | None:
        """The account of a request. Returns and raises as `site`."""
        found = self.accounts.get(name)
        if found is None:
            self.kept.require_readable(f"account/{name}")
        return found

    def was_removed(self, site: str) -> bool:
        """Whether a site of the store was removed on purpose, so that its bindings wait for its return."""
        return f"removed/{site}" in self.kept.texts

    def partitions(self, *, hearing: bool = False) -> set[int]:
        """The partitions of all accounts; with `hearing`, only of accounts with a site that has a webhook."""
        settings = self._settings
        own = {site.account for site in settings.sites.values() if site.webhook} if hearing else settings.accounts
        return (
            self.kept.partitions(hearing=hearing)
            | {partition_of(settings.accounts[name].appid) for name in own}
            | self._partitions_with_stored_webhooks(hearing=hearing)
        )

    def _partitions_with_stored_webhooks(self, *, hearing: bool) -> set[int]:
        """Partitions of the configuration's accounts that have a site with a webhook in the store."""
        if not hearing:
            return set()
        return {
            partition_of(account.appid)
            for name, account in self._settings.accounts.items()
            if self.kept.sites_of(name, having="webhook")
        }

    @property
    def active_accounts(self) -> list[AccountEntry]:
        """The accounts of the configuration, and those of the store that this process has used."""
        own = [self.accounts[name] for name in self._settings.accounts]
        return own + [account for account in self.accounts.made if account.name not in self._settings.accounts]

    @property
    def shadowed(self) -> list[str]:
        """Entries of the store that are ignored because the configuration has the same name or appid."""
        replaced = [name for name in self._settings.sites if self.is_replaced(name)]
        return [
            *(entry for name in replaced for entry in (f"site/{name}", *self.kept.below(name))),
            *(f"account/{name}" for name in self.kept.names("account") if self._is_shadowed(name)),
        ]

    @property
    def without_account(self) -> list[str]:
        """Sites of the store whose account is in neither the configuration nor the store, so that they do not exist."""
        return [f"site/{name}" for name in self.kept.names("site") if not self.account_of(name)[1]]

    @property
    def without_site(self) -> list[str]:
        """Keys and clients of the store whose site is in neither: they act for the next site of the file of its name.

        A site of the store that is removed takes its own with it, and a new one takes over none.
        """
        known = self._settings.sites.keys() | set(self.kept.names("site"))
        return [entry for site in sorted(self.kept.sites_with_entries() - known) for entry in self.kept.below(site)]

    def _is_of_file(self, entry: str) -> bool:
        kind, name, *_ = entry.split("/")
        return self._is_shadowed(name) if kind == "account" else self.is_replaced(name)

    def _is_shadowed(self, account: str) -> bool:
        return account in self._settings.accounts or self.kept.appid_of(account) in self._appids

    def _account_names(self) -> list[str]:
        kept = (name for name in self.kept.names("account") if not self._is_shadowed(name))
        return [*self._settings.accounts, *kept]

    def _site_names(self) -> list[str]:
        kept = (name for name in self.kept.names("site") if name not in self._settings.sites)
        return [*self._settings.sites, *kept]

    def _account(self, name: str) -> AccountEntry | None:
        config = self._settings.accounts.get(name)
        if config is None and not self._is_shadowed(name):
            config = self._account_configs.get(self.kept, f"account/{name}")
        return self.entry_of(name, config) if config is not None else None

    def entry_of(self, name: str, config: Account) -> AccountEntry:
        """The entry of an account with these settings, whether they are in force or only proposed."""
        keys, sites = Keys(self._settings.store.prefix, config.appid), len(self.site_names_of(name))
        guarded = self._settings.mode == "live" and name not in self._settings.accounts
        rates = partial(self._rates_on, name)
        return AccountEntry(name, config, keys, callback_keys(config), sites, rates, guarded=guarded)

    def _rates_on(self, account: str, limit: str) -> tuple[tuple[Rate, ...], ...]:
        """The different rates that an account's sites have for a limit."""
        limited = self.sites_of(account, having="limits")
        found = dict.fromkeys(getattr(site.config.limits, limit) for site in limited)
        if len(limited) < len(self.site_names_of(account)):
            found[getattr(Limits(), limit)] = None
        return tuple(found)

    def has_key(self, line: str) -> bool:
        """Whether a key with that hash (`sha256:…`) exists, for a site or for the admin API."""
        digest = line.removeprefix("sha256:")
        admins = {key.hash for key in self._settings.admin.keys}
        return digest in self._keys or line in admins or self.kept.key_with(digest) is not None

    def judge(self, entry: str) -> None:
        """Judge an entry of the store, without keeping what it means; the result is in `judgement`."""
        table = self.kept.open(entry)
        if table is None or self._is_of_file(entry):
            return
        kind, *parts = entry.split("/")
        match kind, parts:
            case "account", [name]:
                self.judgement.account(name, table)
            case "site", [name]:
                # Not `self.accounts`: an account that was looked up there is in use, and its tokens are fetched.
                account = self._account(table.get("account", ""))
                if account is not None:
                    self.judgement.site(name, table, account)
            case "key", [site, name]:
                self.judgement.key(site, name, table)
            case "oidc-client", [site, client]:
                self.judgement.client(site, client, table)

    def _account_in(self, entry: str, table: dict[str, Any]) -> Account | None:
        return self.judgement.account(entry.removeprefix("account/"), table)

    def _site_in(self, entry: str, table: dict[str, Any]) -> Site | None:
        account = self.accounts.get(table["account"])
        return self.judgement.site(entry.removeprefix("site/"), table, account) if account is not None else None

    def _account_with(self, appid: str) -> AccountEntry | None:
        name = self._appids.get(appid) or self.kept.account_with(appid)
        return self.accounts.get(name) if name else None

    def _site(self, name: str) -> SiteEntry | None:
        config = self._settings.sites.get(name) or self._configs.get(self.kept, f"site/{name}")
        account = self.accounts.get(config.account) if config is not None else None
        return SiteEntry(name, config, account) if config is not None and account is not None else None
