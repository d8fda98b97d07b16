"""Pushes of WeChat made by hand: well, badly, late, twice."""

import secrets
import time
from itertools import count

from codesvc.sandbox.cipher import encrypt, sign
from codesvc.sandbox.envelope import write_xml

NUMBERS = count(7_000_000_000)


def push_of(account, openid, *, text=None, event=None, key="", **more):
    """The elements of a chat message or an event."""
    head = {"ToUserName": account.original_id, "FromUserName": openid, "CreateTime": int(time.time())}
    if event is not None:
        return head | {"MsgType": "event", "Event": event, "EventKey": key} | more
    return head | {"MsgType": "text", "Content": text, "MsgId": next(NUMBERS)} | more


def sealed(account, fields, *, mode="safe", at=None, token=None, outside=None, inner=None):
    """Query and body, as WeChat would send them now; every part can be made wrong."""
    timestamp = str(int(time.time()) if at is None else at)
    # Each push of WeChat has a nonce of its own. Letters keep it from reading as a time.
    nonce = f"n{secrets.randbelow(10**9)}"
    token = token or account.token
    query = {"signature": sign(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    plain = inner if inner is not None else write_xml(fields)
    if mode == "plaintext":
        return query, plain
    encrypted = encrypt(account.aes_key, account.appid, plain)
    query |= {"encrypt_type": "aes", "msg_signature": sign(token, timestamp, nonce, encrypted)}
    return query, write_xml({**(outside or {"ToUserName": account.original_id}), "Encrypt": encrypted})


async def post(world, fields, **how):
    query, body = sealed(world.platform.default_account, fields, **how)
    return await send(world, query, body)


async def send(world, query, body):
    from urllib.parse import urlencode

    data = body if isinstance(body, bytes) else body.encode()
    return await world.call("POST", f"/wechat/main?{urlencode(query)}", data=data, key=None)
