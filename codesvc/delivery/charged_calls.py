"""Makes the call of a channel: first it is decided, then it is charged, then it is made (DESIGN rule 2).

A call that uses a quota of WeChat's is charged in the last script before it, `begin_deliveries.lua`. Nothing is charged
while the circuit is open or no access token can be had. What WeChat has certainly not counted is given back; what it
may have counted stays charged.
"""

from __future__ import annotations

import contextlib
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
    """Makes every call that sends a code. Most channels use no quota, and for these nothing is charged.

    Args:
        circuits: the circuits of every platform that channels call, by account name.
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
        self._circuits = circuits
        self._quotas = quotas

    async def make(self, account: AccountEntry, job: Job, begun: Begun, channel: Channel) -> Attempt | None:
        """Send a code by a channel, if a call may be made now. None if the job is no longer needed."""
        circuit = self._circuits[channel.traits.platform][account.name]
        if not circuit.allows():
            await self.give_back(account, begun)
            return Attempt(Ending.LATER, channel, reason=CIRCUIT_OPEN)
        # What the circuit learns: the attempt of a call, or None if no call was made.
        called: Attempt | None = None
        try:
            current: Begun | None = begun
            if channel.traits.quota and not begun.call:
                called = await wechat_answers.missing_token(channel, self._clients[account.name])
                if called is not None:
                    return called
                current = await self._state.begin(account, job, charge=True)
            if current is None:
                return None
            if channel.traits.quota and current.template_quota != "yes":
                return _without_quota(channel, current.template_quota)
            called = await self._send(account, job, current, channel)
            return called
        finally:
            circuit.ended(called)

    async def give_back(self, account: AccountEntry, begun: Begun) -> None:
        """Give back what the first look has charged, because no template message follows."""
        if begun.template_quota == "yes":
            await self._state.end_call(account, _charge_of(account, begun), counted=False)

    async def _send(self, account: AccountEntry, job: Job, begun: Begun, channel: Channel) -> Attempt:
        record, quota = begun.shown, channel.traits.quota
        parcel = Parcel(account, record, begun.openid, job.client_msg_id)
        charge = _charge_of(account, begun) if quota else None
        try:
            sending, platform = self._channels[channel].send(parcel), channel.traits.platform
            name = f"send to {'WeChat' if platform == WECHAT else platform}"
            attempt = await tracing.within(name, sending, channel=channel.value)
        except LookupError as fault:
            attempt = wechat_answers.unwritten(channel, fault)
        except Exception:
            # The message cannot be written: channels report every failure of a call.
            if charge:
                await self._state.end_call(account, charge, counted=False)
            raise
        if quota is None or charge is None:
            return attempt
        if attempt.pause is Pause.DAY:
            with contextlib.suppress(StoreUnavailable):  # WeChat will report it again
                await self._quotas.exhaust(account.store_keys, quota)
        if attempt.ending is Ending.SENT or (
            attempt.ending is Ending.UNKNOWN and record.delivery is not DeliveryStatus.UNKNOWN
        ):
            return msgspec.structs.replace(attempt, charge=charge)
        await self._state.end_call(account, charge, counted=attempt.counted)
        return attempt


def _charge_of(account: AccountEntry, begun: Begun) -> Charge:
    return Charge(begun.day, begun.call, account.sites)


def _without_quota(channel: Channel, used_up: str) -> Attempt:
    if used_up == "day":
        return Attempt(Ending.FAILED, channel, reason="quota")
    return Attempt(Ending.LATER, channel, reason="minute-quota", pause=Pause.MINUTE)
