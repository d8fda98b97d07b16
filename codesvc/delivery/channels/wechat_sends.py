"""Sends by WeChat's kinds of messages and reports an attempt: for channels, notices and identity systems' messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.delivery.channels import wechat_answers
from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.domain.channels import Channel
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.wechat.client import WeChatClient


async def send_filled(
    client: WeChatClient,
    channel: Channel,
    *,
    openid: str,
    template_id: str,
    data: Mapping[str, str],
    client_msg_id: str,
    link: str | None = None,
) -> Attempt:
    """Send a template message or a subscription notice. Of the first, the attempt has the id that its receipt names."""
    msgid: int | str = ""
    try:
        if channel is Channel.SUBSCRIPTION:
            await client.send_subscription(
                openid=openid, template_id=template_id, data=data, page=link, client_msg_id=client_msg_id
            )
        else:
            msgid = await client.send_template(
                openid=openid, template_id=template_id, data=data, url=link, client_msg_id=client_msg_id
            )
    except WeChatFault as fault:
        return wechat_answers.failed(channel, fault)
    return Attempt(Ending.SENT, channel, msgid=str(msgid))


async def send_text(client: WeChatClient, *, openid: str, text: str) -> Attempt:
    """Send a customer-service message."""
    try:
        await client.send_text(openid=openid, content=text)
    except WeChatFault as fault:
        return wechat_answers.failed(Channel.CUSTOMER_SERVICE, fault)
    return Attempt(Ending.SENT, Channel.CUSTOMER_SERVICE)
