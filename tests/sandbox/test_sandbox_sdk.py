"""What others wrote, unmodified: wechatpy's synchronous client, and three families of Node SDKs."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from codesvc.sandbox import Platform
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.sandbox.server import start_server
from codesvc.sandbox.tunnel import start_tls
from tests.node_tools import installed
from tests.sandbox.conftest import SETTINGS, WeChat

HERE = Path(__file__).parent


class Server:
    """Stands in for aiohttp's test client: the same verbs at a fixed address."""

    def __init__(self, session, url):
        self._session, self._url = session, url

    def make_url(self, path):
        return self._url + path

    def request(self, method, path, **options):
        return self._session.request(method, self._url + path, **options)


@pytest.fixture
async def guarded(tmp_path):
    """A sandbox with TLS and proxy; yields it, the proxy's address and the authority's file."""
    platform = Platform(DEFAULT_ACCOUNT, settings=SETTINGS)
    async with AsyncExitStack() as stack:
        runner, url = await start_server(platform)
        stack.push_async_callback(runner.cleanup)
        lines = await start_tls(runner, stack, host="127.0.0.1", tls_port=0, proxy_port=0, directory=tmp_path / "tls")
        proxy = next(word for line in lines for word in line.split() if word.startswith("http://"))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield WeChat(Server(session, url), platform), proxy, tmp_path / "tls" / "ca.pem"


async def start(*words, **environment):
    clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return await asyncio.create_subprocess_exec(
        *words,
        env=clean | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=2**20,
    )


async def read_line(process):
    async with asyncio.timeout(60):
        line = await process.stdout.readline()
    if not line:
        raise AssertionError((await process.stderr.read()).decode())
    return json.loads(line)


