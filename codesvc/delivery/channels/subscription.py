"""The channel of subscription notices (订阅通知, WECHAT.md 7): each consent of the person allows one notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels.wechat_sends import send_filled
from codesvc.domain.channels import Channel
from codesvc.messages.message_fields import CODE, CODE_NOTICE

if TYPE_CHECKING:
    from codesvc.config import Account
    from codesvc.delivery.channels.means import Means
    from codesvc.delivery.channels.protocol import Attempt, Parcel


class Subscription:
    """Sends subscription notices."""

    id: Final = Channel.SUBSCRIPTION

    def __init__(self, means: Means) -> None:
        self._clients, self._composer = means.clients, means.composer

    @staticmethod
    def missing(account: Account) -> str | None:
        """The notice's template."""
        return None if {CODE, CODE_NOTICE} & account.messages.keys() else f"messages.{CODE_NOTICE}"

    async def send(self, parcel: Parcel) -> Attempt:
        """Fill the notice and send it."""
        account, messages = parcel.account, parcel.account.config.messages
        name = CODE_NOTICE if CODE_NOTICE in messages else CODE
        return await send_filled(
            self._clients[account.name],
            self.id,
            openid=parcel.openid,
            template_id=messages[name].template_id,
            data=self._composer.fields(account.name, name, parcel.record),
            link=self._composer.link(parcel.record),
            client_msg_id=parcel.client_msg_id,
        )
