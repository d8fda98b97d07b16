"""The OpenID Provider's side of a login: from a relying party's request to its answer.

A request starts an ordinary login, whose page and question are those of every login, and remembers what to answer. The
browser that asked, known by a cookie, comes back for the answer when the login is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from codesvc.domain.account_kinds import Right
from codesvc.domain.clock import unix_ms
from codesvc.domain.intent import IntentId, IntentStatus, Kind
from codesvc.domain.known_browsers import KnownBrowsers
from codesvc.domain.language_tags import nearest
from codesvc.domain.oidc_codes import code_digest, code_of
from codesvc.domain.oidc_request import (
    LONGEST_HINT,
    AuthorizationRequest,
    granted,
    is_registered,
    kept_state,
    sent_state,
)
from codesvc.domain.openid_handle import HANDLE_LIFE_MS
from codesvc.domain.signed_links import Use
from codesvc.domain.visitor_names import visitor_name
from codesvc.service.bindings import WRITES
from codesvc.service.intents import AskRequest
from codesvc.service.oidc_protocol import Protocol, ProtocolError, denial_of, unlinked
from codesvc.sites.relying_parties import SubjectKeyChanged
from codesvc.store.bindings import Bind
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.config.oidc_settings import OidcClient
    from codesvc.domain.intent import Intent
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.signed_links import Links
    from codesvc.service.intents import Intents
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import SiteEntry
    from codesvc.sites.relying_parties import RelyingParties
    from codesvc.store.oidc import CodeIssued
    from codesvc.store.store import Store

_LANGUAGES: Final = ("zh", "en")
_LONGEST_LANGUAGES: Final = 512
"""Characters of `ui_locales` that are read."""


class UnsafeRedirect(Exception):
    """There is no address that an error may be sent to, so it is shown. `reason` is a key of the page's texts."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a relying party, which the browser carries by a redirect.

    Attributes:
        redirect_uri: where.
        parameters: what, `iss` included if the client wants it.
        known: the cookie by which the browser is known at the next login, "" if nobody logged in.
    """

    redirect_uri: str
    parameters: dict[str, str]
    known: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of the browser that asks.

    Attributes:
        browser: its keyed name.
        address: its address, None if it is not known.
        user_agent: its header.
        languages: its `Accept-Language`.
        wechat: whether it is WeChat's own browser, which cannot scan its own screen.
        known: its cookie of an earlier login, "" if it has none.
        opened: whether a person opened the address; False if a page loaded it as a picture, a frame or data.
    """

    browser: str
    address: IPv4Address | IPv6Address | None
    user_agent: str
    languages: str
    wechat: bool
    known: str = ""
    opened: bool = True


