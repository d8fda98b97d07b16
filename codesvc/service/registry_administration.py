"""Changes of sites, accounts and keys at run time: the use cases of the admin API and of the commands.

Every change must keep the rules of the configuration file (`codesvc.config.one_entry`) and the rules between entries:
names, appids and keys are unique, entries of the file cannot be changed, an account that has sites cannot be removed.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, Final

from codesvc.config import ConfigError, Fault, LocalText
from codesvc.config.account_settings import Account
from codesvc.config.api_keys import hash_line, new_key
from codesvc.config.chat_words import word_faults
from codesvc.config.faults import suggestion
from codesvc.config.hidden_settings import hidden_values, secrets_led_elsewhere, without_secrets
from codesvc.config.one_entry import one_account, one_key, one_site
from codesvc.config.settings import Site
from codesvc.messages.templates import BadTemplate
from codesvc.service.misplaced_bindings import BindingsElsewhere, has_left_bindings, require_under
from codesvc.service.sites_of_account import require_readable, require_sites_stay
from codesvc.sites.directory import SiteEntry
from codesvc.sites.registry.tables import Conflict, Described, Entry, Kept, Missing, Table, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesvc.config import ApiKey, Settings
    from codesvc.messages.composer import Composer
    from codesvc.sites.directory import Directory
    from codesvc.sites.registry.contents import Contents
    from codesvc.sites.registry.registry import Registry, type_of_changes

_TYPES: Final[Mapping[Entry, type[Site | Account]]] = {"site": Site, "account": Account}


class RegistryAdministration:
    """The use cases. Each change names its actor (`by`), for the audit log."""

    def __init__(self, settings: Settings, directory: Directory, registry: Registry, composer: Composer) -> None:
        self._settings = settings
        self._directory = directory
        self._registry = registry
        self._composer = composer
        self._trying = asyncio.Lock()

    @property
    def _kept(self) -> Contents:
        return self._directory.kept

    def read(self, kind: Entry, name: str) -> Described:
        """Read a site or an account.

        Raises:
            Missing: there is none.
            UnreadableEntry: it is there, and this process lacks its master key.
        """
        if name in self._in_file(kind):
            return Described(name, "file", None)
        self._kept.require_readable(f"{kind}/{name}")
        table = self._known(name, self._kept.open(f"{kind}/{name}"))
        hidden = sorted(Fault(path, "").where for path in hidden_values(_TYPES[kind], table))
        return Described(name, "store", without_secrets(_TYPES[kind], table), tuple(hidden))

    async def put(self, kind: Entry, name: str, table: Table, *, by: str, again: bool = False) -> bool:
        """Create a site or an account, or replace its settings, secrets included. Returns whether it is new.

        Args:
            kind: a site or an account.
            name: its name.
            table: the settings as in the file; those of a site without `keys`.
            by: the actor.
            again: reuse the name of a site that is gone, and with it the bindings under that name; its keys,
                apps and webhook events are removed, and what was begun there acts no more.

        Raises:
            ConfigError: the settings break a rule.
            Conflict: it is in the file; the site was there before, or its account would change; the account's sites
                depend on its present appid.
        """
        return await self._put(kind, name, lambda _: table, by=by, again=again)

    async def patch(self, kind: Entry, name: str, patch: Mapping[str, Any], *, by: str) -> None:
        """Change some settings. Secrets that are not named stay, if the address that they are sent to does.

        Raises:
            ConfigError, Conflict: as `put`.
            Missing: there is none.
        """

        def changed(found: Table | None) -> Table:
            known = self._known(name, found)
            table = merged(known, patch)
            if faults := [*secrets_led_elsewhere(_TYPES[kind], known, patch, table)]:
                raise ConfigError(faults)
            return table

        await self._put(kind, name, changed, by=by)

    async def remove(self, kind: Entry, name: str, *, by: str) -> None:
        """Remove an account, or a site and its keys. A site's bindings stay in the store, and its name stays reserved.

        The store's goes also while the configuration file has the same name, whose own stays.

        Raises:
            Missing: there is none of that name.
            Conflict: it is in the configuration file alone, or the account has sites.
        """

        async def changes() -> type_of_changes:
            # An entry of that name is enough, also where its table cannot be decrypted: another process may use it.
            if f"{kind}/{name}" not in self._kept.texts:
                self._own(kind, name)
                raise Missing(f"there is nothing with the name {name}")
            if kind == "account":
                if sites := self._directory.site_names_of(name):
                    raise Conflict(f"the account has {len(sites)} site(s), such as {sites[0]}; remove them first")
                return {f"account/{name}": None}
            table = self._kept.open(f"site/{name}")
            account = self._kept.account_of(name) if table is None else table["account"]
            own = dict.fromkeys([f"site/{name}", *self._kept.below(name)])
            return own if name in self._settings.sites else {**own, f"removed/{name}": {"account": account}}

        await self._registry.change(changes, by=by)

    # Keys

    def keys(self, site: str) -> Sequence[tuple[ApiKey, Kept]]:
        """The keys of a site, those of the file first.

        Raises:
            Missing: there is no such site.
            UnreadableEntry: it is there, and this process lacks its master key.
        """
        if self._directory.site(site) is None:
            raise Missing(f"there is no site {site}")
        own = self._settings.sites.get(site)
        kept = [key for name in sorted(self._kept.keys_of(site)) if (key := self._directory.key(site, name))]
        return [*((key, "file") for key in (own.keys if own else ())), *((key, "store") for key in kept)]

    async def add_key(
        self, site: str, name: str, scopes: Sequence[str], digest: str | None = None, *, by: str
    ) -> str | None:
        """Add a key to a site, also to one of the file. Returns the new key, which is shown once; None for a hash.

        Args:
            site: the site's name.
            name: the key's name.
            scopes: what the key permits.
            digest: `sha256:…` of a key that was created elsewhere.
            by: the actor.

        Raises:
            ConfigError: the name, a scope or the hash is not valid.
            Missing: there is no such site.
            Conflict: the site has a key of that name, a site already has that key, or the site is in the store and in
                the configuration file.
        """
        made: str | None = None

        async def changes() -> type_of_changes:
            nonlocal made
            self._directory.require_in_use(site)
            if name in {*(key.name for key, _ in self.keys(site)), *self._kept.keys_of(site)}:
                raise Conflict(f"the site already has a key {name}; choose another name, or remove that key first")
            made = new_key(site, secrets.token_bytes(32)) if digest is None else None
            key = one_key(name, {"hash": digest if made is None else hash_line(made), "scopes": list(scopes)})
            if self._directory.has_key(key.hash):
                raise Conflict("that key is already in use")
            table: dict[str, object] = {"hash": key.hash.removeprefix("sha256:"), "scopes": sorted(key.scopes)}
            return {f"key/{site}/{name}": table}

        await self._registry.change(changes, by=by)
        return made

    async def remove_key(self, site: str, name: str, *, by: str) -> None:
        """Remove a key from the store, also where the configuration file has one of that name, which stays.

        Raises:
            Missing: there is no such site or key.
            Conflict: it is in the configuration file alone.
        """

        async def changes() -> type_of_changes:
            if name in self._kept.keys_of(site):
                return {f"key/{site}/{name}": None}
            own = self._settings.sites.get(site)
            if own is not None and any(key.name == name for key in own.keys):
                raise Conflict(f"the key {name} is in the configuration file; remove it there")
            raise Missing(f"the site {site} has no key {name}")

        await self._registry.change(changes, by=by)

    def _in_file(self, kind: Entry) -> Mapping[str, object]:
        return self._settings.sites if kind == "site" else self._settings.accounts

    def _own(self, kind: Entry, name: str) -> Table | None:
        """An entry in the store."""
        if name in self._in_file(kind):
            raise Conflict(f"the {kind} {name} is in the configuration file; change it there")
        self._kept.require_readable(f"{kind}/{name}")
        return self._kept.open(f"{kind}/{name}")

    @staticmethod
    def _known(name: str, table: Table | None) -> Table:
        if table is None:
            raise Missing(f"there is nothing with the name {name}")
        return table

    async def _put(
        self, kind: Entry, name: str, make: Callable[[Table | None], Table], *, by: str, again: bool = False
    ) -> bool:
        new = False

        async def changes() -> type_of_changes:
            nonlocal new
            known = self._own(kind, name)
            table, new = make(known), known is None
            if kind == "account":
                await self._try_account(name, table, known)
                return {f"account/{name}": table}
            taken_over = await self._left_under(name, again=again)
            appid = (await self._try_site(name, table, known)).account.config.appid
            try:
                await require_under(self._registry.whole_store, name, appid)
            except BindingsElsewhere as error:
                raise Conflict(str(error)) from None
            if f"site/{name}" not in self._kept.texts:
                # Events are dropped also without `again`: a site of the file may have left nothing else.
                await self._registry.whole_store.webhooks.retire_site(name)
            return {f"site/{name}": table} | dict.fromkeys(taken_over)

        await self._registry.change(changes, by=by)
        return new

    async def _left_under(self, name: str, *, again: bool) -> list[str]:
        """The entries that a former site of that name has left, which go when the name is used again.

        A site of the file leaves what was added to it here, and nothing notes that it is gone.
        """
        if f"site/{name}" in self._kept.texts:
            return []
        left = [*([f"removed/{name}"] if self._directory.was_removed(name) else ()), *self._kept.below(name)]
        if not again and (left or await has_left_bindings(self._registry.whole_store, name)):
            raise Conflict(
                f"a site {name} was there before, and its bindings, keys or apps are still stored; confirm to reuse "
                "the name: the new site gets the bindings, and the keys and apps are removed"
            )
        return left

    async def _try_site(self, name: str, table: Table, known: Table | None) -> SiteEntry:
        wanted = table.get("account")
        if isinstance(wanted, str):
            require_readable(self._directory, wanted)
        account = self._directory.accounts.get(wanted) if isinstance(wanted, str) else None
        if account is None and isinstance(wanted, str):
            near = suggestion(wanted, list(self._directory.accounts))
            raise ConfigError([Fault(("account",), f"is not an account that exists{near}")])
        site = one_site(self._settings, name, table, {account.name: account.config} if account else {})
        parts = ("chat", "wechat_server")
        beside = (each for part in parts for each in self._directory.sites_of(site.account, having=part))
        if faults := [*word_faults(site, ((each.name, each.config) for each in beside if each.name != name))]:
            raise ConfigError(faults)
        if known is not None and known["account"] != site.account:
            raise Conflict(f"the site cannot leave the account {known['account']}: its bindings are stored there")
        entry = SiteEntry(name, site, self._directory.accounts[site.account])
        await self._try_messages([entry])
        return entry

    async def _try_account(self, name: str, table: Table, known: Table | None) -> None:
        config = one_account(self._settings, name, table)
        require_readable(self._directory, name, self._kept.account_with(config.appid) or name)
        holder = self._directory.by_appid.get(config.appid)
        if holder is not None and holder.name != name:
            raise ConfigError([Fault(("appid",), f"is the appid of the account {holder.name}")])
        names = self._directory.site_names_of(name)
        if known is not None and known["appid"] != config.appid and names:
            raise Conflict(f"the account has {len(names)} site(s), whose bindings are stored under its appid")
        await require_sites_stay(self._settings, self._directory, name, config)
        entry = self._directory.entry_of(name, config)
        stand_in = Site(name=LocalText("-", "-"), account=name, keys=())
        sites = [SiteEntry(site.name, site.config, entry) for site in self._directory.sites_of(name)]
        await self._try_messages([SiteEntry("-", stand_in, entry), *sites], anew=True)

    async def _try_messages(self, sites: Sequence[SiteEntry], *, anew: bool = False) -> None:
        """Try every message of the sites with real values, as at the start of the service. One change at a time."""
        faults = []
        try:
            async with self._trying:
                for fault in self._composer.try_change(sites, anew=anew):
                    if fault is None:
                        await asyncio.sleep(0)
                    else:
                        faults.append(str(fault))
        except BadTemplate as error:
            faults = [str(error)]
        if faults:
            raise ConfigError([Fault(("messages",) if anew else (), fault) for fault in faults])
