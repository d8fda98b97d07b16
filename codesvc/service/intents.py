"""Bind intents and logins as a site and its page see them: starting, reading, canceling, showing the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from codesvc.domain import codes
from codesvc.domain.device import family
from codesvc.domain.errors import Invalid, PlatformUnavailable
from codesvc.domain.intent import LIFE_MS, IntentId, Kind
from codesvc.domain.limits import NO_ADDRESS, Denial, bucket, masked
from codesvc.domain.quota import Api
from codesvc.domain.record import Fixed
from codesvc.service.models import NOT_IDEMPOTENT
from codesvc.store.keys import channel
from codesvc.store.outcomes import Outcome
from codesvc.store.quotas import arguments, day_keys
from codesvc.store.replies import IntentAnswer

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.domain.intent import Intent
    from codesvc.service.models import Idempotency
    from codesvc.service.qr_pool import QrPool
    from codesvc.service.statistics.recorder import Tally
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store

_MINTING_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRequest:
    """What a start needs to know, validated.

    Attributes:
        kind: bind intent or login.
        user: whom to bind; "" for a login.
        method: `scan` or `oauth`.
        replace: the site moves the user from another WeChat on its own account.
        address: who asks, None where the site sends no addresses.
        user_agent: the browser's header, "" if unknown.
        locale: `zh` or `en`.
        return_url: where the hosted page leads back to.
    """

    kind: Kind
    user: str = ""
    method: str = "scan"
    replace: bool = False
    address: IPv4Address | IPv6Address | None = None
    user_agent: str = ""
    locale: str = "zh"
    return_url: str | None = None


@dataclass(frozen=True, slots=True)
class IntentResult:
    """How a use case ended.

    Attributes:
        outcome: what happened.
        intent: the bind intent or login, where there is one to show.
        denial: the limit that refused.
        left: what the limits of the call leave, as in `codesvc.service.models.Result`.
    """

    outcome: Outcome
    intent: Intent | None = None
    denial: Denial | None = None
    left: str = ""


class Intents:
    """The use cases around bind intents and logins.

    Args:
        store: where state lives.
        pool: QR codes minted ahead.
        tally: counts refusals.
    """

    def __init__(self, store: Store, pool: QrPool, tally: Tally) -> None:
        self._tally = tally
        self._store = store
        self._pool = pool
        self._channel = channel(store.prefix)

    async def start(
        self, site: SiteEntry, request: AskRequest, idempotency: Idempotency = NOT_IDEMPOTENT
    ) -> IntentResult:
        """Start one: STARTED, REPEATED, MISMATCH, LIMITED, or ABSENT where a repeated one is long gone.

        Raises:
            Invalid: the site wants an address, or the user is a test identity.
        """
        if request.address is None and site.config.client_ip == "required":
            raise Invalid(
                "client_ip is missing: the person is shown where the request came from, and it is limited by it",
                "/client_ip",
            )
        if site.test_code(request.user) is not None:
            raise Invalid("a test identity never reaches WeChat, so there is nobody to scan and say yes", "/user")
        for _ in range(_MINTING_TRIES):
            answer = await self._start(site, request, idempotency)
            if answer.outcome is not Outcome.COLLISION:
                break
        if answer.outcome is Outcome.LIMITED:
            limit = answer.rest[0].decode()
            self._tally.refused(site.name, "", limit)
            rates = getattr(site.config.limits, limit)
            return IntentResult(answer.outcome, denial=Denial(limit, int(answer.rest[1]), rates))
        if answer.outcome is Outcome.REPEATED:
            return IntentResult(answer.outcome, answer.shown.as_started(), left=answer.left)
        return IntentResult(answer.outcome, answer.intent, left=answer.left)

    async def _start(self, site: SiteEntry, request: AskRequest, idempotency: Idempotency) -> IntentAnswer:
        keys, config = site.keys, site.config
        identifier = IntentId.mint(request.kind).text
        address = bucket(request.address) if request.address else NO_ADDRESS
        word = codes.new_keyword() if request.method == "scan" else ""
        fixed = Fixed(
            locale=request.locale,
            agent=family(request.user_agent),
            place=masked(request.address) if request.address else "",
            return_url=request.return_url,
        )
        raw = await self._store.call(
            "start_intent",
            keys.partition,
            {
                "intent": keys.intent(identifier),
                "idem": keys.idempotency(site.name, f"{request.kind}/{idempotency.key}"),
                "word": keys.keyword(word),
                "site_starts": keys.window("site_starts", site.name, "all"),
                "address_starts": keys.window("address_starts", site.name, address),
            },
            {
                "root": keys.root,
                "account": keys.account,
                "channel": self._channel,
                "id": identifier,
                "kind": request.kind.value,
                "idem": idempotency.key,
                "fingerprint": idempotency.fingerprint,
                "site": site.name,
                "user": request.user,
                "method": request.method,
                "replace": int(request.replace),
                "many": int(config.users_per_wechat == "many"),
                "notices": int(config.binding_notices),
                "confirm": int(config.confirm_bind),
                "address": address,
                "fixed": msgspec.json.encode(fixed),
                "reference": codes.reference(identifier),
                "word": word,
                "life": LIFE_MS[request.kind],
                "site_starts": site.rates["site_starts"],
                "address_starts": site.rates["address_starts"],
                "hooks": site.wanted,
            },
        )
        return IntentAnswer.parse(raw)

    async def get(self, site: SiteEntry, identifier: IntentId) -> IntentResult:
        """Read one: DONE or ABSENT."""
        return await self._on("read_intent", site, identifier)

    async def cancel(self, site: SiteEntry, identifier: IntentId) -> IntentResult:
        """End one: DONE, ENDED or ABSENT."""
        return await self._on("cancel_intent", site, identifier)

    async def _on(self, script: str, site: SiteEntry, identifier: IntentId) -> IntentResult:
        keys = site.keys
        raw = await self._store.call(
            script,
            keys.partition,
            {"intent": keys.intent(identifier.text)},
            {"channel": self._channel, "site": site.name},
        )
        answer = IntentAnswer.parse(raw)
        return IntentResult(answer.outcome, answer.intent)

    async def scan(self, site: SiteEntry, identifier: IntentId) -> IntentResult:
        """Attach a QR code if there is none yet: ATTACHED, CLOSED where none is wanted, ENDED or ABSENT.

        Raises:
            PlatformUnavailable: the pool is empty and WeChat could not be asked.
        """
        answer = await self._attach(site, identifier, "")
        if answer.outcome is Outcome.EMPTY:
            answer = await self._attach(site, identifier, await self._pool.mint(site.account))
        if answer.outcome is Outcome.LIMITED:
            raise PlatformUnavailable("today's QR codes of this account, or this site's part of them, are used up")
        if answer.outcome is Outcome.EMPTY:
            raise PlatformUnavailable("WeChat gave a QR code that expires too soon")
        if answer.outcome is Outcome.ATTACHED:
            self._pool.seen(site.account, left=int(answer.rest[0]))
        return IntentResult(answer.outcome, answer.intent)

    async def _attach(self, site: SiteEntry, identifier: IntentId, minted: str) -> IntentAnswer:
        keys = site.keys
        raw = await self._store.call(
            "attach_intent_scene",
            keys.partition,
            {"intent": keys.intent(identifier.text), "pool": keys.pool, **day_keys(site.account.keys, Api.QRCODE)},
            {
                "root": keys.root,
                "account": keys.account,
                "channel": self._channel,
                "site": site.name,
                "minted": minted,
                "needed": self._pool.needed_ms,
                **arguments(site.account.config.appid, site.account.sites),
            },
        )
        return IntentAnswer.parse(raw)
