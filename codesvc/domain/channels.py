"""The channels by which a code travels: one entry for each, with every fact about it that is not the sending itself.

Configuration, API, pages, statistics, doctor and courier read this table. The sending is in
`codesvc.delivery.channels`, one module for each channel that the courier sends by.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from codesvc.domain.account_kinds import AccountKind, Right
from codesvc.domain.quota import Api

WECHAT: Final = "wechat"


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of a channel.

    Attributes:
        zh: its name on operators' pages, in Chinese.
        en: its name in English.
        sends: whether the courier sends codes by it, so that it has a module in `codesvc.delivery.channels`. A reply
            is written by `codesvc.service.callback_events`, in the HTTP answer to WeChat's callback.
        listed: whether a purpose may list it under `channels`, to be tried without a scan.
        templated: whether it fills a template that the account keeps under `messages`.
        right: the right of the account that a send needs, None for none (`codesvc.domain.account_kinds`).
        quota: the daily quota of WeChat's that a send uses, None for none. A delivery charges one quota: that of
            template messages (`begin_deliveries.lua`).
        receipt: whether a receipt says later that the message arrived.
        repeatable: whether the receiver of our call recognises a repeated one, so that a call whose outcome is
            unknown may be made again.
        window: whether it is open only for a while after the person wrote to the account (WECHAT.md section 8).
        in_chat: whether the code stands in the chat where the person has just been, so that they have read it.
        platform: the platform that answers its calls. Each platform has circuits of its own
            (`codesvc.delivery.circuits`), so that its silence stops no channel of another one.
    """

    zh: str
    en: str
    sends: bool = True
    listed: bool = False
    templated: bool = False
    right: Right | None = None
    quota: Api | None = None
    receipt: bool = False
    repeatable: bool = False
    window: bool = False
    in_chat: bool = False
    platform: str = WECHAT


class Channel(StrEnum):
    """By what a code travels, as `delivery.channel` says it in the API."""

    TEMPLATE = "template"
    SUBSCRIPTION = "subscription"
    CUSTOMER_SERVICE = "customer_service"
    REPLY = "reply"
    GATEWAY = "gateway"
    """The site's own SMS or e-mail gateway: the last resort (docs/en/relay.md)."""
    SCAN = "scan"
    """A delivery that waits for a scan."""
    AUTO = "auto"
    """What a delivery reads that is not disclosed."""

    @property
    def traits(self) -> Traits:
        """What is true of it."""
        return _TRAITS[self]


_TRAITS: Final = {
    Channel.TEMPLATE: Traits(
        zh="模板消息",
        en="template message",
        listed=True,
        templated=True,
        right=Right.TEMPLATE,
        quota=Api.TEMPLATE,
        receipt=True,
        repeatable=True,
    ),
    Channel.SUBSCRIPTION: Traits(
        zh="订阅通知",
        en="subscription notice",
        listed=True,
        templated=True,
        right=Right.SUBSCRIPTION,
        repeatable=True,
    ),
    Channel.CUSTOMER_SERVICE: Traits(
        zh="客服消息",
        en="customer-service message",
        listed=True,
        right=Right.CUSTOMER_SERVICE,
        window=True,
        in_chat=True,
    ),
    Channel.REPLY: Traits(zh="聊天回复", en="reply in the chat", sends=False, in_chat=True),
    Channel.GATEWAY: Traits(zh="网站自己的短信或邮件通道", en="the site's gateway", sends=False),
    Channel.SCAN: Traits(zh="扫码", en="scan", sends=False),
    Channel.AUTO: Traits(zh="自动", en="by itself", sends=False),
}

LISTED: Final = tuple(channel.value for channel in Channel if channel.traits.listed)
"""What a purpose may list under `channels`."""
TEMPLATED: Final = tuple(channel.value for channel in Channel if channel.traits.templated)
"""What `messages` of an account may belong to."""
IN_CHAT: Final = frozenset(channel.value for channel in Channel if channel.traits.in_chat)
"""By these the code stands in the chat where the person has just been."""


def usable(kind: AccountKind, channels: Iterable[str]) -> tuple[str, ...]:
    """Those of the channels that an account of this kind has a right to."""
    return tuple(name for name in channels if kind.may(Channel(name).traits.right))
