"""A token that cannot be had is the account's state everywhere; an unknown quota is unknown; "since" is the first."""

from dataclasses import replace

import pytest_asyncio

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.service.operators.account_state import token_trouble
from codesvc.store.counts import Episode
from codesvc.web.context import SERVICES
from tests.service.test_admin import ADMIN, signed_in
from tests.world import OPERATOR_KEY

TOKEN = "/cgi-bin/stable_token"


@pytest_asyncio.fixture
async def refused(new_world):
    """A world whose AppSecret is another than WeChat's."""
    other = replace(DEFAULT_ACCOUNT, secret="0" * 32)
    async with new_world(admin=ADMIN, accounts__main__secret=other.secret) as world, signed_in(world) as lan:
        await world.start("alice")
        yield world, lan


async def wechat(world):
    ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
    return next(c for c in ready["components"] if c["component"] == "wechat:main")


async def failed(world):
    for _ in range(200):
        found = await wechat(world)
        if found["state"] != "ok":
            return found
    raise AssertionError(found)


async def test_readiness_names_it_with_words_and_remedy(refused):
    world, _ = refused
    found = await failed(world)
    assert found["state"] == "no token"
    assert "the AppSecret is wrong (errcode 40125)" in found["means"]
    assert "Compare the appid's AppSecret" in found["means"]
    assert 'codesvc_token_refused{account="main"} 1.0' in (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text


async def test_the_pages_name_it_and_know_no_quota(refused):
    world, lan = refused
    await failed(world)
    for path in ("/admin", "/admin/accounts"):
        text = (await lan.get(path))[2]
        assert "40125" in text, path
        assert "AppSecret 不正确" in text
        assert "100,000" not in text
        assert "未知" in text
        assert "一切正常" not in text


async def test_a_good_fetch_ends_it():
    bad, good = Episode(10, 20), Episode(1, 30)
    assert token_trouble({"call.token.40125": bad}).since == 10
    assert token_trouble({"call.token.40125": bad, "call.token.0": good}) is None
    assert token_trouble({"call.token.40125": Episode(31, 40), "call.token.0": good}).result == "40125"
    assert token_trouble({"call.template.43116": bad}) is None


async def test_since_is_the_first_failure_and_the_same_on_every_page(new_world):
    import re

    async with new_world(admin=ADMIN) as world, signed_in(world) as lan:
        await world.fault("errcode", path="/cgi-bin/message/template/send", errcode=43116)
        for number in range(3):
            await world.bound(f"user-{number}")
            started = await world.start(f"user-{number}")
            await world.delivery(started, "awaiting_scan")
            await world.app[SERVICES].recorder.flush()
            await world.advance(420)
        moments = set()
        for path in ("/admin", "/admin?span=6h", "/admin/accounts", f"/admin/verifications/{started['id']}"):
            text = (await lan.get(path))[2]
            moments |= set(re.findall(r'data-since="(\d+)"', text))
        assert len(moments) == 1
        [moment] = moments
        assert int(moment) % 60_000
