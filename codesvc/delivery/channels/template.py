"""The channel of template messages (模板消息, WECHAT.md 6). WeChat's receipt says whether a message arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.delivery.channels import wechat_answers
from codesvc.domain.channels import Channel

if TYPE_CHECKING:
    from codesvc.config import Account
    from codesvc.delivery.channels.means import Means
    from codesvc.delivery.channels.protocol import Attempt, Parcel
    from codesvc.wechat.client import WeChatClient

CODE: Final = "code"
"""The name of the account's template message for codes."""


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
        return await wechat_answers.attempt(self.id, self._call(self._clients[parcel.account.name], parcel))

    async def _call(self, client: WeChatClient, parcel: Parcel) -> str:
        message = parcel.account.config.messages[CODE]
        msgid = await client.send_template(
            openid=parcel.openid,
            template_id=message.template_id,
            data=self._composer.fields(parcel.account.name, CODE, parcel.record),
            url=self._composer.link(parcel.record),
            client_msg_id=parcel.client_msg_id,
        )
        return str(msgid)
