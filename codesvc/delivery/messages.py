"""Delivers messages: by WeChat if the recipient has a binding, otherwise or as a last resort by the site's gateway.

The message of a verification's last resort comes this way too: its pushes are the verification's, so it waits for them.

The store says at each look what comes next (`begin_message.lua`): a push, waiting for its receipt, or the gateway. The
job stays in the stream until the message has ended, so it is done by another process if this one is killed. At most one
gateway acceptance per message: right before a call the record says that it may have been made, but not while the
message waits for its turn, so that a restart loses none that wait. A gateway that recognises ids is called again under
the same id. For another one, a call whose outcome is unknown ends the message as `unknown`.
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from secrets import token_hex
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.delivery.channels import wechat_answers
from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.delivery.channels.wechat_sends import send_filled
from codesvc.delivery.charged_calls import CIRCUIT_OPEN
from codesvc.delivery.gateway_calls import GatewayCalls, Relaying
from codesvc.delivery.gateways.gateway import GATEWAY_SECONDS
from codesvc.delivery.gateways.gateway_list import Gateways
from codesvc.delivery.job_state import call_id
from codesvc.delivery.store_retry import PatientStore
from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions
from codesvc.domain.channels import Channel
from codesvc.domain.quota import Api
from codesvc.domain.sealed_content import Seals
from codesvc.messages.message_fields import CODE
from codesvc.runtime import metrics
from codesvc.store.messages import MessageResult
from codesvc.store.outcomes import Outcome
from codesvc.wechat.errcodes import UNKNOWN_OPENID, Pause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from codesvc.config import Service
    from codesvc.delivery.circuits import Circuit
    from codesvc.delivery.places import Places
    from codesvc.domain.keyring import Keyring
    from codesvc.messages.relay_texts import RelayTexts
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.messages import MessageBegun
    from codesvc.store.outbox import Job
    from codesvc.store.store import Store
    from codesvc.wechat.client import WeChatClient

MESSAGE: Final = "message"
"""The kind of these jobs in the outbox."""
LONGEST_RANDOM_WAIT: Final = 0.1
"""Seconds within which a push, or the first act for a message, begins at a random moment, if the caller may not know
whether there is a binding (DESIGN rule 7). Sending keeps the process busy for part of a millisecond, which could be
measured in the caller's next request.
"""

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def relaying(
    texts: RelayTexts, directory: Directory, keyring: Keyring, service: Service
) -> AsyncIterator[Relaying]:
    """The parts that only messages need, as long as this context is open. Gateways are called as webhooks are."""
    sessions = GuardedSessions(timeout=GATEWAY_SECONDS, proxy=service.proxy_to_receivers, keep=False)
    async with sessions.open():
        yield Relaying(texts, Seals(keyring), Gateways(directory, sessions), keyring)


class MessageDelivery:
    """Does the jobs of messages.

    Args:
        places: limits the calls to WeChat at once, by account name.
        unknown: records that an account has no such openid.
        sleep: how to pause, seconds.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        parts: Relaying,
        *,
        clients: Mapping[str, WeChatClient],
        circuits: Mapping[str, Circuit],
        places: Mapping[str, Places],
        recorder: Recorder,
        unknown: Callable[[AccountEntry, str], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store, self._quotas = store.messages, store.quotas
        self._directory, self._parts = directory, parts
        self._clients, self._circuits, self._places = clients, circuits, places
        self._recorder, self._unknown, self._sleep = recorder, unknown, sleep
        self._patient = PatientStore(sleep=sleep)
        self._gateways = GatewayCalls(directory, parts, recorder)

    async def carry(self, account: AccountEntry, job: Job) -> None:
        """Do a job to its end. If the store fails meanwhile, wait until it is back."""
        calls, hidden = count(), True
        while begun := await self._look(account, job):
            if hidden and not begun.shown.disclose and begun.step != "wait":
                await self._sleep(random.uniform(0, LONGEST_RANDOM_WAIT))  # noqa: S311  only has to be spread
            hidden = False
            match begun.step:
                case "push":
                    async with self._places[account.name]:
                        await self._push(account, job, begun)
                case "wait":
                    await self._sleep(begun.wait_ms / 1000)
                case _:
                    mark = partial(self._look, account, job, attempt=token_hex(8))
                    verdict = await self._gateways.call(begun, next(calls), mark)
                    if verdict is None:
                        continue
                    if verdict.result is not None:
                        await self._record(account, job, verdict.result)
                    if verdict.pause_seconds is None:
                        return
                    await self._sleep(verdict.pause_seconds)

    async def _look(self, account: AccountEntry, job: Job, *, attempt: str = "", call: str = "") -> MessageBegun | None:
        """The next act of a job; None if it is over, then the job is acknowledged."""
        begin = partial(
            self._store.begin,
            account.store_keys,
            job.subject,
            job.number,
            job.entry,
            attempt=attempt,
            call=call,
            sites=account.sites,
        )
        begun = await self._patient.until_answered("begin_message", begin)
        if begun.outcome is Outcome.ENDED:
            self._recorder.message_ended(begun.shown)
        return begun if begun.outcome is Outcome.BEGUN else None

    async def _record(self, account: AccountEntry, job: Job, result: MessageResult) -> None:
        record = partial(
            self._store.record,
            account.store_keys,
            job.subject,
            job.number,
            job.entry,
            result,
            sites=account.sites,
        )
        reply = await self._patient.until_answered("record_message", record)
        if reply.message is not None:
            self._recorder.message_ended(reply.message)

    async def _push(self, account: AccountEntry, job: Job, begun: MessageBegun) -> None:
        """Send the template message, and record what WeChat said."""
        message, circuit = begun.shown, self._circuits[account.name]
        content = self._parts.seals.open(message.id, begun.box)
        site = self._directory.sites.get(message.site)
        if content is None or site is None:
            await self._record(account, job, MessageResult(result="failed", reason="lost"))
            return
        fields = self._parts.texts.fields(message, content)
        if fields is None:
            # The code does not fit into the account's template.
            await self._record(account, job, MessageResult(result="refused", reason="no-channel"))
            return
        if not circuit.allows():
            await self._record(account, job, MessageResult(result="refused", reason=CIRCUIT_OPEN))
            return
        called: Attempt | None = None
        try:
            called = await wechat_answers.missing_token(Channel.TEMPLATE, self._clients[account.name])
            if called is not None:
                await self._record(account, job, MessageResult(result="refused", reason=called.reason))
                return
            # Of the site as it was found above: it may be removed during a look or a call.
            relay = site.config.relay
            wait_ms = round(relay.receipt_wait * 1000) if relay else 0
            looked = await self._look(account, job, call=call_id(job.entry))
            called = await self._send(account, job, looked, fields, wait_ms=wait_ms) if looked else None
        finally:
            circuit.ended(called)

    async def _send(
        self, account: AccountEntry, job: Job, begun: MessageBegun, fields: Mapping[str, str], *, wait_ms: int
    ) -> Attempt | None:
        """Make the call that the look has charged; None if there is none to make.

        `wait_ms` is how long its receipt is awaited.
        """
        message = begun.shown
        if begun.step != "push":
            return None
        if begun.quota != "yes":
            await self._record(account, job, MessageResult(result="refused", reason="quota"))
            return None
        attempt = await send_filled(
            self._clients[account.name],
            Channel.TEMPLATE,
            openid=message.openid,
            template_id=account.config.messages[CODE].template_id,
            data=fields,
            client_msg_id=message.id,
        )
        metrics.count_attempt(account.name, attempt.channel.value, attempt.ending.value, attempt.reason)
        if attempt.errcode == UNKNOWN_OPENID:
            await self._patient.until_answered("note_unknown_openid", partial(self._unknown, account, message.openid))
        if attempt.pause is Pause.DAY:
            await self._patient.until_answered(
                "exhaust_quota", partial(self._quotas.exhaust, account.store_keys, Api.TEMPLATE)
            )
        taken = attempt.ending in {Ending.SENT, Ending.UNKNOWN}
        result = MessageResult(
            result="sent" if taken else "refused",
            reason=attempt.reason,
            msgid=attempt.msgid,
            wait_ms=wait_ms,
            day=begun.day,
            call=begun.call,
            counted=attempt.counted,
        )
        _log.info(
            "message_sent",
            message=message.id,
            site=message.site,
            account=account.name,
            ending=attempt.ending.value,
            reason=attempt.reason or None,
        )
        await self._record(account, job, result)
        return attempt
