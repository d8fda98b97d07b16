"""Sends a notice, a text without a code, to a WeChat account: about a verification, a binding or a move.

It goes by the message that the account has under the notice's name, if there is one, otherwise by a customer-service
message. A template message is taken from the day's quota, like one with a code; where the quota is used up, the text
goes as a customer-service message.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from codesvc.delivery.channels import wechat_answers
from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.delivery.channels.wechat_sends import send_filled, send_text
from codesvc.delivery.charged_calls import CIRCUIT_OPEN
from codesvc.delivery.job_state import call_id
from codesvc.domain.channels import Channel
from codesvc.wechat.errcodes import UNKNOWN_OPENID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesvc.delivery.circuits import Circuit
    from codesvc.delivery.job_state import JobState
    from codesvc.sites.directory import AccountEntry
    from codesvc.wechat.client import WeChatClient


class Letter(msgspec.Struct, frozen=True):
    """A notice to send. Its repr hides the openid.

    Attributes:
        name: the name of the account's message, if there is one; "" for a text.
        site: the site that it is about, whose share of the quota it uses; "" for none.
        reset: whether it belongs to a reset, which may use the whole quota.
        client_msg_id: identifies the notice to WeChat; every attempt has the same.
        fields: writes the fields of the account's message.
        text: writes the customer-service message.
    """

    name: str
    openid: str
    site: str
    reset: bool
    client_msg_id: str
    fields: Callable[[], Mapping[str, str]]
    text: Callable[[], str]

    def __repr__(self) -> str:
        return f"Letter({self.name!r})"


class NoticeCalls:
    """Sends notices."""

    def __init__(self, state: JobState, clients: Mapping[str, WeChatClient], circuits: Mapping[str, Circuit]) -> None:
        self._state, self._clients, self._circuits = state, clients, circuits

    async def send(self, account: AccountEntry, letter: Letter) -> Attempt:
        """Send a notice, if a call may be made now."""
        circuit, called = self._circuits[account.name], None
        if not circuit.allows():
            # No channel has been chosen yet; of this attempt only ending and reason are read.
            return Attempt(Ending.LATER, Channel.TEMPLATE, reason=CIRCUIT_OPEN)
        try:
            called = await self._send(account, letter)
            if called.errcode == UNKNOWN_OPENID:
                await self._state.note_unknown(account, letter.openid)
            return called
        finally:
            circuit.ended(called)

    async def _send(self, account: AccountEntry, letter: Letter) -> Attempt:
        message, client = account.config.messages.get(letter.name), self._clients[account.name]
        if message is None:
            return await self._send_text(account, letter)
        channel = Channel(message.channel)
        try:
            data = letter.fields()
        except LookupError as fault:
            # For example, its site has been removed.
            return wechat_answers.unwritten(channel, fault)
        sending = partial(
            send_filled,
            client,
            channel,
            openid=letter.openid,
            template_id=message.template_id,
            data=data,
            client_msg_id=letter.client_msg_id,
        )
        if channel is Channel.SUBSCRIPTION:
            # WeChat's quota of a day is for template messages only.
            return await sending()
        if missing := await wechat_answers.missing_token(channel, client):
            return missing
        call = call_id(letter.client_msg_id)
        charge = await self._state.charge(account, call, site=letter.site, reset=letter.reset)
        if charge is None:
            return await self._send_text(account, letter)
        attempt = await sending()
        await self._state.end_call(account, charge, counted=attempt.counted)
        return attempt

    async def _send_text(self, account: AccountEntry, letter: Letter) -> Attempt:
        channel = Channel.CUSTOMER_SERVICE
        if not account.config.may(channel.traits.right):
            # An account of this kind can only answer: the notice is not sent, and nothing is wrong.
            return Attempt(Ending.FAILED, channel, reason="no-right", counted=False)
        try:
            text = letter.text()
        except LookupError as fault:
            return wechat_answers.unwritten(channel, fault)
        return await send_text(self._clients[account.name], openid=letter.openid, text=text)
