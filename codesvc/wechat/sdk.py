"""wechatpy's API classes on our own transport. Only this module imports wechatpy.

wechatpy 1.8.18 knows the paths and bodies of WeChat's calls. Its own transport is not used: it blocks on requests,
fetches tokens inside a property, and repeats calls with a rejected token without limit. All its API classes call
`client._request` and return the result unchanged. Here `_request` is a coroutine, so `await sdk.menu.create(…)` works.

wechatpy loads requests, urllib3 and others, 8 MB. The calls of a serving process do not need it
(`codesvc.wechat.client`). The client imports this module when another call is first used.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import wechatpy

from codesvc.wechat.errors import Garbled

_ORIGIN = "https://api.weixin.qq.com"


class Call(Protocol):
    """A function that makes one call."""

    def __call__(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Awaitable[dict[str, Any]]:
        """Make the call; `path` begins with a slash."""


class Sdk(wechatpy.WeChatClient):  # type: ignore[misc]  # wechatpy ships no types
    """wechatpy's `message`, `template`, `qrcode`, `user`, `menu` …, to be awaited.

    Not supported: calls to another host, file uploads, and reading `access_token`.
    """

    def __init__(self, appid: str, call: Call) -> None:
        """Do not create wechatpy's own session, token storage and secret, so that nothing can use them."""
        self.appid = appid
        self._call = call

    @property
    def access_token(self) -> str:
        """Always raises, because tokens are fetched asynchronously. wechatpy's constructor accepts that."""
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
