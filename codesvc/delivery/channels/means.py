"""The objects that channels are made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from codesvc.domain.outbound_proxy import OutboundProxy
    from codesvc.messages.composer import Composer
    from codesvc.wechat.client import WeChatClient


class Means(msgspec.Struct, frozen=True):
    """Each channel takes what it needs.

    Attributes:
        http: for channels that call another platform than WeChat.
        proxy: through which such calls leave (`codesvc.domain.outbound_proxy.leaving`), None for none.
    """

    composer: Composer
    clients: Mapping[str, WeChatClient]
    http: aiohttp.ClientSession
    proxy: OutboundProxy | None = None
