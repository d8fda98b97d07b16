"""The channel of customer-service messages (客服消息, WECHAT.md 8): a text, while the person's window is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels import wechat_answers
from codesvc.domain.channels import Channel

if TYPE_CHECKING:
    from codesvc.config import Account
    from codesvc.delivery.channels.means import Means
    from codesvc.delivery.channels.protocol import Attempt, Parcel
    from codesvc.wechat.client import WeChatClient


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
        return await wechat_answers.attempt(self.id, self._call(self._clients[parcel.account.name], parcel))

    async def _call(self, client: WeChatClient, parcel: Parcel) -> str:
        text = self._composer.chat("code", parcel.record)
        await client.send_text(openid=parcel.openid, content=text)
        return ""
