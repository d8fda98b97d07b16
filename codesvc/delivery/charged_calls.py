"""Makes the call of a channel: first it is decided, then it is charged, then it is made (DESIGN rule 2).

A call that uses a quota of WeChat's is taken from it in the script that looks at the job for the last time. Nothing is
charged while the circuit is open or no access token can be had. What WeChat has certainly not counted is given back;
what it may have counted stays charged.
"""

from __future__ import annotations

import contextlib
from secrets import token_hex
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.delivery.channels import wechat_answers
from codesvc.delivery.channels.protocol import Attempt, Ending, Parcel
from codesvc.domain.channels import WECHAT
from codesvc.domain.errors import StoreUnavailable
from codesvc.domain.verification import DeliveryStatus
from codesvc.runtime import tracing
from codesvc.store.quotas import Charge
from codesvc.wechat.errcodes import Pause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.delivery.channels.protocol import DeliveryChannel
    from codesvc.delivery.circuits import Circuit
    from codesvc.delivery.job_state import JobState
    from codesvc.domain.channels import Channel
    from codesvc.sites.directory import AccountEntry
    from codesvc.store.deliveries import Begun
    from codesvc.store.outbox import Job
    from codesvc.store.quotas import Quotas
    from codesvc.wechat.client import WeChatClient

CIRCUIT_OPEN: Final = "circuit-open"
"""The reason of an attempt for which no call was made, because the circuit is open."""


class ChargedCalls:
    """Makes calls.

    Args:
        state: looks at jobs and ends charged calls.
        channels: the channels that send codes.
        clients: WeChat clients by account name.
        circuits: the circuits of every service that channels call, by account name.
        quotas: hears when a day's quota is gone.
    """

    def __init__(
        self,
        state: JobState,
        channels: Mapping[Channel, DeliveryChannel],
        clients: Mapping[str, WeChatClient],
        circuits: Mapping[str, Mapping[str, Circuit]],
        quotas: Quotas,
    ) -> None:
        self._state = state
        self._channels, self._clients = channels, clients
        self._circuits, self._wechat = circuits, circuits[WECHAT]
        self._quotas = quotas

    async def look(self, account: AccountEntry, job: Job, *, first: bool) -> Begun | None:
        """Look at a job. None if it is no longer needed.

        Most pushes are disclosed template messages. While nothing stands in the way of calls, theirs are charged here,
        so that they need one look only. After the `first` look an undisclosed push waits and is looked at again.
        """
        call = call_id(job) if job.kind == "push" and self._wechat[account.name].is_sound else ""
        return await self._state.begin(account, job, call=call, moment="first" if first else "if-next")

    async def make(self, account: AccountEntry, job: Job, begun: Begun, channel: Channel) -> Attempt | None:
        """Send a code by a channel, if a call may be made now. None if the job is no longer needed."""
        circuit = self._circuits[channel.traits.service][account.name]
        if not circuit.allows():
            await self.give_back(account, begun)
            return Attempt(Ending.LATER, channel, reason=CIRCUIT_OPEN)
        called: Attempt | None = None
        try:
            if channel.traits.quota is None:
                called = await self._send(account, job, begun, channel)
                return called
            looked: Begun | None = begun
            if not begun.call:
                called = await wechat_answers.missing_token(channel, self._clients[account.name])
                if called is not None:
                    return called
                looked = await self._state.begin(account, job, call=call_id(job))
            if looked is None:
                return None
            if looked.template_quota != "yes":
                return _without_quota(channel, looked.template_quota)
            called = await self._send_charged(account, job, looked, channel)
            return called
        finally:
            circuit.ended(called)

    async def give_back(self, account: AccountEntry, begun: Begun) -> None:
        """Give back what `look` has charged, because no template message follows."""
        if begun.template_quota == "yes":
            await self._state.end_call(account, _charge(account, begun), counted=False)

    async def _send(self, account: AccountEntry, job: Job, begun: Begun, channel: Channel) -> Attempt:
        parcel = Parcel(account, begun.shown, begun.openid, job.client_msg_id)
        return await tracing.within("send to WeChat", self._channels[channel].send(parcel), channel=channel.value)

    async def _send_charged(self, account: AccountEntry, job: Job, begun: Begun, channel: Channel) -> Attempt:
        record = begun.shown
        charge = _charge(account, begun)
        try:
            attempt = await self._send(account, job, begun, channel)
        except Exception:
            # The message cannot be written: channels report every failure of a call.
            await self._state.end_call(account, charge, counted=False)
            raise
        if attempt.pause is Pause.DAY and channel.traits.quota:
            with contextlib.suppress(StoreUnavailable):  # WeChat will report it again
                await self._quotas.exhaust(account.store_keys, channel.traits.quota)
        if attempt.ending is Ending.SENT or (
            attempt.ending is Ending.UNKNOWN and record.delivery is not DeliveryStatus.UNKNOWN
        ):
            return msgspec.structs.replace(attempt, charge=charge)
        await self._state.end_call(account, charge, counted=attempt.counted)
        return attempt


def call_id(job: Job) -> str:
    """An id for a call that is charged."""
    return f"{job.entry}/{token_hex(4)}"


def _charge(account: AccountEntry, begun: Begun) -> Charge:
    return Charge(begun.day, begun.call, begun.shown.site, account.sites)


def _without_quota(channel: Channel, used_up: str) -> Attempt:
    if used_up == "day":
        return Attempt(Ending.FAILED, channel, reason="quota")
    return Attempt(Ending.LATER, channel, reason="minute-quota", pause=Pause.MINUTE)