async def finish(process):
    process.stdin.close()
    try:
        async with asyncio.timeout(10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    process._transport.close()


def keys(wechat, openid, **more):
    templates = wechat.spec.templates
    ids = {"template_id": templates[0].template_id, "notice_id": templates[3].template_id}
    return json.dumps({"appid": wechat.spec.appid, "secret": wechat.spec.secret, "openid": openid, **ids, **more})


async def test_wechatpy_synchronous_client(guarded):
    wechat, proxy, authority = guarded
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"old_library": True})
    openid = await wechat.user()
    notice = wechat.spec.templates[3].template_id
    await wechat.act(openid, "notice", template_id=notice)
    await wechat.act(openid, "send", text="x")
    await wechat.advance(60)
    given = keys(wechat, openid, redirect_uri="http://127.0.0.1:9/back")
    trust = {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": str(authority)}
    process = await start(sys.executable, "-W", "ignore", str(HERE / "drive_wechatpy.py"), given, **trust)
    try:
        assert (await read_line(process))["step"] == "custom"
        await wechat.act(openid, "send", text="x")
        process.stdin.write(b"\n")
        asked = await read_line(process)
        view = await wechat.act(openid, "open", url=asked["url"])
        process.stdin.write(parse_qs(urlsplit(view["url"]).query)["code"][0].encode() + b"\n")
        results = (await read_line(process))["results"]
    finally:
        await finish(process)
    assert results["ips"]
    assert results["user"]["subscribe"] == 1
    assert [user["openid"] for user in results["batch"]] == results["followers"] == [openid]
    assert results["picture"] == [200, "image/jpg", "ffd8ff"]
    assert results["qrcode"]["url"].startswith("http://weixin.qq.com/q/02")
    assert results["template"]["msgid"] > 2**53
    assert results["template_error"] == 40037
    assert results["mini_program_kind"] == 40008
    assert results["out_of_count"] == 45047
    assert [answer["errcode"] for answer in results["custom"]] == [0] * 10
    assert (results["once_refused"], results["notice"]["errcode"], results["notice_again"]) == (43101, 0, 43101)
    assert len(results["templates"]["template_list"]) == 3
    assert results["retried"]
    assert results["new_token"]
    assert results["oauth"]["openid"] == results["oauth_user"]["openid"] == openid
    assert results["oauth_valid"] is True
    kinds = [message["type"] for message in await wechat.messages(openid)]
    assert kinds[:2] == ["template", "text"]
    assert "miniprogrampage" in kinds


@pytest.fixture(scope="session")
def node_modules(request, tmp_path_factory):
    """The pinned SDKs, installed once into pytest's cache."""
    return str(installed(request, tmp_path_factory, HERE / "node" / "package.json"))


async def test_co_wechat_api(guarded, node_modules):
    wechat, proxy, authority = guarded
    openid = await wechat.user()
    given = keys(wechat, openid, modules=node_modules, proxy=proxy)
    process = await start(
        "node", str(HERE / "node" / "drive_co_wechat_api.cjs"), given, NODE_EXTRA_CA_CERTS=str(authority)
    )
    try:
        results = await read_line(process)
    finally:
        await finish(process)
    assert results["user"]["openid"] == openid
    assert results["followers"]["data"]["openid"] == [openid]
    assert results["batch"]["user_info_list"][0]["subscribe"] == 1
    assert results["qrcode"]["expire_seconds"] == 300
    assert "expire_seconds" not in results["permanent"]
    assert len(results["msgid"]) == 19
    assert results["bad_field"] == 47003
    assert results["retried"] == 1
    assert [message["type"] for message in await wechat.messages(openid)] == ["template", "text", "image"]
    assert (await wechat.messages(openid))[0]["msgid"] == int(results["msgid"])


async def test_node_easywechat_as_client_and_as_callback(guarded, node_modules, tmp_path):
    wechat, _, _ = guarded
    openid = await wechat.user()
    more = {"token": wechat.spec.token, "aes_key": wechat.spec.aes_key, "url": wechat.url, "modules": node_modules}
    more["cache"] = str(tmp_path)
    process = await start("node", str(HERE / "node" / "serve_easywechat.cjs"), keys(wechat, openid, **more))
    try:
        ready = await read_line(process)
        assert ready["user"]["openid"] == openid
        await wechat.settings(callback_timeout=5.0)
        await wechat.callback_at(f"http://127.0.0.1:{ready['port']}/")
        verified = await wechat.control("POST", f"/accounts/{wechat.spec.appid}/verify-callback")
        assert verified["ok"], await wechat.control("GET", "/callbacks")
        said = await wechat.act(openid, "scan", url=ready["qrcode"]["url"])
        assert said["callback"]["encrypted"], said
        assert [message["content"] for message in said["messages"]] == ["验证码 vc_easy"]
        said = await wechat.act(openid, "send", text="你好")
        assert [message["content"] for message in said["messages"]] == ["收到 你好"]
        assert (await wechat.send_template(openid))["errcode"] == 0
        await wechat.settle()
        receipt = (await wechat.control("GET", "/callbacks?path=TEMPLATESENDJOBFINISH"))["callbacks"]
        assert [(entry["status"], entry["response"]) for entry in receipt] == [(200, "success")]
    finally:
        await finish(process)


async def test_wechat_wechat_api_and_wechat_oauth(guarded, node_modules):
    wechat, proxy, authority = guarded
    openid = await wechat.user()
    more = {"token": wechat.spec.token, "aes_key": wechat.spec.aes_key, "proxy": proxy, "modules": node_modules}
    given = keys(wechat, openid, **more)
    words = ("node", "--no-deprecation", str(HERE / "node" / "serve_wechat.cjs"), given)
    process = await start(*words, NODE_EXTRA_CA_CERTS=str(authority))
    try:
        ready = await read_line(process)
        assert ready["user"]["openid"] == openid
        assert ready["menu"]["errcode"] == ready["sent"]["errcode"] == 0
        await wechat.callback_at(f"http://127.0.0.1:{ready['port']}/")
        assert (await wechat.control("POST", f"/accounts/{wechat.spec.appid}/verify-callback"))["ok"]
        said = await wechat.act(openid, "scan", url=ready["qrcode"]["url"])
        assert said["callback"]["encrypted"], said
        assert [message["content"] for message in said["messages"]] == ["验证码 vc_node"]
        said = await wechat.act(openid, "send", text="<你好>")
        assert [message["content"] for message in said["messages"]] == ["收到 <你好>"]
        said = await wechat.act(openid, "send", type="image", fields={"PicUrl": "https://e/p.jpg", "MediaId": "m"})
        assert [article["title"] for article in said["messages"][0]["articles"]] == ["t1"]
        view = await wechat.act(openid, "open", url=ready["link"])
        process.stdin.write(parse_qs(urlsplit(view["url"]).query)["code"][0].encode())
        known = await read_line(process)
        assert known["session"]["openid"] == known["user"]["openid"] == openid
        assert known["again"] == {"error": 40163}
    finally:
        await finish(process)
