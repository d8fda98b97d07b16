"""Counts events: for Prometheus at once, for the store in batches. An event is counted where the script reports it.

The log lines of a verification's steps are written with the counts, because both follow from the same reply.

A process collects counts for `FLUSH_SECONDS` and adds them with one script for each subject. If the answer is lost, the
batch is sent again under the same name, and the script adds it once. If a process is killed, the figures lack the
counts that it had not flushed (two seconds). No rule depends on a figure.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.errors import CodesvcError
from codesvc.domain.message import PUSH, MessageStatus, ledger_reason
from codesvc.runtime import metrics, repeated_lines
from codesvc.runtime.exposition import before_exposition
from codesvc.runtime.logging import log_steps
from codesvc.runtime.tasks import beside, every
from codesvc.service.statistics import fields
from codesvc.service.statistics.counter_groups import CounterGroups
from codesvc.service.statistics.fields import Fact
from codesvc.store.counts import Counted
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.domain.message import Message
    from codesvc.domain.recipient import MessageKind
    from codesvc.domain.record import Record
    from codesvc.service.statistics.counter_groups import Effect
    from codesvc.sites.directory import Directory
    from codesvc.store.keys import Keys
    from codesvc.store.replies import VerificationReply
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
FLUSH_SECONDS: Final = 2.0
MINUTES_KEPT: Final = 1_440
HOURS_KEPT: Final = 90 * 24
MOST_LATEST: Final = 200
"""How many of a site's latest verifications are listed for operators."""
_NOW: Final = 0.0
"""Instead of the time of an event: the store takes the time at which it hears of it, up to two seconds late."""
_LATEST_KEPT_MS: Final = 7_800_000
"""A verification can be read for at most two hours and ten minutes after its start (code_max_life: one hour)."""


@dataclass(slots=True)
class _Batch:
    """The counts of one subject that are not yet in the store."""

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    counts: Counter[str] = field(default_factory=Counter)
    started: list[str] = field(default_factory=list)
    seen: dict[str, tuple[float, float]] = field(default_factory=dict)
    """First and latest time: of a site by the store, ms; of an account by this process, seconds."""

    def see(self, name: str, at: float) -> None:
        """Note that something happened."""
        known = self.seen.get(name)
        self.seen[name] = (known[0] if known else at, at)


def _times(seen: tuple[float, float], now: float | None) -> tuple[int, int]:
    """First and latest time as the store reads them: ms since 1970, or ms before now."""
    first, last = seen if now is None else ((seen[0] - now) * 1000, (seen[1] - now) * 1000)
    return round(first), round(last)


_MESSAGE_ENDS: Final = {
    MessageStatus.DELIVERED: Fact.MESSAGE_DELIVERED,
    MessageStatus.HANDED_OVER: Fact.MESSAGE_HANDED,
    MessageStatus.UNKNOWN: Fact.MESSAGE_UNKNOWN,
    MessageStatus.FAILED: Fact.MESSAGE_FAILED,
}


def _would(text: str) -> str:
    return text if text == PUSH else ledger_reason(text)


