"""Incidents beside WeChat's: no page says that all is well; /readyz names an errcode that an operator has to act on."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from codesvc.domain import health
from codesvc.runtime import file_descriptors
from codesvc.service.operators.account_state import call_refusal, token_contest
from codesvc.store.counts import Episode
from codesvc.web.admin.worries import WORDED
from tests.service.test_admin import ADMIN, signed_in
from tests.webhooks.receiver import delivery, hook, receiving, send_test, until
from tests.world import OPERATOR_KEY

SEND = "/cgi-bin/message/template/send"
WELL = "一切正常"


@asynccontextmanager
async def watched(new_world, **changes):
    async with new_world(admin=ADMIN, **changes) as world, signed_in(world) as lan:
        yield world, lan


async def components(world):
    ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
    return {each["component"]: each for each in ready["components"]}


async def names(lan, text):
    """Wait until the overview names it; bounded by tries."""

    for _ in range(50):
        page = (await lan.get("/admin"))[2]
        if text in page:
            break
    assert text in page
    assert WELL not in page


@pytest.mark.parametrize(("answer", "times", "said"), [(410, 1, "已停用"), (500, 3, "接收端出错")])
async def test_an_endpoint_that_takes_no_events(new_world, answer, times, said):
    async with receiving() as receiver:
        receiver.answers = [answer] * times
        async with watched(new_world, sites__shop__webhook=hook(receiver)) as (world, lan):
            event = await send_test(world)
            for attempt in range(1, times + 1):
                await delivery(world, event, "pending", attempts=attempt)
                if attempt < times:
                    await world.advance(3_600)
            await names(lan, said)


async def test_proxies_that_hide_their_visitors(new_world):
    async with watched(new_world, service__trusted_proxies=["127.0.0.0/8"]) as (world, lan):
        started = await world.start()
        await world.page("POST", started, "/check", {"code": "000000"}, headers={"X-Forwarded-For": "unknown"})
        await names(lan, "读不出访客地址")


@pytest.mark.parametrize("state", ["scarce", "used up"])
async def test_connections_that_run_out(new_world, monkeypatch, state):
    async with watched(new_world) as (world, lan):
        used, limit = (90, 100) if state == "scarce" else (100, 100)
        monkeypatch.setattr(file_descriptors, "standing", lambda: (used, limit))
        assert (await components(world))["descriptors"]["state"] == state
        await names(lan, "文件描述符")


def test_every_part_that_is_not_well_is_on_the_overview():
    """What /readyz calls anything but ok is named on the overview too: no part was forgotten."""
    parts = {"store", "wechat", "callbacks", "descriptors", "proxies", "webhook_proxy", "certificate"}
    parts |= {"master_key", "log", "clock"}
    assert parts - WORDED == {"store", "wechat", "callbacks", "certificate"}, "the overview has other places for these"
    assert parts >= WORDED
    documented = health.ComponentHealth.__doc__
    assert all(f"`{part}" in documented for part in parts)


@pytest.mark.parametrize("errcode", [43116, 45009, 48004])
async def test_readiness_names_an_errcode_that_somebody_has_to_act_on(new_world, errcode):
    async with new_world() as world:
        await world.fault("errcode", path=SEND, errcode=errcode)
        await world.bound("alice")
        assert (await components(world))["wechat:main"]["state"] == "ok"
        await world.delivery(await world.start("alice"), "awaiting_scan")

        async def refused():
            found = (await components(world))["wechat:main"]
            return found if found["state"] == "refused" else None

        found = await until(refused)
        assert f"errcode {errcode}" in found["means"]
        assert "since 20" in found["means"]


def test_tokens_that_are_refused_although_they_can_be_fetched():
    fetched, refused = Episode(5, 30), Episode(10, 20)
    found = token_contest({"call.token.0": fetched, "call.template.40001": refused, "call.template.0": Episode(1, 9)})
    assert (found.state, found.since) == ("token replaced", 10)
    assert "Another system fetches" in found.means
    # A token that was replaced in the ordinary way: the repeated call has succeeded.
    assert (
        token_contest({"call.token.0": fetched, "call.template.40001": refused, "call.qrcode.0": Episode(1, 21)})
        is None
    )
    # A wrong secret, which is another fault.
    assert token_contest({"call.token.40001": refused, "call.oauth.40001": refused}) is None
    # A token server is no endpoint of WeChat.
    assert token_contest({"call.other.0": fetched, "call.template.40001": refused}).since == 10


async def test_the_overview_names_tokens_that_are_refused(new_world):
    async with watched(new_world) as (world, lan):
        await world.fault("errcode", path=SEND, errcode=40001)
        await world.fault("errcode", path="/cgi-bin/qrcode/create", errcode=40001)
        await world.bound("alice")
        await world.start("alice")
        await names(lan, "微信拒绝刚取到的 access_token")
        assert (await components(world))["wechat:main"]["state"] == "token replaced"


def test_a_connection_that_was_not_used_is_not_said_to_work():
    found = health.PlatformHealth()
    assert "not called" in found.of("main").means
    found.record("main", "0")
    assert found.of("main").means == "WeChat answers."


async def test_an_installation_that_nobody_has_used_is_not_said_to_be_well(new_world):
    async with watched(new_world) as (_, lan):
        page = (await lan.get("/admin"))[2]
        assert WELL not in page
        assert "没有发现问题，但还没有全部用过" in page


async def test_an_error_of_the_server_is_not_called_a_proxy(new_world):
    async with new_world() as world:
        await world.fault("http", path=SEND, status=502)
        await world.bound("alice")
        await world.start("alice")

        async def said():
            found = (await components(world))["wechat:main"]
            return found if found["state"] == "server-error" else None

        assert "Wait" in (await until(said))["means"]


def test_a_call_that_succeeds_later_ends_it():
    failed, fine = Episode(10, 20), Episode(1, 30)
    assert call_refusal({"call.template.43116": failed}).since == 10
    assert call_refusal({"call.template.43116": failed, "call.template.0": fine}) is None
    assert call_refusal({"call.template.43116": Episode(31, 40), "call.template.0": fine}).errcode == 43116
    # Of another call, or one that no operator has to act on.
    assert call_refusal({"call.template.43116": failed, "call.qrcode.0": fine}).since == 10
    assert call_refusal({"call.template.43004": failed}) is None
    assert call_refusal({"call.token.40125": failed}) is None
    assert call_refusal({"call.template.timeout": failed}) is None
