"""Calls to WeChat through an outbound proxy: what the proxy sees, and how its faults are told from WeChat's."""

import ssl
from contextlib import AsyncExitStack

import aiohttp
import pytest
import trustme
import uvloop
from aiohttp import web

from codesvc.domain.outbound_proxy import OutboundProxy, ProxyProblem
from codesvc.domain.secret import Secret
from codesvc.runtime.sending_trace import sending_trace
from codesvc.sandbox import Platform
from codesvc.sandbox.server import start_server
from codesvc.sandbox.tunnel import start_tls
from codesvc.wechat.call_labels import result_of
from codesvc.wechat.errors import (
    NotSent,
    NotTrusted,
    OutcomeUnknown,
    ProxyAnswered,
    ProxyFailed,
    WeChatError,
    WeChatTimeout,
)
from codesvc.wechat.http import HttpExchange
from codesvc.wechat.issuer import issuer_for
from tests.http_servers import shut_down
from tests.proxies import USER, proxying
from tests.raw_server import raw_server

TOKEN = "57_" + "tokenTOKEN" * 8


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def server_tls(authority, *names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
async def wechat(authority):
    """A server that is reached by https as api.weixin.qq.com, and what it was asked."""
    asked = []

    async def answer(request):
        asked.append(request)
        return web.json_response({"errcode": 0, "path": request.path})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls(authority, "api.weixin.qq.com")).start()
    yield runner.addresses[0][:2], asked
    await shut_down(runner)


@pytest.fixture
async def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context), trace_configs=[sending_trace()]
    ) as session:
        yield session


def exchange(http, proxy, seconds=3.0):
    return HttpExchange(
        http, timeout=seconds, proxy=OutboundProxy.parse(proxy if isinstance(proxy, str) else proxy.url)
    )


async def ask(http, proxy, url="https://api.weixin.qq.com/cgi-bin/x", **more):
    return await exchange(http, proxy, **more).exchange("POST", url, params={"access_token": TOKEN}, body={"a": 1})


def led(to):
    return {"api.weixin.qq.com:443": to}


@pytest.mark.parametrize("by_https", [False, True], ids=["http proxy", "https proxy"])
async def test_a_tunnel_carries_the_call_and_the_login_stays_with_the_proxy(wechat, trusting, authority, by_https):
    to, asked = wechat
    tls = server_tls(authority, "localhost") if by_https else None
    async with proxying(login=True, leads=led(to), tls=tls) as proxy:
        assert (await ask(trusting, proxy))["path"] == "/cgi-bin/x"
        assert proxy.asked == [("CONNECT", "api.weixin.qq.com:443")]
        assert TOKEN not in str(proxy.headers)
        assert "Proxy-Authorization" not in asked[0].headers
        assert asked[0].headers["Host"] == "api.weixin.qq.com"


def test_an_https_proxy_works_with_the_loop_of_production(authority):
    """uvloop has TLS of its own, and here it is TLS inside TLS."""

    async def story():
        async with AsyncExitStack() as stack:
            context = ssl.create_default_context()
            authority.configure_trust(context)
            app = web.Application()
            app.router.add_post("/cgi-bin/x", _one)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls(authority, "api.weixin.qq.com")).start()
            proxy = await stack.enter_async_context(
                proxying(login=True, leads=led(runner.addresses[0][:2]), tls=server_tls(authority, "localhost"))
            )
            http = await stack.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), trace_configs=[sending_trace()])
            )
            return await ask(http, proxy)

    assert uvloop.run(story())["a"] == 1


async def _one(_):
    return web.json_response({"errcode": 0, "a": 1})


async def test_the_sandbox_by_its_own_names(tmp_path):
    async with AsyncExitStack() as stack:
        runner, _ = await start_server(Platform())
        stack.push_async_callback(runner.cleanup)
        lines = await start_tls(runner, stack, host="127.0.0.1", tls_port=0, proxy_port=0, directory=tmp_path)
        address = next(word for line in lines for word in line.split() if word.startswith("http://"))
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), trace_configs=[sending_trace()])
        )
        with pytest.raises(WeChatError, match="40001"):
            await exchange(http, address).exchange(
                "GET", "https://api.weixin.qq.com/cgi-bin/get_api_domain_ip", params={"access_token": TOKEN}
            )


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"login": True}, ProxyProblem.LOGIN),
        ({"refuses": 407}, ProxyProblem.LOGIN),
        ({"refuses": 403}, ProxyProblem.REFUSED),
        ({"refuses": 405}, ProxyProblem.REFUSED),
        ({"refuses": 502}, ProxyProblem.GATEWAY),
        ({"refuses": 503}, ProxyProblem.GATEWAY),
        ({"refuses": 504}, ProxyProblem.GATEWAY),
        ({"leads": led(("127.0.0.1", 1))}, ProxyProblem.GATEWAY),
        ({"hangs_up": True}, ProxyProblem.UNREACHABLE),
    ],
    ids=str,
)
async def test_what_the_proxy_says_is_not_wechats_fault(http, how, problem):
    async with proxying(**how) as proxy:
        url = f"http://{USER}:wr0ngpassword@localhost:{proxy.port}"
        with pytest.raises(ProxyFailed) as caught:
            await ask(http, url)
    fault = caught.value
    assert fault.problem is problem
    assert isinstance(fault, NotSent)
    assert result_of(fault) == problem.value
    assert str(fault) == problem.words
    shown = f"{fault!r} {fault.__context__} {fault.__cause__} {vars(fault)}"
    assert "wr0ngpassword" not in shown
    assert TOKEN not in shown


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:1", ProxyProblem.UNREACHABLE),
        ("https://127.0.0.1:1", ProxyProblem.UNREACHABLE),
        ("http://no-such-proxy.invalid:3128", ProxyProblem.DNS),
    ],
)
@pytest.mark.parametrize("target", ["https://api.weixin.qq.com/x", "http://api.weixin.qq.com/x"])
async def test_a_proxy_that_is_not_there(http, url, problem, target):
    with pytest.raises(ProxyFailed) as caught:
        await ask(http, url, target)
    assert caught.value.problem is problem


