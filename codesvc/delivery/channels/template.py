"""The channel of template messages (模板消息, WECHAT.md 6). WeChat's receipt says whether a message arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels.wechat_sends import send_filled
from codesvc.domain.channels import Channel
from codesvc.messages.message_fields import CODE

if TYPE_CHECKING:
    from codesvc.config import Account
    from codesvc.delivery.channels.means import Means
    from codesvc.delivery.channels.protocol import Attempt, Parcel


class Template:
    """Sends template messages."""

    id: Final = Channel.TEMPLATE

    def __init__(self, means: Means) -> None:
        self._clients, self._composer = means.clients, means.composer

    @staticmethod
    def missing(account: Account) -> str | None:
        """The message's template."""
        return None if CODE in account.messages else f"messages.{CODE}"

    async def send(self, parcel: Parcel) -> Attempt:
        """Fill the template and send it."""
        account = parcel.account
        return await send_filled(
            self._clients[account.name],
            self.id,
            openid=parcel.openid,
            template_id=account.config.messages[CODE].template_id,
            data=self._composer.fields(account.name, CODE, parcel.record),
            link=self._composer.link(parcel.record),
            client_msg_id=parcel.client_msg_id,
        )
