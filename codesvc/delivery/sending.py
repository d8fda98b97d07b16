"""One attempt to carry one code to one openid, and what came of it, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.verification import Channel
from codesvc.wechat.errcodes import Pause, Verdict, judge
from codesvc.wechat.errors import NotSent, OutcomeUnknown, TokenRefused, TokenUnavailable, WeChatError

if TYPE_CHECKING:
    from codesvc.domain.record import Record
    from codesvc.messages.composer import Composer
    from codesvc.sites.directory import AccountEntry
    from codesvc.wechat.client import WeChatClient

CODE: Final = "code"
"""The name of the account's message that carries a code."""


class Ending(StrEnum):
    """How an attempt ended; the words stand in logs and metrics."""

    SENT = "sent"
    """WeChat accepted it."""
    UNKNOWN = "unknown"
    """It may have been sent: to be repeated under the same client_msg_id only."""
    LATER = "later"
    """It was not sent, and another try may succeed."""
    FAILED = "failed"
    """It was not sent, and never will be by this channel."""


class Attempt(msgspec.Struct, frozen=True):
    """What came of an attempt.

    Attributes:
        ending: how it ended.
        channel: by which channel.
        msgid: WeChat's message id, "" if the channel has none.
        reason: a word for what went wrong, "" if nothing did.
        alarm: whether an operator should hear of it.
        pause: what else has to rest.
        silent: WeChat did not answer at all; what the circuit breaker counts.
        errcode: what WeChat answered, where it said no.
    """

    ending: Ending
    channel: Channel
    msgid: str = ""
    reason: str = ""
    alarm: bool = False
    pause: Pause = Pause.NONE
    silent: bool = False
    errcode: int | None = None


class Letter(msgspec.Struct, frozen=True):
    """What is to be carried, and by whom.

    Attributes:
        client: the account's calls.
        account: the account.
        record: whose code.
        openid: to whom.
        client_msg_id: WeChat delivers one message per openid and this id within 10 minutes (WECHAT.md 6.2).
    """

    client: WeChatClient
    account: AccountEntry
    record: Record
    openid: str
    client_msg_id: str


async def send_code(letter: Letter, composer: Composer, channel: Channel) -> Attempt:
    """Carry the code by one channel. Never raises for what WeChat or the network does."""
    try:
        msgid = await _SENDERS[channel](letter, composer)
    except LookupError:
        return Attempt(Ending.FAILED, channel, reason="no-template", alarm=True)
    except WeChatError as error:
        return _judged(error.errcode, channel)
    except TokenUnavailable as error:
        # The token endpoint's own silence is WeChat's silence too; a refusal is an answer.
        silent = error.errcode is None and not isinstance(error, TokenRefused)
        return Attempt(Ending.LATER, channel, reason="no-token", alarm=True, silent=silent, errcode=error.errcode)
    except NotSent:
        return Attempt(Ending.LATER, channel, reason="unreachable", silent=True)
    except OutcomeUnknown:
        # A customer-service message has no client_msg_id, so it cannot be repeated; a scan brings the code anew.
        ending = Ending.FAILED if channel is Channel.CUSTOMER_SERVICE else Ending.UNKNOWN
        return Attempt(ending, channel, reason="timeout", silent=True)
    return Attempt(Ending.SENT, channel, msgid=msgid)


async def _by_template(letter: Letter, composer: Composer) -> str:
    message = letter.account.config.messages[CODE]
    msgid = await letter.client.send_template(
        openid=letter.openid,
        template_id=message.template_id,
        data=composer.fields(letter.account.name, CODE, letter.record),
        url=composer.link(letter.record),
        client_msg_id=letter.client_msg_id,
    )
    return str(msgid)


async def _by_subscription(letter: Letter, composer: Composer) -> str:
    name = SUBSCRIPTION_CODE if SUBSCRIPTION_CODE in letter.account.config.messages else CODE
    message = letter.account.config.messages[name]
    await letter.client.send_subscription(
        openid=letter.openid,
        template_id=message.template_id,
        data=composer.fields(letter.account.name, name, letter.record),
        page=composer.link(letter.record),
        client_msg_id=letter.client_msg_id,
    )
    return ""


async def _by_customer_service(letter: Letter, composer: Composer) -> str:
    await letter.client.send_text(openid=letter.openid, content=composer.chat("code", letter.record))
    return ""


SUBSCRIPTION_CODE: Final = "code_notice"
"""The name of the account's subscription notice that carries a code; ids of the two kinds never mix (WECHAT.md 7.1)."""

_SENDERS: Final = {
    Channel.TEMPLATE: _by_template,
    Channel.SUBSCRIPTION: _by_subscription,
    Channel.CUSTOMER_SERVICE: _by_customer_service,
}


def _judged(errcode: int, channel: Channel) -> Attempt:
    triage = judge(errcode)
    ending = {
        Verdict.DONE: Ending.SENT,
        Verdict.RETRY: Ending.LATER,
        # The client has already refreshed once and tried again; a second refresh would start a storm.
        Verdict.REFRESH_TOKEN: Ending.LATER,
    }.get(triage.verdict, Ending.FAILED)
    reason = "" if ending is Ending.SENT else triage.reason
    return Attempt(ending, channel, reason=reason, alarm=triage.alarm, pause=triage.pause, errcode=errcode or None)
