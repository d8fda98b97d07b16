"""One attempt to carry one code to one openid, and what came of it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from codesvc.verification import Channel
from codesvc.wechat.errors import NotSent, OutcomeUnknown, TokenUnavailable, WeChatError
from codesvc.wechat.triage import Verdict, judge

if TYPE_CHECKING:
    from codesvc.directory import AccountEntry
    from codesvc.message import Composer
    from codesvc.record import Record
    from codesvc.wechat.client import WeChatClient

CODE: Final = "code"
"""The name of the account's message that carries a code."""


class Ending(Enum):
    """How an attempt ended."""

    SENT = auto()
    """WeChat accepted it."""
    UNKNOWN = auto()
    """It may have been sent: to be repeated under the same client_msg_id only."""
    LATER = auto()
    """It was not sent, and another try may succeed."""
    FAILED = auto()
    """It was not sent, and never will be by this channel."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt.

    Attributes:
        ending: how it ended.
        channel: by which channel.
        msgid: WeChat's message id, "" if the channel has none.
        reason: a word for what went wrong, "" if nothing did.
        alarm: whether an operator should hear of it.
    """

    ending: Ending
    channel: Channel
    msgid: str = ""
    reason: str = ""
    alarm: bool = False


async def send_code(
    client: WeChatClient,
    account: AccountEntry,
    composer: Composer,
    record: Record,
    *,
    openid: str,
    channel: Channel,
    client_msg_id: str,
) -> Attempt:
    """Carry the code by one channel. Never raises for what WeChat or the network does."""
    message = account.config.messages.get(CODE)
    if channel is not Channel.CUSTOMER_SERVICE and message is None:
        return Attempt(Ending.FAILED, channel, reason="no-template", alarm=True)
    try:
        if channel is Channel.CUSTOMER_SERVICE:
            await client.send_text(openid=openid, content=composer.chat("code", record))
            return Attempt(Ending.SENT, channel)
        if message is None:  # pragma: no cover  returned above; the type checker cannot see it
            raise LookupError
        data = composer.fields(account.name, CODE, record)
        if channel is Channel.SUBSCRIPTION:
            await client.send_subscription(
                openid=openid,
                template_id=message.template_id,
                data=data,
                page=None,
                client_msg_id=client_msg_id,
            )
            return Attempt(Ending.SENT, channel)
        msgid = await client.send_template(
            openid=openid, template_id=message.template_id, data=data, url=None, client_msg_id=client_msg_id
        )
    except WeChatError as error:
        return _judged(error.errcode, channel)
    except TokenUnavailable:
        return Attempt(Ending.LATER, channel, reason="no-token", alarm=True)
    except NotSent:
        return Attempt(Ending.LATER, channel, reason="unreachable")
    except OutcomeUnknown:
        # A customer-service message has no client_msg_id, so it cannot be repeated; a scan brings the code anew.
        ending = Ending.FAILED if channel is Channel.CUSTOMER_SERVICE else Ending.UNKNOWN
        return Attempt(ending, channel, reason="timeout")
    return Attempt(Ending.SENT, channel, msgid=str(msgid))


def _judged(errcode: int, channel: Channel) -> Attempt:
    triage = judge(errcode)
    ending = {
        Verdict.DONE: Ending.SENT,
        Verdict.RETRY: Ending.LATER,
        # The client has already refreshed once and tried again; a second refresh would start a storm.
        Verdict.REFRESH_TOKEN: Ending.LATER,
    }.get(triage.verdict, Ending.FAILED)
    alarm = triage.verdict in {Verdict.STOP, Verdict.OUR_FAULT, Verdict.REFRESH_TOKEN}
    return Attempt(ending, channel, reason=triage.reason, alarm=alarm)
