"""The channel of customer-service messages (客服消息, WECHAT.md 8): a text, while the person's window is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels.wechat_sends import send_text
from codesvc.domain.channels import Channel

if TYPE_CHECKING:
    from codesvc.config import Account
    from codesvc.delivery.channels.means import Means
    from codesvc.delivery.channels.protocol import Attempt, Parcel


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
        text = self._composer.chat("code", parcel.record)
        return await send_text(self._clients[parcel.account.name], openid=parcel.openid, text=text)
