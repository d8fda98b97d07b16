"""Starting, reading, checking, resending and canceling verifications."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec
from msgspec.structs import replace

from codesvc.config import Rate
from codesvc.domain import codes
from codesvc.domain.account_kinds import Right
from codesvc.domain.addresses import bucket
from codesvc.domain.codes import CodeFormat, VerificationId
from codesvc.domain.device import family
from codesvc.domain.limits import LimitReached
from codesvc.domain.record import Fixed
from codesvc.domain.sealed_content import Seals
from codesvc.domain.test_identity import format_of
from codesvc.domain.verification import Status
from codesvc.runtime import metrics, tracing
from codesvc.service.contacts import contact_of
from codesvc.service.models import NOT_IDEMPOTENT, Result, denial_of
from codesvc.service.policies import policy_of
from codesvc.service.prepared_calls import check_rules, plan_start, resend_rules
from codesvc.store.outcomes import Outcome
from codesvc.store.verification_types import Start

if TYPE_CHECKING:
    from codesvc.config import Purpose
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.record import Record
    from codesvc.service.contacts import Contact
    from codesvc.service.models import Idempotency, StartRequest
    from codesvc.service.prepared_calls import StartPlan
    from codesvc.service.qr_pool import QrPool
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import AccountEntry, SiteEntry
    from codesvc.store.replies import VerificationReply
    from codesvc.store.store import Store
    from codesvc.store.verification_types import Checked, CheckRules, ResendRules, Started

_MINTING_TRIES = 3


@dataclass(slots=True)
class _Plans:
    """The prepared arguments of a site: starts by purpose, checks by whether they are for a test identity."""

    resends: ResendRules
    starts: dict[str, StartPlan] = field(default_factory=dict)
    checks: dict[bool, CheckRules] = field(default_factory=dict)


class Verifications:
    """The use cases of a verification.

    Args:
        push_delay: seconds that a push waits for a newer start of the same person.
    """

    def __init__(
        self, store: Store, keyring: Keyring, pool: QrPool, recorder: Recorder, *, push_delay: float = 0
    ) -> None:
        self._push_delay_ms = round(push_delay * 1000)
        self._recorder = recorder
        self._store = store.verifications
        self._keyring = keyring
        self._seals = Seals(keyring)
        self._pool = pool
        self._plans: WeakKeyDictionary[SiteEntry, _Plans] = WeakKeyDictionary()

    async def start(self, site: SiteEntry, request: StartRequest, idempotency: Idempotency = NOT_IDEMPOTENT) -> Result:
        """Start a verification: STARTED, REPEATED, ENDED, MISMATCH, LIMITED or ABSENT.

        REPEATED: the same Idempotency-Key came before, and the answer is as it was then; or the predecessor has a
        successor, which is shown as it is now. ENDED: the predecessor may start no successor. ABSENT: the verification
        of the Idempotency-Key, or the predecessor, is no longer kept.

        Raises:
            Invalid: the site has no such purpose, it requires a client address and there is none, or it has no
                gateway for the contact.
        """
        policy, test = policy_of(site, request)
        contact = contact_of(site, *request.contact) if request.contact is not None else None
        started = perf_counter()
        for _ in range(_MINTING_TRIES):
            reply = await self._try_start(site, policy, request, idempotency, contact, test=test)
            if reply.outcome is not Outcome.COLLISION:
                break
        metrics.observe_issue(site.name, perf_counter() - started)
        self._recorder.count_call("start", site.name, request.purpose, reply, limit=reply.limit)
        if reply.outcome is Outcome.STARTED and reply.long:
            self._recorder.guessed_at(reply.shown)
        if contact is not None and reply.outcome is Outcome.STARTED and reply.shown.gateway:
            self._recorder.contact_asked(reply.shown, contact.recipient.kind)
        if reply.outcome is Outcome.REPEATED and not request.predecessor:
            return Result(reply.outcome, reply.shown.as_started(), left=reply.left)
        return self._result_or_denial(site, reply)

    def _plans_of(self, site: SiteEntry) -> _Plans:
        plans = self._plans.get(site)
        if plans is None:
            plans = self._plans[site] = _Plans(resend_rules(site))
        return plans

    async def _try_start(
        self,
        site: SiteEntry,
        policy: Purpose,
        request: StartRequest,
        idempotency: Idempotency,
        contact: Contact | None,
        *,
        test: bool,
    ) -> Started:
        """Start under new ids: as `start`, or COLLISION if one of them is taken."""
        # The plans are cached by purpose. A test identity has a policy of its own, so its plan is not cached.
        starts = self._plans_of(site).starts
        plan = None if test else starts.get(request.purpose)
        if plan is None:
            plan = plan_start(site, policy, request.purpose, push_delay_ms=self._push_delay_ms, test=test)
            if not test:
                starts[request.purpose] = plan
        short, long, longest = VerificationId.mint(self._keyring.current.key_id, *plan.formats, test=test)
        trace = tracing.current()
        if request.inherited:
            fixed = replace(request.inherited, trace=trace)
        else:
            fixed = Fixed(
                locale=request.locale,
                agent=family(request.user_agent),
                return_url=request.return_url,
                metadata=request.metadata,
                trace=trace,
            )
        # Nothing is sent for a test identity.
        packed, contact_box = b"", b""
        if contact and not test:
            packed, contact_box = contact.packed(self._seals, self._keyring, site, request)
        start = Start(
            id=short.text,
            long_id=long.text,
            longest_id=longest.text,
            user=request.user,
            address=bucket(request.client_ip),
            fixed_json=msgspec.json.encode(fixed),
            vouched=request.vouched,
            keyword=codes.new_keyword() if plan.with_keyword else "",
            idempotency_key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            predecessor=request.predecessor,
            contact=packed,
            contact_box=contact_box,
        )
        return await self._store.start(plan.rules, start)

    async def get(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """Read a verification: DONE or ABSENT."""
        return _result(await self._store.read(site.store_keys, identifier.text, site=site.name))

    async def open_page(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """Read a verification for its page, or for the calls that keep the page or a widget up to date: DONE or ABSENT.

        For a site without addresses the first such read is noted (`open_page.lua`).
        """
        return _result(await self._store.open_page(site.store_keys, site.name, identifier.text))

    async def find(self, account: AccountEntry, identifier: VerificationId) -> Record | None:
        """Read a verification of any site of an account, for pages that know the WeChat account and not the site."""
        return (await self._store.read(account.store_keys, identifier.text)).record

    async def check(
        self,
        site: SiteEntry,
        identifier: VerificationId,
        typed: str,
        *,
        address: str | None = None,
        idempotency: Idempotency = NOT_IDEMPOTENT,
        return_hash: str = "",
    ) -> Result:
        """Check a typed code: APPROVED, WRONG, ENDED, LIMITED, MISMATCH or ABSENT.

        `address` is the bucket of the person who types; without one the start's is counted. `return_hash`: that of the
        key which a browser on the hosted page gets (`codesvc.domain.return_key`).
        WRONG with `malformed` is not a guess, because no code has this form. Neither attempts nor limits count it.
        """
        # Without a code, every typed one is wrong. It is read all the same, to answer a malformed one as ever.
        expected = await self._code(site, identifier)
        said = codes.read_code(_format_to_read(identifier, expected), typed, codes.reference(identifier.text))
        if said is None:
            record = (await self.get(site, identifier)).record
            if record is None:
                return Result(Outcome.ABSENT)
            pending = record.status is Status.PENDING
            return Result(Outcome.WRONG if pending else Outcome.ENDED, record, malformed=pending)
        verdict = expected is not None and codes.matches(expected, said)
        checks = self._plans_of(site).checks
        rules = checks.get(identifier.test)
        if rules is None:
            rules = checks[identifier.test] = check_rules(site, test=identifier.test)
        reply = await self._store.check(
            rules,
            identifier.text,
            right=verdict,
            address=address or "",
            idempotency_key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            return_hash=return_hash,
        )
        purpose = reply.record.purpose if reply.record else ""
        if not reply.repeated:
            self._recorder.count_call("check", site.name, purpose, reply, limit=reply.limit)
        return self._result_or_denial(site, reply)

    async def _code(self, site: SiteEntry, identifier: VerificationId) -> str | None:
        """The code of a verification; None if the verification or its master key is gone: every typed code is wrong."""
        if identifier.test:
            record = (await self.get(site, identifier)).record
            return site.test_code(record.user) if record else None
        # A verification of a removed master key is treated like one with a forged id.
        master = self._keyring.find(identifier.key_id)
        return codes.derive(master.code_key, identifier) if master else None

    async def resend(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """Send the same code again: RESENT, EARLY, ENDED or ABSENT."""
        reply = await self._store.resend(self._plans_of(site).resends, identifier.text)
        if reply.record is None:
            return Result(reply.outcome)
        self._recorder.count_call("resend", site.name, reply.record.purpose, reply)
        if reply.outcome is Outcome.EARLY:
            denial = LimitReached("resend", reply.wait_ms, (Rate(1, max(1, reply.whole_ms // 1000)),))
            return Result(reply.outcome, reply.record, denial)
        return _result(reply)

    async def cancel(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """Cancel a verification: DONE, ENDED or ABSENT."""
        reply = await self._store.cancel(site.store_keys, site.name, identifier.text)
        self._recorder.count_steps(reply)
        return _result(reply)

    async def scan(self, site: SiteEntry, identifier: VerificationId) -> Result:
        """Attach a QR code if there is none yet: ATTACHED, CLOSED if a scan may not bring the code, ENDED or ABSENT.

        CLOSED too if the account's kind has no QR codes; the keyword brings the code.

        Raises:
            PlatformUnavailable: the pool is empty and WeChat did not create a QR code.
        """
        if not site.account.config.may(Right.QR_CODES):
            known = await self.get(site, identifier)
            return known if known.outcome is not Outcome.DONE else Result(Outcome.CLOSED, known.record)
        reply = await self._pool.attach(site, identifier.text, self._store.attach_scene)
        if reply.outcome is Outcome.ATTACHED:
            self._recorder.count_steps(reply)
        return _result(reply)

    @staticmethod
    def _result_or_denial(site: SiteEntry, reply: Started | Checked) -> Result:
        if reply.outcome is Outcome.LIMITED:
            return Result(reply.outcome, denial=denial_of(site, reply.limit, reply.wait_ms))
        return Result(reply.outcome, reply.record, left=reply.left)


def _format_to_read(identifier: VerificationId, expected: str | None) -> CodeFormat:
    """The format that a typed code should have. A test identity's code may have another one than the id says."""
    form = format_of(expected) if identifier.test and expected else None
    return form or identifier.format


def _result(reply: VerificationReply) -> Result:
    return Result(reply.outcome, reply.record)
