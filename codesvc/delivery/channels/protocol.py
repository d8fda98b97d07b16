"""The interface of a channel: it sends one code to one person and reports the result.

A channel gets its clients when it is made (`means.Means`), takes from the parcel what it needs, and interprets its own
answers: the attempt says what they mean. So a channel of another platform than WeChat fits too. It leaves `errcode`
unset, which is WeChat's.
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
    from codesvc.store.quotas import Charge


class Ending(StrEnum):
    """How an attempt ended; logs and metrics use these words."""

    SENT = "sent"
    """The receiver of the call accepted it."""
    UNKNOWN = "unknown"
    """The message may have been sent. It must only be repeated under the same id."""
    LATER = "later"
    """It was not sent, and another attempt may succeed."""
    FAILED = "failed"
    """It was not sent, and this channel cannot send it."""


class Attempt(msgspec.Struct, frozen=True):
    """The result of an attempt.

    Attributes:
        msgid: the message's id, by which a receipt finds it; "" if the channel has none.
        reason: a word for the failure, "" for none.
        alarm: whether operators should be alerted.
        pause: what has to pause because of this answer.
        blocked: whether nothing of the account can be sent now: there was no answer, or the access token is refused.
            The circuit breaker counts these.
        counted: whether the receiver may have counted the call against a quota.
        errcode: WeChat's errcode, if it refused.
        charge: the call's unit of a quota, if the record of this result has to end it.
    """

    ending: Ending
    channel: Channel
    msgid: str = ""
    reason: str = ""
    alarm: bool = False
    pause: Pause = Pause.NONE
    blocked: bool = False
    counted: bool = True
    errcode: int | None = None
    charge: Charge | None = None


class Parcel(msgspec.Struct, frozen=True):
    """A code to send, and the data that channels need for it.

    Attributes:
        openid: the person's openid in this account, "" if none is known.
        client_msg_id: identifies this delivery in every attempt. A receiver that knows such ids delivers once
            (WeChat: within 10 minutes, WECHAT.md 6.2).
    """

    account: AccountEntry
    record: Record
    openid: str = ""
    client_msg_id: str = ""


class DeliveryChannel(Protocol):
    """A channel. `codesvc.domain.channels` has its constant properties under the same id."""

    @property
    def id(self) -> Channel:
        """The channel's id."""

    @staticmethod
    def missing(account: Account) -> str | None:
        """The option below `accounts.{name}` that is missing for this channel; None if nothing is missing."""

    async def send(self, parcel: Parcel) -> Attempt:
        """Send a code. Failures of the network or the receiver are not raised: the attempt reports them.

        Raises:
            LookupError: the message cannot be written (`wechat_answers.unwritten`).
        """