async def test_a_proxy_whose_certificate_is_not_good(http, authority):
    async with proxying(tls=server_tls(authority, "localhost")) as proxy:
        with pytest.raises(ProxyFailed) as caught:
            await ask(http, proxy)
    assert caught.value.problem is ProxyProblem.UNREACHABLE


async def test_a_certificate_of_the_other_side_is_the_other_sides(http, wechat):
    async with proxying(leads=led(wechat[0])) as proxy:
        with pytest.raises(NotTrusted):
            await ask(http, proxy)


async def test_a_proxy_that_never_answers(http):
    async def silent(reader, _):
        await reader.read()

    async with raw_server(silent) as port:
        with pytest.raises(ProxyFailed) as caught:
            await ask(http, f"http://127.0.0.1:{port}", seconds=0.3)
    assert caught.value.problem is ProxyProblem.UNREACHABLE


async def test_plain_http_goes_in_absolute_form(http, peer):
    peer.answers = [{"errcode": 0}]
    async with proxying(login=True) as proxy:
        await ask(http, proxy, f"{peer.url}/x")
        assert [method for method, _ in proxy.asked] == ["POST"]
        assert b"roxy-Authorization" not in proxy.passed_on[0]
    assert "Proxy-Authorization" not in peer.asked[0].headers


@pytest.mark.parametrize(("status", "problem"), [(407, ProxyProblem.LOGIN), (502, ProxyProblem.GATEWAY)])
async def test_plain_http_may_have_been_passed_on(http, peer, status, problem):
    async with proxying(refuses=status) as proxy:
        with pytest.raises(ProxyAnswered) as caught:
            await ask(http, proxy, f"{peer.url}/x")
    assert isinstance(caught.value, OutcomeUnknown)
    assert result_of(caught.value) == problem.value


async def test_a_slow_answer_behind_a_proxy_may_have_been_sent(http, peer):
    peer.answers = [peer.never]
    async with proxying() as proxy:
        with pytest.raises(WeChatTimeout):
            await ask(http, proxy, f"{peer.url}/x", seconds=0.5)
        peer.release.set()


async def test_the_operators_own_token_server_is_asked_directly(http, peer):
    peer.answers = [{"access_token": "a" * 136, "expires_in": 7200}]
    async with proxying() as proxy:
        made = OutboundProxy.parse(proxy.url)
        for source in (f"{peer.url}/token", "stable", "ordinary"):
            await issuer_for(source, appid="wx1", secret=Secret("s"), http=http, api_url=peer.url, proxy=made).issue()
        assert [target.rpartition("/")[2].partition("?")[0] for target in proxy.targets] == ["stable_token", "token"]


@pytest.mark.parametrize(
    "text",
    [
        "http://proxy.example", "http://proxy.example:3128", "https://10.0.0.7:8443/", "http://[2001:db8::1]:3128",
        "http://u:p%40s%2Fs@proxy.example:3128", "http://u@proxy.example", "http://Proxy.Example:3128",
    ],
)  # fmt: skip
def test_addresses_of_proxies(text):
    proxy = OutboundProxy.parse(text)
    assert "@" not in proxy.address
    assert proxy.port
    assert "p@s" not in repr(proxy) + proxy.shown


@pytest.mark.parametrize(
    "text",
    [
        "", "proxy.example:3128", "socks5://proxy.example:1080", "http://", "http://:3128", "http://proxy:0",
        "http://proxy:99999", "http://proxy/path", "http://proxy?x", "http://u:p#ss@proxy:3128", "http://u:p/ss@proxy:1",
        "http://pro xy", "http://代理:3128", "http://u%3Av:p@proxy", "http://[::1", "http://a\nb",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_proxy(text):
    with pytest.raises(ValueError, match=r".") as caught:
        OutboundProxy.parse(text)
    assert "p#ss" not in str(caught.value)
