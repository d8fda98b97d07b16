"""The registry's contents in memory: encrypted entries by name, with indexes that need no decryption.

The name of an entry is `site/shop`, `account/main`, `key/shop/server`, `oidc-client/shop/wiki`, `oidc-keys/all` or
`removed/shop`. Its text is a hint, a blank, and the encrypted table (`codesvc.sites.registry.sealing`). The hint is
only used to find entries. It is not trusted: the decrypted table decides.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from codesvc.sites.registry.tables import UnreadableEntry
from codesvc.store.partitions import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codesvc.sites.registry.sealing import Sealer

_T = TypeVar("_T")


class Hint(msgspec.Struct, frozen=True, omit_defaults=True):
    """The unencrypted facts about an entry.

    Attributes:
        account: for a site, its account.
        appid: for an account, its appid.
        hash: for a key, its SHA-256, hexadecimal.
        has: for a site, the options that it sets.
    """

    account: str = ""
    appid: str = ""
    hash: str = ""
    has: tuple[str, ...] = ()


def entry_text(sealer: Sealer, name: str, table: dict[str, Any]) -> str:
    """The text of an entry with this table."""
    kind = name.partition("/")[0]
    hint = Hint(
        account=table["account"] if kind == "site" else "",
        appid=table["appid"] if kind == "account" else "",
        hash=table["hash"] if kind == "key" else "",
        has=tuple(sorted(table)) if kind == "site" else (),
    )
    return f"{msgspec.json.encode(hint).decode()} {sealer.close(name, table)}"


class Contents:
    """All entries and their indexes."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self.texts: dict[str, str] = {}
        self._hints: dict[str, Hint] = {}
        self._lost: set[str] = set()
        self._by_appid: dict[str, str] = {}
        self._by_hash: dict[str, tuple[str, str]] = {}
        self._sites_of: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._keys_of: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._clients_of: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def apply(self, changes: Mapping[str, str | None]) -> set[str]:
        """Apply changed entries; None removes one. Returns the names of the accounts that are affected."""
        touched: set[str] = set()
        for name, text in changes.items():
            if text == self.texts.get(name):
                continue
            touched |= self._remove(name)
            if text is not None:
                touched |= self._add(name, text)
        return touched

    def _add(self, name: str, text: str) -> set[str]:
        try:
            hint = msgspec.json.decode(text.partition(" ")[0], type=Hint)
        except msgspec.DecodeError:
            hint = Hint()
        self.texts[name], self._hints[name] = text, hint
        kind, _, rest = name.partition("/")
        # The name of a removed site says all, so nothing opens its entry.
        if kind != "removed" and self._sealer.lost(text.partition(" ")[2]):
            self._lost.add(name)
        match kind:
            case "account":
                self._by_appid[hint.appid] = rest
                return {rest}
            case "site":
                self._sites_of[hint.account][rest] = None
                return {hint.account}
            case "key":
                site, _, key = rest.partition("/")
                self._by_hash[hint.hash] = (site, key)
                self._keys_of[site][key] = None
            case "oidc-client":
                site, _, client = rest.partition("/")
                self._clients_of[site][client] = None
        return set()

    def _remove(self, name: str) -> set[str]:
        if self.texts.pop(name, None) is None:
            return set()
        self._lost.discard(name)
        hint = self._hints.pop(name)
        kind, _, rest = name.partition("/")
        match kind:
            case "account":
                _drop(self._by_appid, hint.appid, rest)
                return {rest}
            case "site":
                self._sites_of[hint.account].pop(rest, None)
                return {hint.account}
            case "key":
                site, _, key = rest.partition("/")
                _drop(self._by_hash, hint.hash, (site, key))
                self._keys_of[site].pop(key, None)
            case "oidc-client":
                site, _, client = rest.partition("/")
                self._clients_of[site].pop(client, None)
        return set()

    def open(self, name: str) -> dict[str, Any] | None:
        """The table of an entry; None if there is no such entry, or it cannot be decrypted."""
        text = self.texts.get(name)
        return self._sealer.open(name, text.partition(" ")[2]) if text is not None else None

    def unreadable(self, names: Iterable[str]) -> list[str]:
        """Those of these entries that are there and cannot be decrypted, but for those that nothing opens."""
        there = (name for name in names if name in self.texts and not name.startswith("removed/"))
        return [name for name in there if name in self._lost or self.open(name) is None]

    def require_readable(self, *names: str) -> None:
        """Refuse to go on as if there were no such entries.

        Raises:
            UnreadableEntry: one is there and cannot be decrypted.
        """
        for name in self.unreadable(names):
            raise UnreadableEntry(name)

    def aged(self) -> list[str]:
        """Names of the entries that are encrypted under a previous master key."""
        return [name for name, text in self.texts.items() if self._sealer.aged(text.partition(" ")[2])]

    def lost(self) -> list[str]:
        """Names of the entries whose master key is not configured."""
        return sorted(self._lost)

    def names(self, kind: str) -> list[str]:
        """The names of all sites, accounts or removed sites."""
        return [name.partition("/")[2] for name in self.texts if name.startswith(f"{kind}/")]

    def appid_of(self, account: str) -> str:
        """The appid of an account, "" if there is no such account."""
        hint = self._hints.get(f"account/{account}")
        return hint.appid if hint else ""

    def account_of(self, site: str) -> str:
        """The name of a site's account, "" if there is no such site."""
        hint = self._hints.get(f"site/{site}")
        return hint.account if hint else ""

    def account_with(self, appid: str) -> str | None:
        """The name of the account with that appid."""
        return self._by_appid.get(appid)

    def key_with(self, digest: str) -> tuple[str, str] | None:
        """The site and name of the key with that SHA-256 (hexadecimal)."""
        return self._by_hash.get(digest)

    def partitions(self, *, hearing: bool = False) -> set[int]:
        """The partitions of all accounts; with `hearing`, only of accounts with a site that has a webhook."""
        accounts = {name.partition("/")[2]: hint for name, hint in self._hints.items() if name.startswith("account/")}
        if hearing:
            sites = [hint for hint in self._hints.values() if "webhook" in hint.has]
            accounts = {site.account: accounts[site.account] for site in sites if site.account in accounts}
        return {partition_of(hint.appid) for hint in accounts.values()}

    def sites_of(self, account: str, *, having: str = "") -> list[str]:
        """The sites of an account; with `having`, only those that set this option."""
        return [
            site for site in self._sites_of.get(account, ()) if not having or having in self._hints[f"site/{site}"].has
        ]

    def keys_of(self, site: str) -> list[str]:
        """The names of a site's keys."""
        return list(self._keys_of.get(site, ()))

    def clients_of(self, site: str) -> list[str]:
        """The ids of the clients of a site's issuer."""
        return list(self._clients_of.get(site, ()))

    def below(self, site: str) -> list[str]:
        """The entries of a site's keys and clients, also of a site that is not in the registry."""
        keys = (f"key/{site}/{key}" for key in self.keys_of(site))
        return [*keys, *(f"oidc-client/{site}/{client}" for client in self.clients_of(site))]

    def sites_with_entries(self) -> set[str]:
        """The sites that have a key or a client here."""
        return {site for index in (self._keys_of, self._clients_of) for site, names in index.items() if names}


def _drop(index: dict[str, _T], value: str, entry: _T) -> None:
    """Remove an entry from an index, unless another entry has its value by now: both changes may be read at once."""
    if index.get(value) == entry:
        del index[value]
