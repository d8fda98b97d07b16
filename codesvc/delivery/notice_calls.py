"""Sends a text without a code to a WeChat account, for the notices of a verification and for those of their own.

It goes by the account's message of that name, if there is one, otherwise by a customer-service message. A template
message is taken from the day's quota, like one with a code; where the quota is used up, the text goes as a
customer-service message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from codesvc.delivery.channels import wechat_answers
from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.delivery.charged_calls import CIRCUIT_OPEN
from codesvc.delivery.job_state import call_id
from codesvc.domain.channels import Channel
from codesvc.wechat.errcodes import UNKNOWN_OPENID
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesvc.config.account_settings import Message
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
            return Attempt(Ending.LATER, Channel.TEMPLATE, reason=CIRCUIT_OPEN)
        try:
            called = await self._send(account, letter)
            if called.errcode == UNKNOWN_OPENID:
                await self._state.note_unknown(account, letter.openid)
            return called
        finally:
            circuit.ended(called)

    async def _send(self, account: AccountEntry, letter: Letter) -> Attempt:
        message = account.config.messages.get(letter.name)
        if message is None:
            return await self._send_text(account, letter)
        try:
            data = letter.fields()
        except LookupError as fault:
            # For example, its site has been removed.
            return wechat_answers.failed(Channel(message.channel), fault)
        if message.channel == Channel.SUBSCRIPTION:
            return await self._send_filled(account, letter, message, data)
        if missing := await wechat_answers.missing_token(Channel.TEMPLATE, self._clients[account.name]):
            return missing
        call = call_id(letter.client_msg_id)
        charge = await self._state.charge(account, call, site=letter.site, reset=letter.reset)
        if charge is None:
            return await self._send_text(account, letter)
        attempt = await self._send_filled(account, letter, message, data)
        await self._state.end_call(account, charge, counted=attempt.counted)
        return attempt

    async def _send_text(self, account: AccountEntry, letter: Letter) -> Attempt:
        channel = Channel.CUSTOMER_SERVICE
        if not account.config.may(channel.traits.right):
            # An account of this kind can only answer: the notice is not sent, and nothing is wrong.
            return Attempt(Ending.FAILED, channel, reason="no-right", counted=False)
        try:
            await self._clients[account.name].send_text(openid=letter.openid, content=letter.text())
        except (LookupError, WeChatFault) as fault:
            return wechat_answers.failed(channel, fault)
        return Attempt(Ending.SENT, channel)

    async def _send_filled(
        self, account: AccountEntry, letter: Letter, message: Message, data: Mapping[str, str]
    ) -> Attempt:
        """Send the account's message with its fields filled in."""
        client, channel = self._clients[account.name], Channel(message.channel)
        openid, template_id, client_msg_id = letter.openid, message.template_id, letter.client_msg_id
        try:
            if channel is Channel.SUBSCRIPTION:
                await client.send_subscription(
                    openid=openid, template_id=template_id, data=data, page=None, client_msg_id=client_msg_id
                )
            else:
                await client.send_template(
                    openid=openid, template_id=template_id, data=data, url=None, client_msg_id=client_msg_id
                )
        except WeChatFault as fault:
            return wechat_answers.failed(channel, fault)
        return Attempt(Ending.SENT, channel)
