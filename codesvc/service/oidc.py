"""The parts of the OpenID Provider, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.service.oidc_administration import OidcAdministration
from codesvc.service.oidc_logins import OidcLogins
from codesvc.service.oidc_tokens import OidcTokens

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.signed_links import Links
    from codesvc.service.intents import Intents
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.relying_parties import RelyingParties
    from codesvc.store.store import Store


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """Clients and keys, the browser's side of a login, and the relying party's."""

    parties: RelyingParties
    logins: OidcLogins
    tokens: OidcTokens
    administration: OidcAdministration

    @classmethod
    def made(
        cls,
        parties: RelyingParties,
        store: Store,
        keyring: Keyring,
        links: Links,
        *,
        intents: Intents,
        recorder: Recorder,
    ) -> OpenIdProvider:
        """Make all parts."""
        logins = OidcLogins(store, keyring, links, intents, parties, recorder=recorder)
        return cls(parties, logins, OidcTokens(store, keyring, parties, recorder), OidcAdministration(parties))
