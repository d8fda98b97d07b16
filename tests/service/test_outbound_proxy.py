"""A service that leaves its network through a proxy."""

import pytest

from codesvc.domain.health import WECHAT_MEANS, PlatformHealth
from codesvc.domain.outbound_proxy import ProxyProblem
from codesvc.runtime.log_redaction import text
from tests.proxies import PASSWORD, proxying
from tests.world import OPERATOR_KEY


async def test_every_call_to_wechat_goes_through_the_proxy(new_world):
    """Tokens, QR codes, messages, user info and web authorisation; what people and WeChat send comes in directly."""
    async with proxying(login=True) as proxy, new_world(service__outbound_proxy=proxy.url) as world:
        started = await world.start("alice")
        await world.scan_url(started)
        person = await world.bound("bob")
        await world.start("bob")
        await person.wait_for_push()
        calls = (await world.control("GET", "/calls"))["calls"]
        made = {call["path"] for call in calls}
        assert {"/cgi-bin/stable_token", "/cgi-bin/qrcode/create", "/cgi-bin/message/template/send"} <= made
        through = {target.removeprefix(world.sandbox).partition("?")[0] for target in proxy.targets}
        assert made <= through
        assert len(calls) <= len(proxy.targets)


async def test_readiness_and_metrics_name_the_proxy_and_not_wechat(new_world):
    async with proxying(login=True) as proxy:
        address = f"http://leaver:wr0ngpassword@localhost:{proxy.port}"
        async with new_world(service__outbound_proxy=address) as world:
            started = await world.start("alice")
            await world.call("GET", f"/v1/verifications/{started['id']}/scan")
            ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
            metrics = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
    [component] = [c for c in ready["components"] if c["component"] == "wechat:main"]
    assert component["state"] == "proxy_login"
    assert "HTTP 407" in component["means"]
    assert 'errcode="proxy_login"' in metrics
    assert "wr0ngpassword" not in ready.text + metrics


@pytest.mark.parametrize("problem", ProxyProblem)
def test_each_problem_is_a_state_that_the_next_answer_ends(problem):
    health = PlatformHealth()
    for _ in range(2):
        health.record("main", problem.value)
    assert (health.of("main").state, health.of("main").means) == (problem.value, WECHAT_MEANS[problem.value])
    assert problem.words in health.of("main").means
    health.record("main", "0")
    assert health.of("main").state == "ok"


def test_a_login_in_an_address_never_stands_in_a_log():
    assert PASSWORD not in text(f"no connection to http://leaver:{PASSWORD}@proxy.example:3128")
