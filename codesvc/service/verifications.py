"""Starting, reading, checking, resending and canceling verifications."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec

from codesvc.config import Rate
from codesvc.domain import codes, webhook
from codesvc.domain.codes import VerificationId
from codesvc.domain.device import family
from codesvc.domain.errors import PlatformUnavailable
from codesvc.domain.limits import NO_ADDRESS, Denial, bucket
from codesvc.domain.quota import Api
from codesvc.domain.record import Fixed
from codesvc.runtime import metrics, tracing
from codesvc.service.models import NOT_IDEMPOTENT, Result
from codesvc.service.policies import policy_of
from codesvc.service.prepared_calls import plan_check, plan_start
from codesvc.store.keys import channel
from codesvc.store.outcomes import Outcome
from codesvc.store.quotas import arguments, day_keys
from codesvc.store.replies import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.config import Purpose
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.record import Record
    from codesvc.service.models import Idempotency, StartRequest
    from codesvc.service.prepared_calls import CheckPlan, StartPlan
    from codesvc.service.qr_pool import QrPool
    from codesvc.service.statistics.recorder import Tally
    from codesvc.sites.directory import AccountEntry, SiteEntry
    from codesvc.store.store import Store

_MINTING_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Plans:
    """Calls that were prepared for a site: of starts by purpose, of checks by whether they are a test identity's."""

    starts: dict[str, StartPlan] = field(default_factory=dict)
    checks: dict[bool, CheckPlan] = field(default_factory=dict)


