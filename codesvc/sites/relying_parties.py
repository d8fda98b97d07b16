"""The clients of sites' issuers, and the deployment's signing keys, as the configuration and the registry hold them.

An entry `oidc-client/{site}/{id}` of the registry is a client; the configuration wins where both have the same id.
`oidc-keys/all` holds the signing keys. So all processes share them, they are sealed like every entry, and they are
sealed anew after a rotation of the master key.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.domain.clock import rfc3339
from codesvc.domain.oidc_algorithms import ALGORITHMS, DEFAULT_ALGORITHM
from codesvc.domain.oidc_keys import SigningKeys
from codesvc.domain.oidc_person import Subjects
from codesvc.domain.oidc_request import is_registered
from codesvc.sites.lazy import PerText
from codesvc.sites.registry.judgement import REGISTRATION
from codesvc.sites.registry.tables import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codesvc.config import Settings
    from codesvc.config.oidc_settings import OidcClient
    from codesvc.domain.oidc_keys import SigningKey
    from codesvc.domain.oidc_request import AuthorizationRequest
    from codesvc.sites.directory import Directory, SiteEntry
    from codesvc.sites.registry.contents import Contents
    from codesvc.sites.registry.registry import Registry, type_of_changes
    from codesvc.sites.registry.tables import Kept

_KEYS_ENTRY: Final = "oidc-keys/all"


def client_entry(site: str, identifier: str) -> str:
    """The name of a client's entry."""
    return f"oidc-client/{site}/{identifier}"


def subject_key_fits(settings: Settings, kept: Contents) -> bool:
    """Whether `oidc.subject_key` is the one that the store's subjects were derived under; True where there are none."""
    keys = PerText(_keys_in).get(kept, _KEYS_ENTRY) or SigningKeys()
    return _fits(keys, subjects_of(settings))


class SubjectKeyChanged(Conflict):
    """`oidc.subject_key` is not the one that this deployment's subjects were derived under."""

    def __init__(self) -> None:
        super().__init__(
            "oidc.subject_key is missing, or is not the one that this store's subjects were made with; put it back"
        )


class KeyTooYoung(Conflict):
    """The next signing key was published so lately that relying parties would refuse what it signs."""

    def __init__(self, known_from: int) -> None:
        super().__init__(
            "the next key is less than a day old, and apps may not have loaded it: what it signs, they would refuse; "
            f"rotate from {rfc3339(known_from)} on"
        )


