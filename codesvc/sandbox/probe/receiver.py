"""Receives the callbacks of the account and the browser's return during a walk, and nothing else."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from aiohttp import web
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from codesvc.sandbox.cipher import check_signature, decrypt, encrypt, sign
from codesvc.sandbox.envelope import write_xml
from codesvc.sandbox.probe.target import Target

_MOST_BYTES = 2**20


@dataclass
class Heard:
    """One callback, opened; or a browser's return, whose `fields` are its query and whose `event` is empty.

    Attributes:
        elements: the names of the elements in their order.
        outside: the names of the elements beside `Encrypt`, which nothing signs.
        query: the names of the query's members.
        at: when it came, by the monotonic clock.
    """

    event: str
    fields: dict[str, str]
    at: float
    elements: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    content_type: str = ""


@dataclass
class Receiver:
    """The handlers of one walk.

    Attributes:
        reply: makes the text of the answer to a message, or None for none.
        refused: how many requests were not XML, not signed by the account, or not to be decrypted.
    """

    target: Target
    reply: Callable[[Heard], str | None] = lambda _heard: None
    refused: int = 0
    _heard: list[Heard] = field(default_factory=list)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self, stack: AsyncExitStack, host: str, port: int) -> int:
        """Serve every path until `stack` ends, as the path is chosen in WeChat's console; returns the port.

        Raises:
            OSError: nothing can listen there.
        """
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_get("/{path:.*}", self._get)
        app.router.add_post("/{path:.*}", self._post)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return int(runner.addresses[0][1])

    async def wait(self, wanted: Callable[[Heard], bool], seconds: float) -> Heard | None:
        """The next callback that is wanted, or None after the given seconds; others that come before are dropped."""
        deadline = time.monotonic() + seconds
        async with self._arrived:
            while True:
                while self._heard:
                    heard = self._heard.pop(0)
                    if wanted(heard):
                        return heard
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                try:
                    await asyncio.wait_for(self._arrived.wait(), left)
                except TimeoutError:
                    return None

    async def _note(self, heard: Heard) -> None:
        async with self._arrived:
            self._heard.append(heard)
            self._arrived.notify_all()

    async def _get(self, request: web.Request) -> web.Response:
        """The URL verification of the console (WECHAT.md 9.1), or the browser that comes back."""
        query = request.query
        if "echostr" in query:
            if not self._is_signed(request):
                self.refused += 1
                return web.Response(status=403)
            return web.Response(text=query["echostr"])
        if "code" in query or "state" in query:
            await self._note(Heard("", dict(query), time.monotonic()))
            return web.Response(text="codesvc probe: 可以关闭此页 · you may close this page")
        return web.Response(status=404)

    async def _post(self, request: web.Request) -> web.Response:
        try:
            outer = _parse(await request.text())
            root = self._open(request, outer)
        except ValueError:  # BadEnvelope is one
            self.refused += 1
            return web.Response(status=403)
        fields = {child.tag: child.text or "" for child in root}
        event = fields.get("Event") or fields.get("MsgType", "")
        heard = Heard(
            event,
            fields,
            time.monotonic(),
            [child.tag for child in root],
            [child.tag for child in outer if child.tag != "Encrypt"] if outer is not root else [],
            list(request.query),
            request.headers.get("Content-Type", ""),
        )
        text = self.reply(heard)
        await self._note(heard)
        return web.Response(text="success" if text is None else self._write(heard, text), content_type="text/xml")

    def _is_signed(self, request: web.Request, *more: str) -> bool:
        query = request.query
        given = query.get("msg_signature" if more else "signature", "")
        return check_signature(given, self.target.token, query.get("timestamp", ""), query.get("nonce", ""), *more)

    def _open(self, request: web.Request, outer: Element) -> Element:
        encrypted = outer.findtext("Encrypt")
        if encrypted is None:
            if not self._is_signed(request) or self.target.mode != "plaintext":
                raise ValueError("unsigned, or not encrypted as the mode demands")
            return outer
        if not self._is_signed(request, encrypted):
            raise ValueError("unsigned")
        return _parse(decrypt(self.target.aes_key, self.target.appid, encrypted))

    def _write(self, heard: Heard, text: str) -> str:
        stamp, nonce = str(int(time.time())), "1"
        fields = {
            "ToUserName": heard.fields.get("FromUserName", ""),
            "FromUserName": heard.fields.get("ToUserName", ""),
            "CreateTime": int(stamp),
            "MsgType": "text",
            "Content": text,
        }
        if self.target.mode == "plaintext":
            return write_xml(fields)
        encrypted = encrypt(self.target.aes_key, self.target.appid, write_xml(fields))
        signature = sign(self.target.token, stamp, nonce, encrypted)
        return write_xml({"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": int(stamp), "Nonce": nonce})


def _parse(text: str) -> Element:
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ValueError("not XML") from error
    return root
