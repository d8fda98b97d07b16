"""Bind intents and logins on the side of sites and pages: starting, reading, canceling, showing the QR code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from codesvc.domain import codes
from codesvc.domain.account_kinds import Right
from codesvc.domain.addresses import masked
from codesvc.domain.device import family
from codesvc.domain.errors import Invalid
from codesvc.domain.intent import LIFE_MS, IntentId, Kind
from codesvc.domain.record import Fixed
from codesvc.service.models import NOT_IDEMPOTENT, denial_of
from codesvc.service.start_lanes import lane_of, lane_rates
from codesvc.service.visitor_names import is_reserved, name_of_another
from codesvc.store.intents import IntentStart
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.domain.intent import Intent
    from codesvc.domain.limits import LimitReached
    from codesvc.domain.oidc_request import AuthorizationRequest
    from codesvc.service.models import Idempotency
    from codesvc.service.qr_pool import QrPool
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.intents import IntentStarted
    from codesvc.store.store import Store

_MINTING_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRequest:
    """The validated input of a start. What is not listed is as in `codesvc.service.models.StartRequest`.

    Attributes:
        user: the user to bind; "" for a login.
        display: the name by which the person recognises that user, "" for none.
        method: `scan` or `oauth`.
        replace: whether to move a user who has another WeChat account; the site is responsible for that.
        predecessor: the intent whose page starts it, "" if the site does.
        oidc: the relying party's request that a login answers.
        for_app: whether it, or its predecessor, answers a relying party.
        known: the person who has logged in to an app with this browser before, "" for none.
        life_ms: how long a login waits, ms; None: the usual time.
    """

    kind: Kind
    user: str = ""
    display: str = ""
    method: str = "scan"
    replace: bool = False
    client_ip: IPv4Address | IPv6Address | None = None
    user_agent: str = ""
    locale: str = "zh"
    return_url: str | None = None
    predecessor: str = ""
    inherited: Fixed | None = None
    oidc: AuthorizationRequest | None = None
    for_app: bool = False
    known: str = ""
    life_ms: int | None = None


@dataclass(frozen=True, slots=True)
class IntentResult:
    """The result of a use case.

    Attributes:
        left: how much of each limit remains, as in `codesvc.service.models.Result`.
    """

    outcome: Outcome
    intent: Intent | None = None
    denial: LimitReached | None = None
    left: str = ""


def _refuse_unfit(site: SiteEntry, user: str) -> None:
    if site.test_code(user) is not None:
        raise Invalid("a test identity never reaches WeChat, so nobody can scan and confirm", "/user")
    if is_reserved(site, user):
        raise name_of_another()


class Intents:
    """The use cases of bind intents and logins."""

    def __init__(self, store: Store, pool: QrPool, recorder: Recorder) -> None:
        self._recorder = recorder
        self._store = store.intents
        self._pool = pool

    async def start(
        self, site: SiteEntry, request: AskRequest, idempotency: Idempotency = NOT_IDEMPOTENT
    ) -> IntentResult:
        """Start: STARTED, REPEATED, ENDED, MISMATCH, LIMITED, COLLISION, or ABSENT if a repeated one is gone.

        ENDED: the predecessor may start no successor. If it has started one before, that one is returned as it is now.

        Raises:
            Invalid: the site requires a client address and there is none, the user is a test identity, the account
                leaves nobody a way to confirm, or the user has the name by which apps know one WeChat account (only
                that account may be bound to it, and who scans is not known yet).
        """
        from_page = request.predecessor or request.oidc
        if request.client_ip is None and not from_page and site.config.client_ip == "required":
            raise Invalid(
                "client_ip is missing: it is shown to the person as the origin of the request, and limits apply to it",
                "/client_ip",
            )
        config = site.account.config
        if request.method == "oauth" and not config.may(Right.WEB_AUTHORISATION):
            raise Invalid(
                f'oauth needs web authorisation, which accounts.{site.account.name}.kind = "{config.kind}" does not '
                'have: use the method "scan", which the page\'s keyword answers too',
                "/method",
            )
        if config.callback == "plaintext" and not config.may(Right.WEB_AUTHORISATION):
            raise Invalid(
                f'nobody could confirm it: accounts.{site.account.name}.callback = "plaintext" leaves only the page of '
                f'web authorisation, which kind = "{config.kind}" does not have; choose 安全模式 in WeChat\'s console'
            )
        _refuse_unfit(site, request.user)
        for _ in range(_MINTING_TRIES):
            reply = await self._start(site, request, idempotency)
            if reply.outcome is Outcome.LIMITED and request.known:
                # A known person has a budget of their own. When it is used up, they are a stranger (start_lanes).
                reply = await self._start(site, replace(request, known=""), idempotency)
            if reply.outcome is not Outcome.COLLISION:
                break
        if reply.outcome is Outcome.LIMITED:
            self._recorder.refused(site.name, "", reply.limit)
            return IntentResult(reply.outcome, denial=denial_of(site, reply.limit, reply.wait_ms))
        if reply.outcome is Outcome.REPEATED and not request.predecessor:
            # A page that repeats its start goes on with its successor, and so gets it as it is now.
            return IntentResult(reply.outcome, reply.shown.as_started(), left=reply.left)
        return IntentResult(reply.outcome, reply.intent, left=reply.left)

    async def _start(self, site: SiteEntry, request: AskRequest, idempotency: Idempotency) -> IntentStarted:
        identifier = IntentId.mint(request.kind).text
        fixed = request.inherited or Fixed(
            locale=request.locale,
            agent=family(request.user_agent),
            place=masked(request.client_ip) if request.client_ip else "",
            return_url=request.return_url,
        )
        lane = lane_of(request.client_ip, for_app=request.for_app, known=request.known)
        start = IntentStart(
            id=identifier,
            kind=request.kind.value,
            site=site.name,
            user=request.user,
            display=request.display,
            method=request.method,
            replace=request.replace,
            many=site.config.users_per_wechat == "many",
            notices=site.config.binding_notices,
            confirm=site.config.confirm_bind,
            address=lane.address,
            fixed_json=msgspec.json.encode(fixed),
            reference=codes.reference(identifier),
            keyword=codes.new_keyword() if request.method == "scan" else "",
            life_ms=request.life_ms or LIFE_MS[request.kind],
            idempotency_key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            rates={**site.rates, **lane_rates(site.config.limits)} if request.for_app else site.rates,
            hooks=site.wanted,
            lane=lane.window,
            stranger=lane.stranger,
            network=lane.network,
            region=lane.region,
            predecessor=request.predecessor,
            oidc=msgspec.json.encode(request.oidc) if request.oidc else b"",
        )
        return await self._store.start(site.store_keys, start)

    async def get(self, site: SiteEntry, identifier: IntentId) -> IntentResult:
        """Read an intent: DONE or ABSENT."""
        reply = await self._store.read(site.store_keys, site.name, identifier.text)
        return IntentResult(reply.outcome, reply.intent)

    async def cancel(self, site: SiteEntry, identifier: IntentId) -> IntentResult:
        """Cancel an intent: DONE, ENDED or ABSENT."""
        reply = await self._store.cancel(site.store_keys, site.name, identifier.text)
        return IntentResult(reply.outcome, reply.intent)

    async def disown(self, site: SiteEntry, identifier: IntentId) -> IntentResult:
        """Cancel a bind intent that another person has scanned, also just after their yes: DONE, ENDED or ABSENT."""
        reply = await self._store.disown(site.store_keys, site.name, identifier.text)
        return IntentResult(reply.outcome, reply.intent)

    async def scan(self, site: SiteEntry, identifier: IntentId) -> IntentResult:
        """Attach a QR code if there is none yet: ATTACHED, CLOSED if the intent needs none, ENDED or ABSENT.

        CLOSED too if the account's kind has no QR codes; the keyword does the same.

        Raises:
            PlatformUnavailable: the pool is empty and WeChat did not create a QR code.
        """
        if not site.account.config.may(Right.QR_CODES):
            known = await self.get(site, identifier)
            return known if known.outcome is not Outcome.DONE else IntentResult(Outcome.CLOSED, known.intent)
        reply = await self._pool.attach(site, identifier.text, self._store.attach_scene)
        return IntentResult(reply.outcome, reply.intent)
