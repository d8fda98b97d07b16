"""Interprets the answers of calls to WeChat that send a code, for all channels that use WeChat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.messages.composer import CodeLost
from codesvc.wechat.errcodes import NOT_COUNTED, Verdict, judge
from codesvc.wechat.errors import NotSent, OutcomeUnknown, TokenUnavailable, WeChatError

if TYPE_CHECKING:
    from codesvc.domain.channels import Channel
    from codesvc.wechat.client import WeChatClient
    from codesvc.wechat.errors import WeChatFault


def unwritten(channel: Channel, fault: LookupError) -> Attempt:
    """The attempt whose message could not be written, so that no call was made."""
    reason = "no-code" if isinstance(fault, CodeLost) else "no-template"
    return Attempt(Ending.FAILED, channel, reason=reason, alarm=True, counted=False)


def failed(channel: Channel, fault: WeChatFault) -> Attempt:
    """The attempt whose call failed."""
    match fault:
        case WeChatError(errcode=errcode):
            return _judged(errcode, channel)
        case TokenUnavailable(errcode=errcode):
            return _not_sent(channel, "no-token", errcode=errcode, alarm=True)
        case NotSent():
            return _not_sent(channel, "no-connection")
        case OutcomeUnknown():
            # A message without an id that WeChat recognises cannot be repeated safely. A scan brings the code again.
            ending = Ending.UNKNOWN if channel.traits.repeatable else Ending.FAILED
            return Attempt(ending, channel, reason="timeout", blocked=True)
    raise fault


async def missing_token(channel: Channel, client: WeChatClient) -> Attempt | None:
    """Get an access token ahead of a call: the attempt if there is none, so that no call can be made."""
    try:
        await client.ready()
    except TokenUnavailable as error:
        return _not_sent(channel, "no-token", errcode=error.errcode, alarm=True)
    return None


def _not_sent(channel: Channel, reason: str, *, errcode: int | None = None, alarm: bool = False) -> Attempt:
    return Attempt(Ending.LATER, channel, reason=reason, errcode=errcode, alarm=alarm, blocked=True, counted=False)


def _judged(errcode: int, channel: Channel) -> Attempt:
    triage = judge(errcode)
    ending = {
        Verdict.DONE: Ending.SENT,
        Verdict.RETRY: Ending.LATER,
        # The client has already refreshed the token and tried again. Another refresh could start a storm of refreshes.
        Verdict.REFRESH_TOKEN: Ending.LATER,
    }.get(triage.verdict, Ending.FAILED)
    reason = "" if ending is Ending.SENT else triage.reason
    return Attempt(
        ending,
        channel,
        reason=reason,
        alarm=triage.alarm,
        pause=triage.pause,
        blocked=triage.verdict is Verdict.REFRESH_TOKEN,
        counted=errcode not in NOT_COUNTED,
        errcode=errcode or None,
    )
