"""A change of an account must not make its sites break a rule: after the next start they would be gone.

A site that cannot be decrypted cannot be judged, so nothing that it has to fit is changed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from codesvc.config import ConfigError, Fault
from codesvc.config.one_entry import one_site

if TYPE_CHECKING:
    from codesvc.config import Account, Settings
    from codesvc.sites.directory import Directory


def require_readable(directory: Directory, *accounts: str) -> None:
    """Refuse a change that has to fit these accounts and their sites, while one of them cannot be decrypted.

    Raises:
        UnreadableEntry: this process lacks the master key of one.
    """
    kept = directory.kept
    lost = frozenset(kept.lost())
    for account in accounts:
        entries = (f"account/{account}", *(f"site/{site}" for site in kept.sites_of(account)))
        kept.require_readable(*lost.intersection(entries))


async def require_sites_stay(settings: Settings, directory: Directory, account: str, config: Account) -> None:
    """Judge the sites of the store on an account with the settings that it is to have.

    Raises:
        ConfigError: a site that is good today would break a rule.
    """
    kept, broken = directory.kept, directory.judgement.broken
    for site in kept.sites_of(account):
        table = kept.open(f"site/{site}")
        if table is None or site in settings.sites or f"site/{site}" in broken:
            continue
        try:
            one_site(settings, site, table, {account: config})
        except ConfigError as error:
            raise ConfigError([Fault((), f"would leave the site {site} unusable: {error}")]) from None
        await asyncio.sleep(0)
