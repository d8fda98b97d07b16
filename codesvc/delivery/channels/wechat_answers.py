"""Interprets the answers of calls to WeChat that send a code, for all channels that use WeChat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.messages.composer import CodeLost
from codesvc.wechat.errcodes import Verdict, judge
from codesvc.wechat.errors import NotSent, OutcomeUnknown, TokenRefused, TokenUnavailable, WeChatError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from codesvc.domain.channels import Channel


async def attempt(channel: Channel, call: Awaitable[str]) -> Attempt:
    """Make a call that returns a message id, "" if there is none, and interpret its result."""
    try:
        msgid = await call
    except CodeLost:
        return Attempt(Ending.FAILED, channel, reason="no-code", alarm=True)
    except LookupError:
        return Attempt(Ending.FAILED, channel, reason="no-template", alarm=True)
    except WeChatError as error:
        return _judged(error.errcode, channel)
    except TokenUnavailable as error:
        # No answer of the token endpoint counts as no answer of WeChat. A refusal is an answer.
        silent = error.errcode is None and not isinstance(error, TokenRefused)
        return Attempt(Ending.LATER, channel, reason="no-token", alarm=True, silent=silent, errcode=error.errcode)
    except NotSent:
        return Attempt(Ending.LATER, channel, reason="unreachable", silent=True)
    except OutcomeUnknown:
        # A message without an id that WeChat recognises cannot be repeated safely. A scan brings the code again.
        ending = Ending.UNKNOWN if channel.traits.repeatable else Ending.FAILED
        return Attempt(ending, channel, reason="timeout", silent=True)
    return Attempt(Ending.SENT, channel, msgid=msgid)


def _judged(errcode: int, channel: Channel) -> Attempt:
    triage = judge(errcode)
    ending = {
        Verdict.DONE: Ending.SENT,
        Verdict.RETRY: Ending.LATER,
        # The client has already refreshed the token and tried again. Another refresh could start a storm of refreshes.
        Verdict.REFRESH_TOKEN: Ending.LATER,
    }.get(triage.verdict, Ending.FAILED)
    reason = "" if ending is Ending.SENT else triage.reason
    return Attempt(ending, channel, reason=reason, alarm=triage.alarm, pause=triage.pause, errcode=errcode or None)
