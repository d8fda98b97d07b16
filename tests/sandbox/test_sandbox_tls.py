"""The CONNECT proxy leads to WeChat's hosts and nowhere else."""

import asyncio
import ssl
from contextlib import AsyncExitStack

import aiohttp
import pytest

from codesvc.sandbox import Platform
from codesvc.sandbox.server import start_server
from codesvc.sandbox.tunnel import start_tls


@pytest.fixture
async def proxy(tmp_path):
    async with AsyncExitStack() as stack:
        runner, _ = await start_server(Platform())
        stack.push_async_callback(runner.cleanup)
        lines = await start_tls(runner, stack, host="127.0.0.1", tls_port=0, proxy_port=0, directory=tmp_path)
        yield next(w for line in lines for w in line.split() if w.startswith("http://")), tmp_path / "ca.pem"


@pytest.mark.parametrize(
    "host", ["api.weixin.qq.com", "mp.weixin.qq.com", "open.weixin.qq.com", "hk.api.weixin.qq.com"]
)
async def test_hosts(proxy, host):
    address, authority = proxy
    context = ssl.create_default_context(cafile=str(authority))
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://{host}/cgi-bin/token", proxy=address, ssl=context) as response,
    ):
        assert (await response.json(content_type=None))["errcode"] == 40002


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT api.weixin.qq.com:22 HTTP/1.1\r\n\r\n", b"403"),
        (b"GET http://example.com/ HTTP/1.1\r\n\r\n", b"403"),
        (b"GET https://api.weixin.qq.com@example.com/ HTTP/1.1\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\n\r\n", b"403"),
        (b"\xff\xfe \x00\r\n\r\n", b"403"),
        (b"CONNECT\r\n\r\n", b"403"),
    ],
)
async def test_refusals(proxy, head, status):
    host, _, port = proxy[0].removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head)
    async with asyncio.timeout(60):
        assert (await reader.readline()).split()[1] == status
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(("scheme", "errcode"), [("https", b'"errcode":40002'), ("http", b'"errcode":43003')])
async def test_absolute_targets_as_axios_sends_them(proxy, scheme, errcode):
    host, _, port = proxy[0].removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    line = f"GET {scheme}://api.weixin.qq.com/cgi-bin/token?appid=x HTTP/1.1\r\nHost: api.weixin.qq.com\r\n"
    writer.write(f"{line}Connection: close\r\n\r\n".encode())
    async with asyncio.timeout(60):
        assert errcode in await reader.read()
    writer.close()
    await writer.wait_closed()
