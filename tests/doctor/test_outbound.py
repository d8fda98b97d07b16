"""What `codesvc check` says of outbound proxies."""

from dataclasses import replace

import aiohttp
import pytest

from codesvc.config import Secret
from codesvc.config.settings import Webhook
from codesvc.doctor import outbound
from codesvc.doctor.examination import Examination
from codesvc.doctor.finding import Status
from tests.proxies import proxying

SECRET = Secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")


def through(settings, **proxies):
    secrets = {name: Secret(value) for name, value in proxies.items()}
    return replace(settings, service=replace(settings.service, **secrets))


async def examine(settings, **environment):
    async with aiohttp.ClientSession() as http:
        return [finding async for finding in Examination(settings, http, environment).findings()]


def of(findings, what):
    [found] = [finding for finding in findings if finding.what == what]
    return found


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_named(ward, name):
    [found] = outbound.ignored(ward.settings, {name: "http://leaver:s3cr3t@proxy:3128"})
    assert found.status is Status.WARN
    assert name in found.found
    assert "service.outbound_proxy" in found.remedy
    assert "s3cr3t" not in str(found)
    [decided] = outbound.ignored(through(ward.settings, outbound_proxy="none"), {name: "http://proxy"})
    assert decided.status is Status.OK
    assert list(outbound.ignored(ward.settings, {name: " ", "NO_PROXY": "*"})) == []


async def test_a_set_up_behind_a_proxy_is_sound(ward):
    async with proxying(login=True) as proxy:
        found = await examine(through(ward.settings, outbound_proxy=proxy.url))
        assert [finding for finding in found if finding.status is Status.FAIL] == []
        assert "with a login" in of(found, "service.outbound_proxy").found
        assert any("/cgi-bin/stable_token" in target for target in proxy.targets)


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"login": True}, "407"),
        ({"refuses": 403}, "refuses to connect"),
        ({"refuses": 502}, "cannot reach the destination"),
    ],
    ids=str,
)
async def test_what_is_wrong_with_the_proxy_is_said_in_words(ward, how, word):
    async with proxying(**how) as proxy:
        address = f"http://leaver:wr0ngpassword@localhost:{proxy.port}"
        found = await examine(through(ward.settings, outbound_proxy=address))
    assert of(found, "service.outbound_proxy").status is Status.FAIL
    assert word in of(found, "service.outbound_proxy").found
    assert "wr0ngpassword" not in str(found)


@pytest.mark.parametrize(
    ("address", "word"),
    [("http://127.0.0.1:1", "cannot be reached"), ("http://no-such-proxy.invalid", "does not resolve")],
)
async def test_a_proxy_that_is_not_there(ward, address, word):
    found = await examine(through(ward.settings, outbound_proxy=address))
    for what in ("service.outbound_proxy", "accounts.main: WeChat's clock", "accounts.main: credentials"):
        assert of(found, what).status is Status.FAIL
        assert word in of(found, what).found
    assert "proxy" in of(found, "accounts.main: credentials").remedy


async def test_the_webhooks_proxy_is_tried_with_a_receiver(ward):
    site = replace(
        ward.settings.sites["shop"],
        webhook=Webhook(url=f"{ward.world.sandbox}/hook", secrets=(SECRET,)),
    )
    settings = replace(ward.settings, sites={"shop": site})
    async with proxying() as proxy:
        [found] = await outbound.findings(through(settings, webhook_proxy=proxy.url))
        assert found.status is Status.OK
        assert proxy.targets == [ward.world.sandbox.removeprefix("http://")]
        [skipped] = await outbound.findings(through(ward.settings, webhook_proxy=proxy.url))
        assert skipped.status is Status.SKIPPED
    assert await outbound.findings(ward.settings) == []
