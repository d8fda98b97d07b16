"""The directory for commands: sites of the configuration and of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.domain.errors import CodesvcError
from codesvc.sites.directory import Directory
from codesvc.sites.registry.contents import Contents
from codesvc.sites.registry.registry import Registry
from codesvc.sites.registry.sealing import Sealer

if TYPE_CHECKING:
    from codesvc.config import Settings
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store


def configured_directory(settings: Settings) -> Directory:
    """The sites and accounts of the configuration alone."""
    return Directory(settings, Contents(Sealer(settings.secrets.keyring())))


async def read_directory(store: Store, settings: Settings) -> Directory:
    """All sites and accounts, as a running service has them."""
    sealer = Sealer(settings.secrets.keyring())
    directory = Directory(settings, Contents(sealer))
    await Registry(store, directory, sealer).refresh()
    return directory


def known_site(directory: Directory, name: str) -> SiteEntry:
    """The site with that name.

    Raises:
        CodesvcError: there is no such site.
    """
    site = directory.sites.get(name)
    if site is None:
        shown = sorted(directory.sites)[:20]
        raise CodesvcError(f"there is no site of that name; there are {', '.join(shown) or 'none'}")
    return site