class Recorder:
    """Counts events.

    Args:
        directory: the known sites and accounts; only their names become labels.
    """

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store.counts
        self._directory = directory
        self._waiting: dict[str, _Batch] = {}
        self._sent: dict[str, _Batch] = {}
        self._flushing = asyncio.Lock()
        self._effects = CounterGroups()

    def count_call(self, act: str, site: str, purpose: str, reply: VerificationReply, *, limit: str = "") -> None:
        """Count the end of a start, check or resend.

        Args:
            act: `start`, `check` or `resend`.
            site: the site of the verification.
            purpose: the purpose of the verification, "" if it is not known.
            reply: the store's reply.
            limit: the limit that refused, "" for none.
        """
        record, outcome = reply.record, reply.outcome
        effect = self._effects.of((act, site, purpose, outcome, limit, reply.new_steps))
        effect.times += 1
        if record is None:
            return
        if outcome is Outcome.STARTED:
            started = self._batch(site).started
            started.append(record.id)
            if len(started) > MOST_LATEST:
                del started[0]
        self._tell(effect, record)

    def count_steps(self, reply: VerificationReply) -> None:
        """Count what, by a script's reply, happened to its verification for the first time."""
        record = reply.record
        if record is None or not (new_steps := reply.new_steps):
            return
        effect = self._effects.of(("", record.site, record.purpose, None, "", new_steps))
        effect.times += 1
        self._tell(effect, record)

    def _tell(self, effect: Effect, record: Record) -> None:
        if effect.steps:
            log_steps(record.id, record.site, record.purpose, effect.steps)
        for fact in effect.timed:
            self._time(record, fact)
        for name in effect.faults:
            self._batch(record.site).see(name, record.now)

    def guessed_at(self, record: Record) -> None:
        """Count a start that reached the site's limit of guesses. Its code is longer, and operators should know."""
        repeated_lines.note(_log_guessed, f"{record.site} {record.purpose}", site=record.site, purpose=record.purpose)
        metrics.LONG_CODES.labels(record.site, metrics.bounded(record.site, record.purpose)).inc()
        self.refused(record.site, record.purpose, "site_guesses")

    def refused(self, site: str, purpose: str, limit: str) -> None:
        """Count a call that a limit refused; `purpose` is "" if the call has none."""
        metrics.REFUSED.labels(site, limit).inc()
        self._batch(site).counts[fields.field(purpose, Fact.REFUSED, limit)] += 1

    def key_refused(self, site: str) -> None:
        """Count a call with an unknown key or secret that names a site. Anybody can make such calls."""
        repeated_lines.note(_log_key_refused, site, site=site)
        metrics.KEYS_REFUSED.labels(site).inc()
        batch, name = self._batch(site), fields.field("", Fact.KEY_REFUSED)
        batch.counts[name] += 1
        batch.see(name, _NOW)

    def login(self, site: str, client: str, outcome: str) -> None:
        """Count a step of a login to an app: `started`, `signed_in`, or the error that the app got."""
        metrics.OIDC_LOGINS.labels(site, metrics.bounded(site, client), outcome).inc()
        self._batch(site).counts[fields.field("", Fact.LOGIN, f"{client}.{outcome}")] += 1

    def message_accepted(self, message: Message) -> None:
        """Count a message that was accepted, and in shadow mode what WeChat would have done with it."""
        self._message(message, Fact.MESSAGE_ASKED, "")
        if message.would:
            self._message(message, Fact.MESSAGE_WOULD, _would(message.would))

    def contact_asked(self, record: Record, kind: MessageKind) -> None:
        """Count the last resort of a verification, as `message_accepted` does."""
        would = (record.more or {}).get("would", "")
        self._relayed(record.site, record.purpose, kind.value, Fact.MESSAGE_ASKED, "")
        if would:
            self._relayed(record.site, record.purpose, kind.value, Fact.MESSAGE_WOULD, _would(would))

    def message_ended(self, message: Message) -> None:
        """Count the end of a message; one that goes on is not counted."""
        fact = _MESSAGE_ENDS.get(message.status)
        if fact is not None:
            reason = ledger_reason(message.reason) if fact is Fact.MESSAGE_HANDED else ""
            self._message(message, fact, reason)

    def gateway_spent(self, message: Message) -> None:
        """Count a message that the site's limit of gateway messages kept back. Operators should know."""
        repeated_lines.note(
            _log_gateway_spent, f"{message.site} {message.kind}", site=message.site, kind=message.kind.value
        )
        self.refused(message.site, message.purpose, "gateway_messages")

    def _message(self, message: Message, fact: Fact, reason: str) -> None:
        self._relayed(message.site, message.purpose, message.kind.value, fact, reason)

    def _relayed(self, site: str, purpose: str, kind: str, fact: Fact, reason: str) -> None:
        metrics.MESSAGES.labels(site, kind, fact.value.removeprefix("message_"), reason).inc()
        detail = f"{kind}-{reason}" if reason else kind
        self._batch(site).counts[fields.field(purpose, fact, detail)] += 1

    def call(self, account: str, endpoint: str, result: str, seconds: float) -> None:
        """Count a call to WeChat; `result` is `0`, an errcode, or a word such as `timeout`."""
        metrics.observe_call(account, endpoint, result, seconds)
        subject = fields.account_subject(account)
        batch = self._waiting.get(subject) or self._waiting.setdefault(subject, _Batch())
        name = fields.call_field(endpoint, result)
        batch.counts[name] += 1
        batch.see(name, monotonic())

    def _batch(self, site: str) -> _Batch:
        subject = fields.site_subject(site)
        return self._waiting.get(subject) or self._waiting.setdefault(subject, _Batch())

    def _add(self, site: str, name: str, count: int) -> None:
        self._batch(site).counts[name] += count

    def settle(self) -> None:
        """Add the events of all counter groups to the counters."""
        self._effects.settle(self._add)

    def _time(self, record: Record, fact: Fact) -> None:
        took = record.now - record.created
        histogram = metrics.TO_DELIVERED if fact is Fact.TO_DELIVERED else metrics.TO_APPROVED
        histogram.labels(record.site, metrics.bounded(record.site, record.purpose)).observe(took / 1000)
        self._batch(record.site).counts[fields.field(record.purpose, fact, fields.bound_of(took))] += 1

    async def flush(self) -> None:
        """Add all counts to the store. What the store does not take stays for the next time."""
        async with self._flushing:
            self.settle()
            for subject in list(self._waiting.keys() | self._sent.keys()):
                try:
                    # A batch that was sent before keeps its name and counts, because it may have been added already.
                    if subject in self._sent:
                        await self._send(subject, self._sent[subject])
                        del self._sent[subject]
                    if subject in self._waiting:
                        self._sent[subject] = self._waiting.pop(subject)
                        await self._send(subject, self._sent[subject])
                        del self._sent[subject]
                except CodesvcError as error:
                    _log.info("figures_wait", error=type(error).__name__)
                    return

    def _keys_of(self, subject: str) -> Keys | None:
        kind, _, name = subject.partition("/")
        found = self._directory.sites.get(name) if kind == "site" else self._directory.accounts.get(name)
        return found.store_keys if found else None

    async def _send(self, subject: str, batch: _Batch) -> None:
        keys = self._keys_of(subject)
        if keys is None:
            # The subject has been removed, and its figures are not needed.
            return
        now = monotonic() if subject.startswith(fields.account_subject("")) else None
        counted = Counted(
            batch=batch.name,
            subject=subject,
            counts=batch.counts,
            seen={name: _times(seen, now) for name, seen in batch.seen.items()},
            started=batch.started,
            minutes_kept=MINUTES_KEPT,
            hours_kept=HOURS_KEPT,
            latest_most=MOST_LATEST,
            latest_kept_ms=_LATEST_KEPT_MS,
        )
        await self._store.add(keys, counted)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Flush regularly while this context is open, and once more at the end."""
        try:
            async with beside(partial(every, FLUSH_SECONDS, self.flush), "statistics"):
                with before_exposition(self.settle):
                    yield
        finally:
            await self.flush()


def _log_guessed(*, site: str, purpose: str, count: int) -> None:
    _log.error("site_guessed_at", site=site, purpose=purpose, count=count)


def _log_key_refused(*, site: str, count: int) -> None:
    _log.warning("site_key_refused", site=site, count=count)


def _log_gateway_spent(*, site: str, kind: str, count: int) -> None:
    _log.error("gateway_limit_reached", site=site, kind=kind, count=count)
