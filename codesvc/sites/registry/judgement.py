"""Judges the registry's entries by the rules of today, which may be stricter than those under which they were written.

An entry that breaks a rule is not used: its site, account, key or client does not exist until it is mended. It stays
in the store, the others go on, and it is named in the log, by `codesvc check` and on the operators' pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from codesvc.config import ConfigError
from codesvc.config.one_entry import one_account, one_client, one_key, one_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from codesvc.config import Account, ApiKey, Settings, Site
    from codesvc.config.oidc_settings import OidcClient
    from codesvc.sites.entries import AccountEntry

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
REGISTRATION: Final = "registration"
"""The member of a client's entry with a random name for this registration of its id. It cannot be set as an option."""


class Judgement:
    """What the entries mean, and which of them break a rule.

    Args:
        settings: the configuration, whose mode and shared settings the rules look at.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._broken: dict[str, tuple[object, str]] = {}

    @property
    def broken(self) -> dict[str, str]:
        """The rules that are broken, in words, by the name of the entry; of entries that were looked at."""
        return {entry: why for entry, (_, why) in sorted(self._broken.items())}

    def forget(self, entries: Iterable[str]) -> None:
        """Forget entries that have changed or are gone."""
        for entry in entries:
            self._broken.pop(entry, None)

    def account(self, name: str, table: Mapping[str, Any]) -> Account | None:
        """The account of an entry; None if it breaks a rule."""
        return self._judged(f"account/{name}", table, lambda: one_account(self._settings, name, table), account=name)

    def site(self, name: str, table: Mapping[str, Any], account: AccountEntry) -> Site | None:
        """The site of an entry, on this account; None if it breaks a rule."""
        basis = (table, account.config)
        accounts = {account.name: account.config}
        return self._judged(f"site/{name}", basis, lambda: one_site(self._settings, name, table, accounts), site=name)

    def key(self, site: str, name: str, table: Mapping[str, Any]) -> ApiKey | None:
        """The key of an entry; None if it breaks a rule."""
        written = {**table, "hash": f"sha256:{table.get('hash')}"}
        return self._judged(f"key/{site}/{name}", table, lambda: one_key(name, written), site=site)

    def client(self, site: str, identifier: str, table: Mapping[str, Any]) -> OidcClient | None:
        """The relying party of an entry; None if it breaks a rule."""
        entry = f"oidc-client/{site}/{identifier}"
        written = {name: value for name, value in table.items() if name != REGISTRATION}
        return self._judged(entry, table, lambda: one_client(self._settings, identifier, written), site=site)

    def _judged(
        self, entry: str, basis: object, make: Callable[[], _T], *, site: str = "", account: str = ""
    ) -> _T | None:
        known = self._broken.get(entry)
        if known is not None and known[0] == basis:
            # Judging costs some ms, and strangers may ask for its site again and again.
            return None
        try:
            found = make()
        except ConfigError as error:
            self._broken[entry] = (basis, str(error))
            _log.error("registry_entry_unusable", entry=entry, site=site, account=account, faults=str(error))
            return None
        self._broken.pop(entry, None)
        return found