class RelyingParties:
    """Finds clients and keys."""

    def __init__(self, settings: Settings, directory: Directory, registry: Registry) -> None:
        self.settings = settings
        self.directory = directory
        self.registry = registry
        self._clients = PerText(self._client_in)
        self._registrations = PerText(_registration_in)
        self._keys = PerText(_keys_in)
        self._subjects = subjects_of(settings)

    def client(self, site: SiteEntry, identifier: str) -> OidcClient | None:
        """The client of a site with that id.

        Raises:
            UnreadableEntry: it is there, and this process lacks its master key.
        """
        own = site.config.oidc
        if own is None:
            return None
        found = next((client for client in own.clients if client.id == identifier), None)
        if found is not None or self.directory.is_replaced(site.name):
            return found
        entry, kept = client_entry(site.name, identifier), self.directory.kept
        found = self._clients.get(kept, entry)
        if found is None:
            kept.require_readable(entry)
        return found

    def registration(self, site: SiteEntry, identifier: str) -> str:
        """The random name that a client of the registry got when it was registered; "" for one of the site's settings.

        What was given to a client that was removed is not good for the next one of its id, which has another.
        """
        own = site.config.oidc
        if own is None or any(client.id == identifier for client in own.clients):
            return ""
        return self._registrations.get(self.directory.kept, client_entry(site.name, identifier)) or ""

    def asking(self, site: SiteEntry, request: AuthorizationRequest) -> OidcClient | None:
        """The client that made a request; None if it was removed since, or the address is no longer one of its own."""
        client = self.client(site, request.client)
        if client is None or self.registration(site, client.id) != request.registration:
            return None
        good = is_registered(request.redirect_uri, client.redirect_uris, public=client.public)
        return client if good else None

    def clients(self, site: SiteEntry) -> list[tuple[OidcClient, Kept]]:
        """All clients of a site, those of its settings first."""
        own = site.config.oidc.clients if site.config.oidc is not None else ()
        where: Kept = "file" if site.name in self.settings.sites else "store"
        found: list[tuple[OidcClient, Kept]] = [(client, where) for client in own]
        known, kept = {client.id for client in own}, self.directory.kept
        rest = [] if self.directory.is_replaced(site.name) else sorted(set(kept.clients_of(site.name)) - known)
        read = (self._clients.get(kept, client_entry(site.name, name)) for name in rest)
        return found + [(client, "store") for client in read if client is not None]

    def algorithms(self, site: SiteEntry) -> list[str]:
        """The algorithms that a site's clients want, and the default one."""
        wanted = {DEFAULT_ALGORITHM, *(client.algorithm for client, _ in self.clients(site))}
        return [each for each in ALGORITHMS if each in wanted]

    def _client_in(self, entry: str, table: dict[str, Any]) -> OidcClient | None:
        _, site, identifier = entry.split("/")
        return self.directory.judgement.client(site, identifier, table)

    @property
    def keys(self) -> SigningKeys:
        """The signing keys that there are.

        Raises:
            UnreadableEntry: this process lacks the master key under which they are encrypted.
        """
        found = self._keys.get(self.directory.kept, _KEYS_ENTRY)
        if found is None:
            self.directory.kept.require_readable(_KEYS_ENTRY)
        return found or SigningKeys()

    def require_subjects(self) -> Subjects:
        """Subjects, if their key is the deployment's.

        Raises:
            SubjectKeyChanged: it is missing or another.
            UnreadableEntry: as `keys`, so that this cannot be known.
        """
        if self._subjects is None or not _fits(self.keys, self._subjects):
            raise SubjectKeyChanged
        return self._subjects

    async def ready(self, algorithms: Sequence[str], now: int) -> SigningKeys:
        """The keys, made now for algorithms that have none.

        Raises:
            SubjectKeyChanged, UnreadableEntry: as `require_subjects`.
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

    async def rotate(self, now: int, *, by: str, new: bool = False) -> SigningKeys:
        """Let the next keys sign; keys of the default algorithm are made if there are none.

        Args:
            now: ms.
            by: the actor.
            new: an operator says that the master key of keys that cannot be decrypted is gone for good, so they are
                removed first. Then nothing knows whether the subject key is the one from before.

        Raises:
            KeyTooYoung: apps may not know the next key yet.
            SubjectKeyChanged, UnreadableEntry, RegistryBusy, StoreUnavailable: as `ready`.
        """
        if new:
            await self.registry.change(self._unreadable_keys, by=by)
        self.require_subjects()

        def turn(keys: SigningKeys) -> SigningKeys:
            if now < keys.known_from:
                raise KeyTooYoung(keys.known_from)
            return keys.rotated(now) if keys.keys else keys.with_keys([DEFAULT_ALGORITHM], now)

        await self._change(turn, by=by)
        return self.keys

    async def _unreadable_keys(self) -> type_of_changes:
        return dict.fromkeys(self.directory.kept.unreadable([_KEYS_ENTRY]))

    async def _change(self, change: Callable[[SigningKeys], SigningKeys], *, by: str) -> None:
        async def changes() -> type_of_changes:
            subjects = self.require_subjects()
            changed = await asyncio.to_thread(change, self.keys)
            if changed is self.keys:
                return {}
            changed = msgspec.structs.replace(changed, subject_key=subjects.key_id)
            table: dict[str, Any] = msgspec.to_builtins(changed)
            return {_KEYS_ENTRY: table}

        await self.registry.change(changes, by=by)


def _registration_in(_entry: str, table: dict[str, Any]) -> str:
    return str(table.get(REGISTRATION, ""))


def _keys_in(_entry: str, table: dict[str, Any]) -> SigningKeys:
    return msgspec.convert(table, SigningKeys)


def subjects_of(settings: Settings) -> Subjects | None:
    """Subjects under the configuration's key, whether or not it is the deployment's; None where there is none."""
    key = settings.oidc.subject_key
    return Subjects(key.reveal().encode()) if key is not None else None


def _fits(keys: SigningKeys, subjects: Subjects | None) -> bool:
    return keys.subject_key in {"", subjects.key_id if subjects is not None else None}
