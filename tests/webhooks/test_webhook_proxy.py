"""Webhooks through an outbound proxy: the rule of public addresses holds for what the proxy is asked to reach."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager

import pytest
import trustme
from aiohttp import web

from codesvc.delivery.webhooks.sender import Sender
from codesvc.domain.outbound_proxy import OutboundProxy, ProxyProblem
from codesvc.domain.webhook import Result
from codesvc.runtime.public_sockets import AddressRule
from tests.http_servers import shut_down
from tests.proxies import proxying
from tests.webhooks.receiver import delivery, hook, receiving, send_test
from tests.webhooks.test_webhook_addresses import BODY, SEEMS_OWN, SEEMS_PUBLIC, Fickle, to
from tests.world import OPERATOR_KEY


@asynccontextmanager
async def sending(proxy, **more):
    url = proxy if isinstance(proxy, str) else proxy.url
    sender = Sender(timeout=3, proxy=OutboundProxy.parse(url), **more)
    async with sender.open():
        yield sender


async def test_a_receiver_that_may_be_private_is_asked_for_by_its_name():
    async with receiving() as receiver, proxying(login=True) as proxy, sending(proxy) as sender:
        url = receiver.url.replace("127.0.0.1", "localhost")
        assert (await sender.send(to(url, allow_private=True), "wh_1", BODY)).result is Result.DELIVERED
        assert proxy.targets == [url]
        assert "Proxy-Authorization" not in receiver.got[0].headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "0"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_proxy_is_never_asked_for_this_machine(host, scheme):
    async with receiving("0.0.0.0") as receiver, proxying() as proxy, sending(proxy) as sender:
        port = receiver.url.rpartition(":")[2]
        attempt = await sender.send(to(f"{scheme}://{host}:{port}"), "wh_1", BODY)
        assert attempt.result in {Result.PRIVATE_ADDRESS, Result.UNREACHABLE}
        assert proxy.asked == []
        assert receiver.got == []


async def test_the_proxy_is_asked_for_the_address_that_was_checked():
    """And not for the name, which could lead the proxy elsewhere a moment later."""
    async with receiving("0.0.0.0") as receiver, proxying() as proxy:
        url = receiver.url.replace("0.0.0.0", "rebinding.example")
        resolver = Fickle(["10.0.0.1", "127.0.0.2", "::1"], ["127.0.0.1"])
        async with sending(proxy, resolver=resolver, rule=SEEMS_PUBLIC) as sender:
            assert (await sender.send(to(url), "wh_1", BODY)).result is Result.DELIVERED
            assert (await sender.send(to(url), "wh_2", BODY)).result is Result.PRIVATE_ADDRESS
        assert proxy.targets == [url.replace("rebinding.example", "127.0.0.2")]
        assert [received.came_to for received in receiver.got] == ["127.0.0.2"]
        assert receiver.got[0].headers["Host"].startswith("rebinding.example:")


async def test_the_proxy_is_asked_for_an_address_of_this_machine_as_a_website_only():
    """The proxy may reach there what others do not, if it is on this machine or in its network."""
    async with receiving("0.0.0.0") as receiver, proxying() as proxy:
        port, own = receiver.url.rpartition(":")[2].partition("/")[0], ["127.0.0.3"]
        results = []
        for url in (f"http://own.example:{port}/hook", f"https://own.example:{port}/hook", "https://own.example/hook"):
            async with sending(proxy, resolver=Fickle(own), rule=SEEMS_OWN) as sender:
                results.append((await sender.send(to(url), "wh_1", BODY)).result)
        assert results[:2] == [Result.PRIVATE_ADDRESS] * 2
        assert proxy.asked == [("CONNECT", "127.0.0.3:443")]
        async with sending(proxy, resolver=Fickle([*own, "127.0.0.2"]), rule=SEEMS_OWN) as sender:
            assert (await sender.send(to(f"http://two.example:{port}/hook"), "wh_1", BODY)).result is Result.DELIVERED
        assert [received.came_to for received in receiver.got] == ["127.0.0.2"]


async def test_tls_still_proves_the_name(monkeypatch, tmp_path):
    """The tunnel leads to an address; the certificate is that of the name, also where two names share an address."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("good.example").configure_cert(context)
    seen = []

    async def take(request):
        seen.append((request.host, request.rel_url.raw_path_qs))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.2", 0, ssl_context=context).start()
    port = runner.addresses[0][1]
    # aiohttp makes its own context when it is imported.
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context())
    async with (
        proxying() as proxy,
        sending(proxy, resolver=Fickle(*[["127.0.0.2"]] * 3), rule=SEEMS_PUBLIC) as sender,
    ):
        good = await sender.send(to(f"https://good.example:{port}/hook?a=%2F"), "wh_1", BODY)
        other = await sender.send(to(f"https://other.example:{port}/hook"), "wh_2", BODY)
        assert (good.result, other.result) == (Result.DELIVERED, Result.BAD_CERTIFICATE)
        assert proxy.asked == [("CONNECT", f"127.0.0.2:{port}")] * 2
    assert seen == [(f"good.example:{port}", "/hook?a=%2F")]
    await shut_down(runner)


