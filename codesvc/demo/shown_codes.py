"""Lets the sandbox's phone know which QR code a page of the demo's service shows, and whose page it is.

The service keeps QR codes in stock, and its pages draw them: WeChat, and so the sandbox, sees no difference between a
code on a page and one in stock. The demo has both in one process and watches the service's pictures.
"""

from __future__ import annotations

import asyncio
import base64
import re
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec
from aiohttp import web

from codesvc.config import LocalText
from codesvc.runtime.tasks import end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.config import Site
    from codesvc.sandbox import Platform

_PICTURE: Final = re.compile(r"/p/([^/.]+)[^/]*/qr\.(?:svg|png)")
_CALLS: Final = {"vf": "verifications", "bi": "bind-intents", "lg": "logins"}
_NAMES: Final = {"bi": LocalText("绑定", "Link"), "lg": LocalText("登录", "Log in")}
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


class ShownCodes:
    """Watches the pictures that a service draws.

    Args:
        platform: the sandbox.
        service_url: the service's address.
        api_key: a key of the site whose pages are watched.
        site: the site.
    """

    def __init__(self, platform: Platform, *, service_url: str, api_key: str, site: Site) -> None:
        self._platform = platform
        self._url = service_url
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._site = site
        self._asking: set[asyncio.Task[None]] = set()

    def watch(self, service: web.Application) -> None:
        """Watch a service that has not started yet."""
        service.on_response_prepare.append(self._notice)
        service.cleanup_ctx.append(self._until_the_end)

    async def _until_the_end(self, _service: web.Application) -> AsyncIterator[None]:
        yield
        await end(self._asking)

    async def _notice(self, request: web.Request, response: web.StreamResponse) -> None:
        found = _PICTURE.fullmatch(request.path)
        identifier = _identifier(found[1]) if found and response.status == web.HTTPOk.status_code else ""
        if identifier:
            task = asyncio.create_task(self._show(identifier), name=f"show {identifier}")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _show(self, identifier: str) -> None:
        kind = identifier[:2]
        path = f"{self._url}/v1/{_CALLS[kind]}/{identifier}"
        try:
            async with aiohttp.ClientSession(headers=self._headers, timeout=_TIMEOUT) as http:
                state, scan = await _read(http, path), await _read(http, f"{path}/scan")
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError):
            return  # the code stays unmarked; the phone can still read it from the page
        code = self._platform.codes.by_text(str(scan.get("url", "")))
        if code is not None:
            what = _NAMES.get(kind) or self._site.purposes[state["purpose"]].name
            reference = state.get("reference", "")
            code.shown = f"{self._site.name.zh} · {what.zh} · {reference}"
            code.shown_en = f"{self._site.name.en} · {what.en} · {reference}"
            self._platform.event_bus.publish("qrcode", url=code.url, shown=code.shown)


async def _read(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with http.get(url) as response:
        return msgspec.json.decode(await response.read(), type=dict[str, Any]) if response.ok else {}


def _identifier(body: str) -> str:
    """The id in a page token, whose first part is JSON in base64url: site and id. "" for any other text."""
    try:
        _, identifier = msgspec.json.decode(
            base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=tuple[str, str]
        )
    except (ValueError, msgspec.DecodeError):
        return ""
    return identifier if identifier[:2] in _CALLS else ""
