"""Clients of issuers at run time: the use cases of the admin API and of `codesvc oidc`.

A client is an entry of the registry, with the settings of `[[sites.*.oidc.clients]]`. Its secret is made here and shown
once; the store has its hash.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from codesvc.config import ConfigError, Fault
from codesvc.config.api_keys import hash_line
from codesvc.config.one_entry import one_client
from codesvc.domain.clock import unix_ms
from codesvc.sites.registry.tables import Conflict, Missing
from codesvc.sites.relying_parties import client_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.config.oidc_settings import OidcClient
    from codesvc.sites.directory import SiteEntry
    from codesvc.sites.registry.registry import type_of_changes
    from codesvc.sites.registry.tables import Kept, Table
    from codesvc.sites.relying_parties import RelyingParties

_KEPT_SECRETS: Final = 2
"""A new secret leaves one old one valid, until the relying party has the new one."""


@dataclass(frozen=True, slots=True, repr=False)
class Registered:
    """A client that was registered or changed.

    Attributes:
        secret: its new secret, None if none was made.
    """

    client: OidcClient
    secret: str | None
    new: bool


class OidcAdministration:
    """The use cases. Each change names its actor (`by`), for the audit log."""

    def __init__(self, parties: RelyingParties) -> None:
        self._settings = parties.settings
        self._directory = parties.directory
        self._registry = parties.registry
        self._parties = parties

    def site(self, name: str) -> SiteEntry:
        """A site with an issuer.

        Raises:
            Missing: there is none of that name.
            Conflict: it has no issuer.
        """
        site = self._directory.sites.get(name)
        if site is None:
            raise Missing(f"there is no site {name}")
        if site.config.oidc is None:
            raise Conflict(f"the site {name} has no issuer: give it the table oidc, even an empty one")
        return site

    def clients(self, site: str) -> list[tuple[OidcClient, Kept]]:
        """The clients of a site. Raises as `site`."""
        return self._parties.clients(self.site(site))

    async def put(
        self, site: str, identifier: str, table: Mapping[str, Any], *, by: str, new_secret: bool = False
    ) -> Registered:
        """Register a client, or replace its settings.

        A confidential client that is new, or for which `new_secret` is set, gets a secret. Otherwise its secrets stay.
        `public` in the table makes a client without one.

        Raises:
            ConfigError: the settings break a rule.
            Missing, Conflict: as `site`; or the client is in the site's own settings, or the subject key has changed.
        """
        made: str | None = None
        new = False

        async def think() -> type_of_changes:
            nonlocal made, new
            known = self._own(site, identifier)
            # First: logins are refused without it, and after an error the new secret would be shown to no caller.
            self._parties.require_subjects()
            if "secrets" in table:
                raise ConfigError([Fault(("secrets",), "are made by this call; say new_secret for another one")])
            public = table.get("public", False)
            if not isinstance(public, bool):
                raise ConfigError([Fault(("public",), "must be true or false")])
            kept = list(known.get("secrets", ())) if known is not None and not public else []
            new, made = known is None, None
            if not public and (not kept or new_secret):
                made = secrets.token_urlsafe(32)
                kept = [hash_line(made), *kept][:_KEPT_SECRETS]
            found = {name: value for name, value in table.items() if name not in {"public", "id"}} | {"secrets": kept}
            one_client(self._settings, identifier, found)
            return {client_entry(site, identifier): found}

        await self._registry.change(think, by=by)
        client = self._parties.client(self.site(site), identifier)
        if client is None:  # pragma: no cover  it was registered just now
            raise Missing(f"there is no client {identifier}")
        # So that its key is published before the first token is signed.
        await self._parties.ready([client.algorithm], unix_ms())
        return Registered(client, made, new)

    async def remove(self, site: str, identifier: str, *, by: str) -> None:
        """Take a client away. Its codes and tokens are worth nothing from then on.

        Raises:
            Missing, Conflict: as `put`; or there is no such client.
        """

        async def think() -> type_of_changes:
            if self._own(site, identifier) is None:
                raise Missing(f"the site {site} has no client {identifier}")
            return {client_entry(site, identifier): None}

        await self._registry.change(think, by=by)

    def _own(self, site: str, identifier: str) -> Table | None:
        """The client's table in the store, also of one that breaks a rule by now."""
        entry, kept = self.site(site), self._directory.kept
        if any(client.id == identifier for client in (entry.config.oidc.clients if entry.config.oidc else ())):
            raise Conflict(f"the client {identifier} stands in the settings of the site; change it there")
        return kept.open(client_entry(site, identifier)) if kept is not None else None