class Verifications:
    """The use cases around one verification.

    Args:
        store: where state lives.
        keyring: derives codes.
        pool: QR codes minted ahead.
        tally: counts what happens.
    """

    def __init__(self, store: Store, keyring: Keyring, pool: QrPool, tally: Tally) -> None:
        self._tally = tally
        self._store = store
        self._keyring = keyring
        self._pool = pool
        self._channel = channel(store.prefix)
        self._plans: WeakKeyDictionary[SiteEntry, _Plans] = WeakKeyDictionary()

    async def start(self, site: SiteEntry, request: StartRequest, idempotency: Idempotency = NOT_IDEMPOTENT) -> Result:
        """Start a verification: STARTED, REPEATED, MISMATCH, LIMITED, or ABSENT where a repeated one is long gone.

        Raises:
            Invalid: the site has no such purpose, or wants an address.
        """
        policy = policy_of(site, request)
        started = perf_counter()
        for _ in range(_MINTING_TRIES):
            answer = Answer.parse(await self._start(site, policy, request, idempotency))
            if answer.outcome is not Outcome.COLLISION:
                break
        metrics.observe_issue(site.name, perf_counter() - started)
        self._tally.act("start", site.name, request.purpose, answer)
        if answer.outcome is Outcome.REPEATED:
            return Result(answer.outcome, answer.shown.as_started(), left=answer.left)
        return self._result(site, answer)

    def _plans_of(self, site: SiteEntry) -> _Plans:
        plans = self._plans.get(site)
        if plans is None:
            plans = self._plans[site] = _Plans()
        return plans

    async def _start(
        self, site: SiteEntry, policy: Purpose, request: StartRequest, idempotency: Idempotency
    ) -> Sequence[Any]:
        test = site.test_code(request.user) is not None
        # A test identity's policy is its own.
        starts = self._plans_of(site).starts
        plan = None if test else starts.get(request.purpose)
        if plan is None:
            plan = plan_start(self._store, site, policy, request.purpose, test=test)
            if not test:
                starts[request.purpose] = plan
        keys = site.keys
        short, long = VerificationId.mint(self._keyring.current.key_id, *plan.formats, test=test)
        address = bucket(request.address) if request.address else NO_ADDRESS
        word = codes.new_keyword() if plan.with_keyword else ""
        fixed = Fixed(
            locale=request.locale,
            agent=family(request.user_agent),
            return_url=request.return_url,
            metadata=request.metadata,
            trace=tracing.current(),
        )
        idem = keys.idempotency(site.name, "start/" + idempotency.key) if idempotency.key else plan.no_idempotency
        return await self._store.run(
            plan.call,
            {
                "record": keys.record(short.text),
                "long_record": keys.record(long.text),
                "idem": idem,
                "lately": keys.lately(site.name, request.user),
                "word": keys.keyword(word),
                "binding": keys.binding(site.name, request.user),
                "address_starts": keys.window("address_starts", site.name, address),
            },
            {
                "id": short.text,
                "long_id": long.text,
                "idem": idempotency.key,
                "fingerprint": idempotency.fingerprint,
                "user": request.user,
                "address": address,
                "fixed": msgspec.json.encode(fixed),
                "vouched": int(request.vouched),
                "word": word,
                "event": webhook.seed() if site.wanted else "",
            },
        )

    async def get(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """Read a verification: DONE or ABSENT."""
        keys = {"record": site.keys.record(identifier.text)}
        raw = await self._store.call("read", site.keys.partition, keys, {"site": site.name})
        return self._result(site, Answer.parse(raw))

    async def find(self, account: AccountEntry, identifier: VerificationId) -> Record | None:
        """A verification of any of an account's sites; for pages that prove the WeChat and not the site."""
        keys = {"record": account.keys.record(identifier.text)}
        raw = await self._store.call("read", account.keys.partition, keys, {"site": ""})
        return Answer.parse(raw).record

    async def check(
        self,
        site: SiteEntry,
        identifier: VerificationId,
        typed: str,
        *,
        address: str | None = None,
        idempotency: Idempotency = NOT_IDEMPOTENT,
    ) -> Result:
        """Check a typed code: APPROVED, WRONG, ENDED, LIMITED, MISMATCH or ABSENT.

        `address` is the bucket of whoever types; without one the start's is counted.
        """
        expected = await self._code(site, identifier)
        verdict = expected is not None and codes.matches(expected, typed)
        checks = self._plans_of(site).checks
        plan = checks.get(identifier.test)
        if plan is None:
            plan = checks[identifier.test] = plan_check(self._store, site, test=identifier.test)
        keys, idem = site.keys, plan.no_idempotency
        if idempotency.key:
            idem = keys.idempotency(site.name, f"check/{identifier.text}/{idempotency.key}")
        raw = await self._store.run(
            plan.call,
            {"record": keys.record(identifier.text), "idem": idem},
            {
                "verdict": int(verdict),
                "idem": idempotency.key,
                "fingerprint": idempotency.fingerprint,
                "address": address or "",
                "event": webhook.seed(),
            },
        )
        answer = Answer.parse(raw)
        self._tally.act("check", site.name, answer.record.purpose if answer.record else "", answer)
        return self._result(site, answer)

    async def _code(self, site: SiteEntry, identifier: VerificationId) -> str | None:
        """The code of a verification; None where there is none any more, and then every code is wrong."""
        if identifier.test:
            record = (await self.get(site, identifier)).record
            return site.test_code(record.user) if record else None
        # A master key that was taken away derives nothing, as for a forged id.
        master = self._keyring.find(identifier.key_id)
        return codes.derive(master.code_key, identifier) if master else None

    async def resend(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """Carry the same code again: RESENT, EARLY, ENDED or ABSENT."""
        known = await self.get(site, identifier)
        policy = site.purpose(known.record.purpose) if known.record else None
        if known.record is None or policy is None:
            return Result(Outcome.ABSENT)
        keys, rates = site.keys, site.rates
        raw = await self._store.call(
            "resend",
            keys.partition,
            {"record": keys.record(identifier.text), "outbox": keys.outbox},
            {
                "root": keys.root,
                "account": keys.account,
                "appid": site.account.config.appid,
                "channel": self._channel,
                "site": site.name,
                "code_life": policy.code_life * 1000,
                "max_life": policy.code_max_life * 1000,
                "resend_after": policy.resend_after * 1000,
                "channels": ",".join(policy.channels),
                "user_pushes": rates["user_pushes"],
                "openid_pushes": rates["openid_pushes"],
                "event": webhook.seed(),
            },
        )
        answer = Answer.parse(raw)
        self._tally.act("resend", site.name, known.record.purpose, answer)
        if answer.outcome is Outcome.EARLY:
            denial = Denial("resend", int(answer.rest[0]), (Rate(1, max(1, policy.resend_after)),))
            return Result(answer.outcome, known.record, denial)
        return self._result(site, answer)

    async def cancel(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """End a verification: DONE, ENDED or ABSENT."""
        keys = site.keys
        raw = await self._store.call(
            "cancel",
            keys.partition,
            {"record": keys.record(identifier.text)},
            {"root": keys.root, "account": keys.account, "channel": self._channel, "site": site.name},
        )
        answer = Answer.parse(raw)
        self._tally.hear(answer)
        return self._result(site, answer)

    async def scan(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """Attach a QR code if there is none yet: ATTACHED, CLOSED where no scan may bring the code, ENDED or ABSENT.

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
            self._tally.hear(answer)
        return self._result(site, answer)

    async def _attach(self, site: SiteEntry, identifier: VerificationId, minted: str) -> Answer:
        keys = site.keys
        raw = await self._store.call(
            "attach_scene",
            keys.partition,
            {"record": keys.record(identifier.text), "pool": keys.pool, **day_keys(site.account.keys, Api.QRCODE)},
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
        return Answer.parse(raw)

    @staticmethod
    def _result(site: SiteEntry, answer: Answer) -> Result:
        if answer.outcome is Outcome.LIMITED:
            limit = answer.rest[0].decode()
            rates = getattr(site.config.limits, limit)
            return Result(answer.outcome, denial=Denial(limit, int(answer.rest[1]), rates))
        return Result(answer.outcome, answer.record, left=answer.left)
