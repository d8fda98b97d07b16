"""WeChat's callbacks in safe mode, as the platform sends them for a person's phone, and the text of their answers."""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench.service import AES_KEY, APPID, TOKEN, start_body, with_client
from codesvc.sandbox.cipher import decrypt, encrypt, sign
from codesvc.sandbox.envelope import write_xml

if TYPE_CHECKING:
    import aiohttp

    from bench.service import Running

_ACCOUNT = "gh_0123456789ab"
_numbers = itertools.count(1)


def scenes(here: Running, numbers: list[int]) -> list[str]:
    """The scenes of new verifications of unbound users, one for each number; their QR codes have been shown."""

    async def ask(http: aiohttp.ClientSession, place: int) -> str:
        body = start_body(numbers[place]) | {"user": f"stranger-{numbers[place]}"}
        async with http.post("/v1/verifications", json=body) as answer:
            identifier = (await answer.json())["id"]
        async with http.get(f"/v1/verifications/{identifier}/scan") as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.json())["url"].rpartition("/")[2]

    return with_client(here.base, len(numbers), ask)


def scan(openid: str, scene: str) -> tuple[str, str]:
    """Address and body of the callback of a scan by a follower (WECHAT.md 5.2)."""
    return _pushed(openid, {"MsgType": "event", "Event": "SCAN", "EventKey": scene, "Ticket": "t"})


def text(openid: str, content: str) -> tuple[str, str]:
    """Address and body of the callback of a chat message (WECHAT.md 4)."""
    return _pushed(openid, {"MsgType": "text", "Content": content, "MsgId": 10**17 + next(_numbers)})


def answer(body: str) -> str:
    """The XML inside an encrypted answer; "" if the answer says nothing."""
    sealed = re.search(r"<Encrypt>(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)", body)
    return decrypt(AES_KEY, APPID, sealed[1]) if sealed else ""


def _pushed(openid: str, members: dict[str, str | int]) -> tuple[str, str]:
    now, nonce = str(int(time.time())), "4711"
    sender = {"ToUserName": _ACCOUNT, "FromUserName": openid, "CreateTime": int(time.time())}
    encrypted = encrypt(AES_KEY, APPID, write_xml(sender | members))
    query = {
        "signature": sign(TOKEN, now, nonce),
        "timestamp": now,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": sign(TOKEN, now, nonce, encrypted),
    }
    return f"/wechat/main?{urlencode(query)}", write_xml({"ToUserName": _ACCOUNT, "Encrypt": encrypted})
