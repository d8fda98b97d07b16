"""Every channel that the courier sends by; docs/decisions/0017-one-module-for-each-channel.md says how to add one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels.customer_service import CustomerService
from codesvc.delivery.channels.subscription import Subscription
from codesvc.delivery.channels.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.config import Account
    from codesvc.delivery.channels.means import Means
    from codesvc.delivery.channels.protocol import DeliveryChannel
    from codesvc.domain.channels import Channel


_KINDS: Final = (Template, Subscription, CustomerService)


def make_channels(means: Means) -> Mapping[Channel, DeliveryChannel]:
    """All channels, ready to send."""
    channels: tuple[DeliveryChannel, ...] = tuple(kind(means) for kind in _KINDS)
    return {channel.id: channel for channel in channels}


def missing(channel: str, account: Account) -> str | None:
    """The option below `accounts.{name}` that is missing for a channel; None if nothing is missing."""
    return next(kind.missing(account) for kind in _KINDS if kind.id == channel)
