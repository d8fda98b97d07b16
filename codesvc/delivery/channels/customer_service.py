"""The channel of customer-service messages (客服消息, WECHAT.md 8): a text, while the person's window is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels import wechat_answers
from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.domain.channels import Channel
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from codesvc.config import Account
    from codesvc.delivery.channels.means import Means
    from codesvc.delivery.channels.protocol import Parcel


class CustomerService:
    """Sends customer-service messages."""

    id: Final = Channel.CUSTOMER_SERVICE

    def __init__(self, means: Means) -> None:
        self._clients, self._composer = means.clients, means.composer

    @staticmethod
    def missing(_: Account) -> None:
        """Nothing: the text comes from the service's own templates."""

    async def send(self, parcel: Parcel) -> Attempt:
        """Write the text and send it."""
        try:
            text = self._composer.chat("code", parcel.record)
            await self._clients[parcel.account.name].send_text(openid=parcel.openid, content=text)
        except (LookupError, WeChatFault) as fault:
            return wechat_answers.failed(self.id, fault)
        return Attempt(Ending.SENT, self.id)
