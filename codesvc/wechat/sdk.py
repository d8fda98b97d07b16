"""wechatpy's API surface on our own transport: the one module that imports wechatpy.

wechatpy 1.8.18 knows the paths and bodies of WeChat's calls. What it does around them is left aside: it blocks on
requests, fetches tokens inside a property, and repeats on a refused token without end. Its API classes all end in
`client._request`, and hand its result on untouched; so where that is a coroutine, `await sdk.menu.create(…)`
works.

It brings requests, urllib3 and their like, 8 MB: what a serving process asks WeChat all day goes without
(`codesvc.wechat.client`), which imports this module when something else is asked for first.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import wechatpy

from codesvc.wechat.errors import Garbled

_ORIGIN = "https://api.weixin.qq.com"


class Call(Protocol):
    """Makes one call."""

    def __call__(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Awaitable[dict[str, Any]]:
        """Make it; `path` begins with a slash."""


class Sdk(wechatpy.WeChatClient):  # type: ignore[misc]  # wechatpy ships no types
    """`message`, `template`, `qrcode`, `user`, `menu` … of wechatpy, to be awaited.

    Not usable: whatever asks another host, uploads files, or reads `access_token` in passing.
    """

    def __init__(self, appid: str, call: Call) -> None:
        """Leave wechatpy's own session, token storage and secret unmade, so that nothing can use them."""
        self.appid = appid
        self._call = call

    @property
    def access_token(self) -> str:
        """Nothing: a token is had by awaiting. wechatpy's constructor looks, and takes this error for absence."""
        raise AttributeError("tokens come from a TokenSource")

    async def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        if "files" in kwargs:
            raise NotImplementedError("uploads are not among the calls this service makes")
        path = _path(url_or_endpoint, kwargs.get("api_base_url", f"{_ORIGIN}/cgi-bin/"))
        answer = await self._call(method.upper(), path, params=kwargs.get("params"), body=kwargs.get("data"))
        pick = kwargs.get("result_processor")
        if pick is None:
            return answer
        try:
            picked = pick(answer)
        except (KeyError, IndexError, TypeError):
            picked = None
        if picked is None:
            raise Garbled("WeChat's answer lacks what was asked for")
        return picked


def _path(endpoint: str, base: str) -> str:
    url = endpoint if "://" in endpoint else base + endpoint
    if not url.startswith(f"{_ORIGIN}/"):
        raise NotImplementedError("only calls to WeChat's API host are made")
    return urlsplit(url).path
