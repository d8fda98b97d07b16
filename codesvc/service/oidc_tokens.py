"""The OpenID Provider's back channel: a code becomes tokens, an access token reads the person's claims.

The client is authenticated before its code is touched: Go's clients try HTTP Basic first, and after a refusal send the
same code with the secret in the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from codesvc.domain.clock import unix_ms
from codesvc.domain.oidc_codes import ACCESS_TOKEN_LIFE_S, code_digest, new_token, token_digest
from codesvc.domain.oidc_keys import TOKEN_LIFE_S
from codesvc.domain.oidc_person import AMR, Person
from codesvc.domain.oidc_request import AuthorizationRequest, half_hash
from codesvc.service.oidc_protocol import Protocol, ProtocolError
from codesvc.sites.relying_parties import SubjectKeyChanged
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.config.oidc_settings import OidcClient
    from codesvc.domain.keyring import Keyring
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import SiteEntry
    from codesvc.sites.relying_parties import RelyingParties
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_LIFE_MS: Final = ACCESS_TOKEN_LIFE_S * 1_000


class Granted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an access token stands for, as the store keeps it. It holds no openid."""

    client: str
    scope: str
    sub: str
    user: str = ""
    display: str = ""
    locale: str = "zh"
    approved: int = 0
    registration: str = ""

    @property
    def person(self) -> Person:
        """The person whose claims it reads."""
        return Person(self.sub, self.user, self.display, self.locale, self.approved // 1_000)


class OidcTokens:
    """Exchanges codes and reads tokens."""

    def __init__(self, store: Store, keyring: Keyring, parties: RelyingParties, recorder: Recorder) -> None:
        self._store = store.oidc
        self._keyring = keyring
        self._parties = parties
        self._recorder = recorder

    def client_of(self, site: SiteEntry, pairs: Sequence[tuple[str, str]], authorization: str) -> OidcClient:
        """The client that calls.

        Raises:
            ProtocolError: `invalid_client`.
        """
        return Protocol(self._parties, site).authenticate(pairs, authorization)

    async def exchange(
        self, site: SiteEntry, client: OidcClient, pairs: Sequence[tuple[str, str]], issuer: str
    ) -> dict[str, Any]:
        """The token response for a code.

        Raises:
            ProtocolError: the standard's error.
            StoreUnavailable, RegistryBusy: the store does not answer, or a signing key cannot be kept.
        """
        protocol = Protocol(self._parties, site)
        code = code_digest(self._keyring, protocol.require_code(pairs))
        if code is None:
            raise _over()
        try:
            # Before the code is spent, in case the key cannot be had.
            subjects = self._parties.require_subjects()
            key = await self._parties.signer(client.algorithm, unix_ms())
        except SubjectKeyChanged:
            raise ProtocolError("server_error", "The subject key has changed.", 500) from None
        claimed = await self._store.claim(site.store_keys, site.name, code, client=client.id, kept_ms=_LIFE_MS)
        if claimed.outcome is Outcome.SPENT:
            _log.warning("oidc_code_replayed", site=site.name, intent=claimed.login)
        if claimed.outcome is not Outcome.DONE:
            over = _over()
            self._recorder.login(site.name, client.id, over.error)
            raise over
        request = msgspec.json.decode(claimed.request, type=AuthorizationRequest)
        if self._parties.asking(site, request) is None:
            raise _over()
        protocol.judge_token(pairs, client, request)
        token = new_token(self._keyring)
        answer: dict[str, Any] = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": ACCESS_TOKEN_LIFE_S,
            "scope": request.scope,
        }
        granted = Granted(
            client=client.id,
            scope=request.scope,
            sub=subjects.of(site.name, claimed.first_openid),
            user=claimed.user,
            display=claimed.display,
            locale=claimed.locale,
            approved=claimed.approved,
            registration=request.registration,
        )
        if "openid" in request.scope.split():
            now = claimed.now // 1_000
            answer["id_token"] = key.sign(_id_claims(client, granted, request, issuer=issuer, token=token, now=now))
        kept = await self._store.keep(
            site.store_keys,
            site.name,
            code,
            token_digest(self._keyring, token) or "",
            content=msgspec.json.encode(granted),
            life_ms=_LIFE_MS,
        )
        if kept.outcome is not Outcome.DONE:
            raise _over()
        self._recorder.login(site.name, client.id, "signed_in")
        return answer

    async def claims(self, site: SiteEntry, token: str) -> dict[str, Any] | None:
        """What an access token of this site reads; None if it is unknown, expired or revoked."""
        digest = token_digest(self._keyring, token)
        read = await self._store.read(site.store_keys, site.name, digest) if digest is not None else None
        if read is None or read.outcome is not Outcome.DONE:
            return None
        granted = msgspec.json.decode(read.content, type=Granted)
        client = self._parties.client(site, granted.client)
        if client is None or self._parties.registration(site, client.id) != granted.registration:
            return None
        return granted.person.claims(granted.scope, email_domain=client.email_domain)

    async def revoke(self, site: SiteEntry, client: OidcClient, token: str) -> None:
        """End an access token of this client; one that is unknown is as good as ended (RFC 7009 section 2.2)."""
        digest = token_digest(self._keyring, token)
        if digest is not None:
            await self._store.revoke(site.store_keys, site.name, digest, client=client.id)


def _id_claims(
    client: OidcClient, granted: Granted, request: AuthorizationRequest, *, issuer: str, token: str, now: int
) -> dict[str, Any]:
    return {
        "iss": issuer,
        "aud": client.id,
        "iat": now,
        "exp": now + TOKEN_LIFE_S,
        "auth_time": granted.approved // 1_000,
        "amr": list(AMR),
        **({"nonce": request.nonce} if request.nonce else {}),
        **({"at_hash": half_hash(token)} if client.algorithm != "EdDSA" else {}),
        **granted.person.claims(request.scope, email_domain=client.email_domain),
    }


def _over() -> ProtocolError:
    return ProtocolError("invalid_grant", "The code is unknown, expired or used.")