class OidcLogins:
    """Starts and answers logins for relying parties."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        links: Links,
        intents: Intents,
        parties: RelyingParties,
        *,
        recorder: Recorder,
    ) -> None:
        self._store = store.oidc
        self._bindings = store.bindings
        self._keyring = keyring
        self._known = KnownBrowsers(keyring)
        self._links = links
        self._intents = intents
        self._parties = parties
        self._recorder = recorder

    def issuer(self, site: SiteEntry) -> str:
        """The issuer of a site."""
        return self._links.address.url(f"/oidc/{site.name}")

    def login_of(self, token: str, site: SiteEntry) -> IntentId | None:
        """The login of a return address of this site."""
        subject = self._links.read(Use.OIDC, token)
        found = IntentId.parse(subject.id) if subject is not None and subject.place == site.name else None
        return found if found is not None and found.kind is Kind.LOGIN else None

    def client_of(self, site: SiteEntry, pairs: Sequence[tuple[str, str]]) -> tuple[OidcClient, str]:
        """The client and its redirect address, before anything may be sent there.

        Raises:
            UnsafeRedirect: the client is unknown, or the address is not exactly one of its own.
        """
        clients = [value for name, value in pairs if name == "client_id"]
        addresses = [value for name, value in pairs if name == "redirect_uri"]
        client = self._parties.client(site, clients[0]) if len(clients) == 1 else None
        if client is None:
            raise UnsafeRedirect("client")
        if len(addresses) != 1 or not is_registered(addresses[0], client.redirect_uris, public=client.public):
            raise UnsafeRedirect("redirect")
        return client, addresses[0]

    async def begin(
        self, site: SiteEntry, client: OidcClient, redirect_uri: str, pairs: Sequence[tuple[str, str]], visit: Visit
    ) -> Intent:
        """Start a login.

        Raises:
            ProtocolError: the request is refused, by a redirect.
        """
        asked = Protocol(self._parties, site).judge_authorization(pairs)
        if not visit.opened:
            raise ProtocolError("login_required", "A login needs its own window: open this address as a page.")
        try:
            self._parties.require_subjects()
        except SubjectKeyChanged:
            raise ProtocolError("server_error", "The subject key of this issuer has changed.") from None
        hint, languages = asked.get("id_token_hint", ""), asked.get("ui_locales", "")[:_LONGEST_LANGUAGES].split()
        request = AuthorizationRequest(
            client=client.id,
            name=(client.name.zh, client.name.en),
            redirect_uri=redirect_uri,
            browser=visit.browser,
            state=kept_state(asked.get("state", "")),
            nonce=asked.get("nonce", ""),
            challenge=asked.get("code_challenge", ""),
            scope=granted(asked.get("scope", "")),
            visitors=client.visitors,
            binds=client.visitors and client.bind_visitors,
            # Its signature is checked after a confirmation: requests cost their senders nothing, a check costs CPU.
            hint=hint if len(hint) <= LONGEST_HINT else "",
            registration=self._parties.registration(site, client.id),
        )
        result = await self._intents.start(
            site,
            AskRequest(
                kind=Kind.LOGIN,
                # An account without web authorisation identifies the person by the keyword.
                method="oauth" if visit.wechat and site.account.config.may(Right.WEB_AUTHORISATION) else "scan",
                client_ip=visit.address,
                user_agent=visit.user_agent,
                locale=nearest(",".join((*languages, visit.languages)), _LANGUAGES, _LANGUAGES[0]),
                oidc=request,
                for_app=True,
                known=self._known.person(site.name, visit.known, unix_ms()),
                life_ms=client.login_timeout * 1_000,
            ),
        )
        if result.outcome is Outcome.LIMITED:
            raise ProtocolError("temporarily_unavailable", "Too many logins were started. Try again later.")
        if result.intent is None:
            raise ProtocolError("server_error")
        self._recorder.login(site.name, client.id, "started")
        return result.intent

    async def cancel(self, site: SiteEntry, login: IntentId, browsers: frozenset[str]) -> None:
        """End a login for the browser that asked; nothing happens for another."""
        known = (await self._intents.get(site, login)).intent
        if known is not None and known.oidc is not None and known.oidc.browser in browsers:
            await self._intents.cancel(site, login)

    async def answer(
        self, site: SiteEntry, login: IntentId, browsers: frozenset[str], visitor: str
    ) -> Answer | Intent | None:
        """The answer for the relying party; the login if it is still waiting.

        None: the login is gone, its answer was used, or another browser asked. One confirmed in WeChat's browser
        is answered to that browser alone: `visitor` is the openid that this one has proved for the login, "" for none.
        """
        known = (await self._intents.get(site, login)).intent
        if known is None or known.oidc is None or known.oidc.browser not in browsers:
            return None
        asked, state = known.oidc, sent_state(known.oidc.state)
        client = self._parties.asking(site, asked)
        if client is None:
            return None  # The client has been removed or changed while the person was scanning.
        code = code_of(self._keyring, site.name, login.text)
        issued = await self._store.issue(
            site.store_keys,
            site.name,
            login.text,
            code_digest(self._keyring, code) or "",
            browser=asked.browser,
            visitors=client.visitors,
            writes=site.rates["binding_writes"],
        )
        match issued.outcome:
            case Outcome.DONE if issued.shown.method == "oauth" and issued.shown.claimed_by != visitor:
                return None
            case Outcome.DONE if asked.hint and self._is_another(site, asked.hint, issued.first_openid):
                error = ProtocolError("login_required", "The person who confirmed is not the one in the id_token_hint.")
            case Outcome.DONE if denial := await self._bind_if_agreed(site, asked, issued):
                error = denial
            case Outcome.DONE:
                subject = self._parties.require_subjects().of(site.name, issued.first_openid)
                done = self._with(site, client, asked.redirect_uri, state, {"code": code})
                return replace(done, known=self._known.cookie(site.name, subject, unix_ms()))
            case Outcome.EARLY:
                return issued.shown
            case _ if denial := denial_of(issued):
                error = denial
            case _:
                return None
        return self.refusal(site, client, asked.redirect_uri, state, error)

    async def _bind_if_agreed(
        self, site: SiteEntry, asked: AuthorizationRequest, issued: CodeIssued
    ) -> ProtocolError | None:
        """Bind a visitor who has agreed to it to the username in their claims. The error if that cannot be done.

        A repeated call changes nothing. Without this binding there is no login, because an app can send codes to it.
        """
        login, first_openid = issued.shown, issued.first_openid
        if not asked.binds or login.status is not IntentStatus.UNKNOWN:
            return None
        wanted = Bind(
            site=site.name,
            user=visitor_name(self._parties.require_subjects().of(site.name, first_openid)),
            made_by="handle",
            openid=login.claimed_by,
            handle_of=login.id,
            handle_until=(login.ended or 0) + HANDLE_LIFE_MS,
            replace=False,
            many=site.config.users_per_wechat == "many",
            notices=site.config.binding_notices,
            actor="chat",
            hooks=site.wanted,
            key="-chat",
            writes=site.rates["binding_writes"],
        )
        outcome = (await self._bindings.bind(site.store_keys, wanted)).outcome
        if outcome is Outcome.LIMITED:
            self._recorder.refused(site.name, "", WRITES)
        return unlinked(outcome)

    def refusal(
        self, site: SiteEntry, client: OidcClient, redirect_uri: str, state: str, error: ProtocolError
    ) -> Answer:
        """The redirect with an error."""
        self._recorder.login(site.name, client.id, error.error)
        said = {"error": error.error, **({"error_description": error.description} if error.description else {})}
        return self._with(site, client, redirect_uri, state, said)

    def _with(self, site: SiteEntry, client: OidcClient, redirect_uri: str, state: str, said: dict[str, str]) -> Answer:
        # RFC 9207: the issuer stands in every answer, errors included, against mix-up.
        issuer = {"iss": self.issuer(site)} if client.response_iss else {}
        return Answer(redirect_uri, {**said, **({"state": state} if state else {}), **issuer})

    def _is_another(self, site: SiteEntry, hint: str, first_openid: str) -> bool:
        """Whether an `id_token_hint` of this issuer names another person than the one who confirmed."""
        named = self._parties.keys.subject_of(hint, issuer=self.issuer(site), now=unix_ms())
        return named is not None and named != self._parties.require_subjects().of(site.name, first_openid)
