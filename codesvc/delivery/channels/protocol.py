"""What a channel is to the courier: it carries one code to one person, and says what came of it.

Nothing in the protocol assumes WeChat. A channel gets its clients when it is made (`means.Means`), takes from the
parcel what it needs, and judges its own answers: the attempt says what they mean.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from codesvc.wechat.errcodes import Pause

if TYPE_CHECKING:
    from codesvc.config import Account
    from codesvc.domain.channels import Channel
    from codesvc.domain.record import Record
    from codesvc.sites.directory import AccountEntry


class Ending(StrEnum):
    """How an attempt ended; the words stand in logs and metrics."""

    SENT = "sent"
    """The receiver of the call accepted it."""
    UNKNOWN = "unknown"
    """It may have been sent: to be repeated under the same id only."""
    LATER = "later"
    """It was not sent, and another try may succeed."""
    FAILED = "failed"
    """It was not sent, and never will be by this channel."""


class Attempt(msgspec.Struct, frozen=True):
    """What came of an attempt.

    Attributes:
        ending: how it ended.
        channel: by which channel.
        msgid: the message's id, by which a receipt finds it; "" if the channel has none.
        reason: a word for what went wrong, "" if nothing did.
        alarm: whether an operator should hear of it.
        pause: what else has to rest.
        silent: nothing answered at all; what the circuit breaker counts.
        errcode: what WeChat answered, where it said no.
        answer: what the callback answers, of a channel that is this answer.
    """

    ending: Ending
    channel: Channel
    msgid: str = ""
    reason: str = ""
    alarm: bool = False
    pause: Pause = Pause.NONE
    silent: bool = False
    errcode: int | None = None
    answer: str = ""


class Parcel(msgspec.Struct, frozen=True):
    """A code to be carried, and what is known of its way.

    Attributes:
        account: the account whose sites it belongs to.
        record: the verification.
        openid: the person's WeChat in this account, "" where none is known.
        client_msg_id: the same for each attempt at this delivery: a receiver that knows such ids delivers once
            (WeChat: within 10 minutes, WECHAT.md 6.2).
    """

    account: AccountEntry
    record: Record
    openid: str = ""
    client_msg_id: str = ""


class DeliveryChannel(Protocol):
    """One channel. What is true of it without sending stands in `codesvc.domain.channels`, under the same id."""

    @property
    def id(self) -> Channel:
        """Which one it is."""

    @staticmethod
    def missing(account: Account) -> str | None:
        """What the account's configuration lacks for it, as an option below `accounts.{name}`; None for nothing."""

    async def send(self, parcel: Parcel) -> Attempt:
        """Carry a code. Never raises for what the network or the receiver does: the attempt says it."""
