"""Counts what happens, once, where the script that did it says so: for Prometheus at once, for the store in batches.

A process collects counts for `FLUSH_SECONDS` and adds them in one script for each subject; a batch whose answer was
lost is sent again under the same name and added once. What a killed process had not flushed is missing from the
figures (two seconds of them), and from nothing else: no rule reads a figure.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.errors import CodesvcError
from codesvc.runtime import metrics
from codesvc.runtime.logging import tell_steps
from codesvc.runtime.tasks import end
from codesvc.service.statistics import fields
from codesvc.service.statistics.counter_groups import CounterGroups
from codesvc.service.statistics.fields import Fact
from codesvc.store.counts import Counted
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
_LATEST_KEPT_MS: Final = 7_800_000
"""No verification can be read for longer than two hours and ten minutes after its start (code_max_life, one hour)."""


@dataclass(slots=True)
class _Batch:
    """What waits to be added for one subject."""

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    counts: Counter[str] = field(default_factory=Counter)
    started: list[str] = field(default_factory=list)


class Recorder:
    """Counts.

    Args:
        store: where figures are kept.
        directory: which sites and accounts there are; nothing else is ever a label.
    """

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store.counts
        self._directory = directory
        self._waiting: dict[str, _Batch] = {}
        self._sent: dict[str, _Batch] = {}
        self._flushing = asyncio.Lock()
        self._effects = CounterGroups()

    def act(self, act: str, site: str, purpose: str, reply: VerificationReply, *, limit: str = "") -> None:
        """A start, check or resend ended.

        Args:
            act: which of them.
            site: of the verification.
            purpose: of the verification, "" where it is not known.
            reply: what the store said.
            limit: the limit that refused, "" for none.
        """
        record, outcome = reply.record, reply.outcome
        effect = self._effects.of((act, site, purpose, outcome, limit, reply.firsts))
        effect.times += 1
        if record is None:
            return
        if outcome is Outcome.STARTED:
            started = self._batch(site).started
            started.append(record.id)
            if len(started) > MOST_LATEST:
                del started[0]
        self._tell(effect, record)

    def hear(self, reply: VerificationReply) -> None:
        """A script answered: count what happened to its verification for the first time."""
        record = reply.record
        if record is None or not (firsts := reply.firsts):
            return
        effect = self._effects.of(("", record.site, record.purpose, None, "", firsts))
        effect.times += 1
        self._tell(effect, record)

    def _tell(self, effect: Effect, record: Record) -> None:
        if effect.steps:
            tell_steps(record.id, record.site, record.purpose, effect.steps)
        for fact in effect.timed:
            self._time(record, fact)

    def guessed_at(self, record: Record) -> None:
        """A start met the site's limit of guesses: its code is longer, and an operator should know."""
        _log.error("site_guessed_at", site=record.site, purpose=record.purpose)
        metrics.LONG_CODES.labels(record.site, record.purpose).inc()
        self.refused(record.site, record.purpose, "site_guesses")

    def refused(self, site: str, purpose: str, limit: str) -> None:
        """A limit refused a call; `purpose` is "" where it is about none."""
        metrics.REFUSED.labels(site, limit).inc()
        self._batch(site).counts[fields.field(purpose, Fact.REFUSED, limit)] += 1

    def call(self, account: str, endpoint: str, result: str, seconds: float) -> None:
        """A call to WeChat ended: `0`, an errcode, or a word."""
        metrics.observe_call(account, endpoint, result, seconds)
        subject = fields.account_subject(account)
        batch = self._waiting.get(subject) or self._waiting.setdefault(subject, _Batch())
        batch.counts[fields.call_field(endpoint, result)] += 1

    def _batch(self, site: str) -> _Batch:
        subject = fields.site_subject(site)
        return self._waiting.get(subject) or self._waiting.setdefault(subject, _Batch())

    def _add(self, site: str, name: str, count: int) -> None:
        self._batch(site).counts[name] += count

    def settle(self) -> None:
        """Count what has only been noted so far."""
        self._effects.settle(self._add)

    def _time(self, record: Record, fact: Fact) -> None:
        took = record.now - record.created
        histogram = metrics.TO_DELIVERED if fact is Fact.TO_DELIVERED else metrics.TO_APPROVED
        histogram.labels(record.site, record.purpose).observe(took / 1000)
        self._batch(record.site).counts[fields.field(record.purpose, fact, fields.bound_of(took))] += 1

    async def flush(self) -> None:
        """Add everything counted so far; what the store does not take now is kept for the next time."""
        async with self._flushing:
            self.settle()
            for subject in list(self._waiting.keys() | self._sent.keys()):
                try:
                    # What was sent before keeps its name and its counts: it may have been added already.
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
        return found.keys if found else None

    async def _send(self, subject: str, batch: _Batch) -> None:
        keys = self._keys_of(subject)
        if keys is None:
            # Removed while it waited: nobody will ask for its figures.
            return
        counted = Counted(
            batch=batch.name,
            subject=subject,
            counts=batch.counts,
            started=batch.started,
            minutes_kept=MINUTES_KEPT,
            hours_kept=HOURS_KEPT,
            latest_kept_ms=_LATEST_KEPT_MS,
        )
        await self._store.add(keys, counted)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Flush now and then while this context is open, and once more at the end."""
        task = asyncio.create_task(self._run(), name="tally")
        try:
            with metrics.before_exposition(self.settle):
                yield
        finally:
            await end([task])
            await self.flush()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()
