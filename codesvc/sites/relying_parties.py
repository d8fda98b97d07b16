"""The clients of sites' issuers, and the deployment's signing keys, as the configuration and the registry hold them.

An entry `oidc-client/{site}/{id}` of the registry is a client; the configuration wins where both have the same id.
`oidc-keys/all` holds the signing keys. So all processes share them, they are sealed like every entry, and they are
sealed anew after a rotation of the master key.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from codesvc.config import ConfigError
from codesvc.config.one_entry import one_client
from codesvc.domain.oidc_keys import SigningKeys
from codesvc.domain.oidc_person import Subjects
from codesvc.sites.registry.tables import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codesvc.config import Settings
    from codesvc.config.oidc import OidcClient
    from codesvc.domain.oidc_keys import SigningKey
    from codesvc.sites.directory import Directory, SiteEntry
    from codesvc.sites.registry.contents import Contents
    from codesvc.sites.registry.registry import Registry, type_of_changes
    from codesvc.sites.registry.tables import Kept

_log = structlog.get_logger(__name__)
KEYS_ENTRY: Final = "oidc-keys/all"
CLIENT_KIND: Final = "oidc-client"
DEFAULT_ALGORITHM: Final = "RS256"


def client_entries(kept: Contents, site: str) -> list[str]:
    """The names of the entries of a site's clients."""
    return [name for name in kept.texts if name.startswith(f"{CLIENT_KIND}/{site}/")]


def subject_key_fits(settings: Settings, kept: Contents | None) -> bool:
    """Whether `oidc.subject_key` is the one that the store's subjects were derived under; True where there are none."""
    table = kept.open(KEYS_ENTRY) if kept is not None and KEYS_ENTRY in kept.texts else None
    known = msgspec.convert(table, SigningKeys).subject_key if table is not None else ""
    key = settings.oidc.subject_key
    return known in {"", Subjects(key.reveal().encode()).key_id if key is not None else None}


class SubjectKeyChanged(Conflict):
    """`oidc.subject_key` is not the one that this deployment's subjects were derived under."""

    def __init__(self) -> None:
        super().__init__(
            "oidc.subject_key is missing, or is not the one that this store's subjects were made with; put it back"
        )


class RelyingParties:
    """Finds clients and keys.

    Args:
        settings: the configuration.
        directory: sites, and the registry's contents.
        registry: changes the keys.
    """

    def __init__(self, settings: Settings, directory: Directory, registry: Registry) -> None:
        self.settings = settings
        self.directory = directory
        self.registry = registry
        self._clients: dict[str, tuple[str, OidcClient]] = {}
        self._keys: tuple[str, SigningKeys] = ("", SigningKeys())
        key = settings.oidc.subject_key
        self.subjects = Subjects(key.reveal().encode()) if key is not None else None

    def client(self, site: SiteEntry, identifier: str) -> OidcClient | None:
        """The client of a site with that id."""
        own = site.config.oidc
        if own is None:
            return None
        found = next((client for client in own.clients if client.id == identifier), None)
        return found or self._kept_client(site.name, identifier)

    def clients(self, site: SiteEntry) -> list[tuple[OidcClient, Kept]]:
        """All clients of a site, those of its settings first."""
        own = site.config.oidc.clients if site.config.oidc is not None else ()
        where: Kept = "file" if site.name in self.settings.sites else "store"
        found: list[tuple[OidcClient, Kept]] = [(client, where) for client in own]
        known, prefix = {client.id for client in own}, f"{CLIENT_KIND}/{site.name}/"
        kept = self.directory.kept
        for name in sorted(client_entries(kept, site.name) if kept is not None else ()):
            if (identifier := name.removeprefix(prefix)) not in known:
                client = self._kept_client(site.name, identifier)
                found += [(client, "store")] if client is not None else []
        return found

    def _kept_client(self, site: str, identifier: str) -> OidcClient | None:
        name, kept = f"{CLIENT_KIND}/{site}/{identifier}", self.directory.kept
        text = kept.texts.get(name) if kept is not None else None
        if kept is None or text is None:
            return None
        known = self._clients.get(name)
        if known is None or known[0] is not text:
            table = kept.open(name)
            if table is None:
                return None
            try:
                known = (text, one_client(self.settings, identifier, table))
            except ConfigError as error:
                _log.error("registry_entry_unusable", site=site, faults=str(error))
                return None
            self._clients[name] = known
        return known[1]

    @property
    def keys(self) -> SigningKeys:
        """The signing keys that there are."""
        kept = self.directory.kept
        text = kept.texts.get(KEYS_ENTRY) if kept is not None else None
        if kept is None or text is None:
            return SigningKeys()
        if self._keys[0] is not text:
            table = kept.open(KEYS_ENTRY)
            self._keys = (text, msgspec.convert(table, SigningKeys) if table is not None else SigningKeys())
        return self._keys[1]

    def require_subjects(self) -> Subjects:
        """Subjects, if their key is the deployment's.

        Raises:
            SubjectKeyChanged: it is missing or another.
        """
        known = self.keys.subject_key
        if self.subjects is None or known not in {"", self.subjects.key_id}:
            raise SubjectKeyChanged
        return self.subjects

    async def ready(self, algorithms: Sequence[str], now: int) -> SigningKeys:
        """The keys, made now for algorithms that have none.

        Raises:
            SubjectKeyChanged: as `require_subjects`.
            RegistryBusy, StoreUnavailable: a key cannot be kept.
        """
        self.require_subjects()
        if self.keys.lacking(algorithms):
            await self._change(lambda keys: keys.with_keys(keys.lacking(algorithms), now), by="codesvc")
        return self.keys

    async def signer(self, algorithm: str, now: int) -> SigningKey:
        """The key that signs now. Raises as `ready`."""
        found = (await self.ready([algorithm], now)).signer(algorithm)
        if found is None:  # pragma: no cover  `ready` has made it
            raise LookupError(algorithm)
        return found

    async def rotate(self, now: int, *, by: str) -> SigningKeys:
        """Let the next keys sign; keys of the default algorithm are made if there are none. Raises as `ready`."""
        self.require_subjects()

        def turn(keys: SigningKeys) -> SigningKeys:
            return keys.rotated(now) if keys.keys else keys.with_keys([DEFAULT_ALGORITHM], now)

        await self._change(turn, by=by)
        return self.keys

    async def _change(self, change: Callable[[SigningKeys], SigningKeys], *, by: str) -> None:
        async def think() -> type_of_changes:
            subjects = self.require_subjects()
            changed = await asyncio.to_thread(change, self.keys)
            if changed is self.keys:
                return {}
            changed = msgspec.structs.replace(changed, subject_key=subjects.key_id)
            table: dict[str, Any] = msgspec.to_builtins(changed)
            return {KEYS_ENTRY: table}

        await self.registry.change(think, by=by)
