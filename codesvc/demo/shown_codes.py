"""Lets the sandbox's phone know which QR code a page of the demo's service shows, and whose page it is.

The service keeps QR codes in stock, and its pages draw them: WeChat, and so the sandbox, sees no difference between a
code on a page and one in stock. The demo has both in one process and watches the service's pictures.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec
from aiohttp import web

from codesvc.config import LocalText
from codesvc.domain.base_encodings import from_base64url
from codesvc.runtime.tasks import end
from codesvc.web.pictures import DRAWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.sandbox import Platform
    from codesvc.sandbox.qrcode import QrCode

_PICTURE: Final = re.compile(r"(/p/(?:i\.)?([^/.]+)[^/]*)/qr\.(?:svg|png)")
_NAMES: Final = {"bi": LocalText("绑定", "Link"), "lg": LocalText("登录", "Log in")}
_SPOKEN: Final = ("zh", "en")
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


class ShownCodes:
    """Watches the pictures that a service draws, of all its sites."""

    def __init__(self, platform: Platform, *, service_url: str) -> None:
        self._platform = platform
        self._url = service_url
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
        code = self._platform.codes.by_text(response[DRAWN]) if found and DRAWN in response else None
        if found and code is not None:
            task = asyncio.create_task(self._show(code, found[1], _kind(found[2])), name=f"show {code.spec.scene}")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _show(self, code: QrCode, page: str, kind: str) -> None:
        """Say whose page it is, with the words that stand on it in each language."""
        try:
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
                titles = [_title(await _read(http, f"{self._url}{page}/state", name), kind, name) for name in _SPOKEN]
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError, KeyError):
            return  # the code stays unmarked; the phone can still read it from the page
        code.show(titles[0], titles[1], self._platform.clock.now())
        self._platform.event_bus.publish("qrcode", url=code.url, shown=code.shown)


def _title(state: dict[str, Any], kind: str, locale: str) -> str:
    """Site or app, what it is for, and the reference.

    Raises:
        KeyError: the state is that of no page.
    """
    name = _NAMES.get(kind)
    return f"{state['site']} · {getattr(name, locale) if name else state['purpose']} · {state['reference']}"


async def _read(http: aiohttp.ClientSession, url: str, language: str) -> dict[str, Any]:
    async with http.get(url, headers={"Accept-Language": language}) as response:
        return msgspec.json.decode(await response.read(), type=dict[str, Any]) if response.ok else {}


def _kind(body: str) -> str:
    """The first two letters of the id in a page token, whose first part is JSON in base64url: site, id and more."""
    try:
        _, identifier, *_ = msgspec.json.decode(from_base64url(body), type=tuple[str, ...])
    except (ValueError, msgspec.DecodeError):
        return ""
    return identifier[:2]
