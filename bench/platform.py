"""The least WeChat there can be: `python -m bench.platform PORT`. It takes every message at once and keeps nothing."""

from __future__ import annotations

import asyncio
import sys
from itertools import count

import uvloop
from aiohttp import web

_numbers = count(1)


async def token(_: web.Request) -> web.Response:
    return web.Response(body=b'{"access_token":"stub","expires_in":7200}', content_type="application/json")


async def send(request: web.Request) -> web.Response:
    await request.read()
    body = b'{"errcode":0,"errmsg":"ok","msgid":%d}' % next(_numbers)
    return web.Response(body=body, content_type="application/json")


async def qrcode(request: web.Request) -> web.Response:
    """A code whose address ends with its scene, so that the one who sees the picture can scan it."""
    scene = (await request.json())["action_info"]["scene"]["scene_str"].encode()
    body = b'{"ticket":"t%d","expire_seconds":2592000,"url":"http://weixin.qq.com/q/%s"}' % (next(_numbers), scene)
    return web.Response(body=body, content_type="application/json")


async def anything(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=b'{"errcode":0,"errmsg":"ok"}', content_type="application/json")


async def main(port: int) -> None:
    app = web.Application()
    app.router.add_post("/cgi-bin/stable_token", token)
    app.router.add_post("/cgi-bin/message/template/send", send)
    app.router.add_post("/cgi-bin/qrcode/create", qrcode)
    app.router.add_route("*", "/{rest:.*}", anything)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