async def test_another_address_is_tried_where_the_proxy_does_not_reach_the_first():
    async with proxying(refuses=503, refused_targets=("127.0.0.2:443", "[2606:4700::1111]:443")) as proxy:
        proxy.leads["127.0.0.4:443"] = ("127.0.0.1", 1)
        resolver = Fickle(["2606:4700::1111", "127.0.0.2", "127.0.0.4"])
        async with sending(proxy, resolver=resolver, rule=AddressRule(lambda _: True, lambda _: False)) as sender:
            attempt = await sender.send(to("https://three.example/hook"), "wh_1", BODY)
        assert proxy.targets == ["127.0.0.2:443", "127.0.0.4:443", "[2606:4700::1111]:443"]
        assert (attempt.result, attempt.status, attempt.proxy_problem) == (
            Result.UNREACHABLE,
            None,
            ProxyProblem.GATEWAY,
        )


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"login": True}, ProxyProblem.LOGIN),
        ({"refuses": 403}, ProxyProblem.REFUSED),
        ({"refuses": 502}, ProxyProblem.GATEWAY),
    ],
    ids=str,
)
async def test_faults_of_the_proxy(how, problem):
    noted = []
    async with proxying(**how) as proxy, sending(f"http://localhost:{proxy.port}", note=noted.append) as sender:
        attempt = await sender.send(to("https://127.0.0.1:1/hook", allow_private=True), "wh_1", BODY)
    assert (attempt.result, attempt.status, attempt.proxy_problem) == (Result.UNREACHABLE, None, problem)
    assert noted == [problem]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("proxy", "problem"),
    [("http://127.0.0.1:1", ProxyProblem.UNREACHABLE), ("http://no-such-proxy.invalid", ProxyProblem.DNS)],
)
async def test_a_proxy_that_is_not_there(proxy, problem, scheme):
    async with sending(proxy) as sender:
        attempt = await sender.send(to(f"{scheme}://127.0.0.1:1/hook", allow_private=True), "wh_1", BODY)
    assert (attempt.result, attempt.proxy_problem) == (Result.UNREACHABLE, problem)


async def test_a_login_that_is_refused_without_a_tunnel():
    async with receiving() as receiver, proxying(login=True) as proxy, sending(f"http://localhost:{proxy.port}") as s:
        attempt = await s.send(to(receiver.url, allow_private=True), "wh_1", BODY)
    assert (attempt.result, attempt.status, attempt.proxy_problem) == (Result.UNREACHABLE, None, ProxyProblem.LOGIN)


async def test_a_site_and_the_operator_learn_of_it(new_world, receiver):
    async with proxying(login=True) as proxy:
        # A wrong login, which nobody may see.
        address = f"http://leaver:wr0ngpassword@localhost:{proxy.port}"
        async with new_world(service__webhook_proxy=address, sites__shop__webhook=hook(receiver)) as world:
            state = await delivery(world, await send_test(world), "pending", attempts=1)
            ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
            metrics = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
    assert state["attempts"][0]["result"] == "unreachable"
    [component] = [c for c in ready["components"] if c["component"] == "webhook_proxy"]
    assert component["state"] == "proxy_login"
    assert 'codesvc_webhook_proxy_failures_total{problem="proxy_login"}' in metrics
    assert "wr0ngpassword" not in ready.text + metrics + str(state)


async def test_webhooks_may_have_a_proxy_of_their_own_or_none(new_world, receiver):
    async with proxying() as one, proxying() as other:
        for settings, used in (
            ({"service__outbound_proxy": one.url}, one),
            ({"service__outbound_proxy": one.url, "service__webhook_proxy": other.url}, other),
            ({"service__outbound_proxy": one.url, "service__webhook_proxy": "none"}, None),
            ({"service__webhook_proxy": other.url}, other),
        ):
            one.asked.clear()
            other.asked.clear()
            async with new_world(**settings, sites__shop__webhook=hook(receiver)) as world:
                await delivery(world, await send_test(world), "delivered")
            through = [proxy for proxy in (one, other) if receiver.url in proxy.targets]
            assert through == ([used] if used else []), settings
