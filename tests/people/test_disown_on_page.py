"""A bind intent that another person has scanned: whoever has its page cancels it, and takes its binding back."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.people.asks import bind_intent, binding, read, scan, status, wait_for_text
from tests.webhooks.receiver import hook, receiving

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def path_of(started):
    return urlsplit(started["page_url"]).path


async def disown(world, started, **headers):
    return await world.call("POST", f"{path_of(started)}/disown", key=None, data="", headers=FORM | headers)


async def shoulder(world, user="victim", **more):
    """Mallory reads the keyword off the victim's screen, and sends it first."""
    mallory, started = await world.person(), await bind_intent(world, user, **more)
    await scan(world, mallory, started)
    return mallory, started


async def test_the_page_says_that_a_wechat_account_has_scanned_and_cancels(world):
    mallory, started = await shoulder(world)
    page = await world.call("GET", path_of(started), key=None, headers={"Accept-Language": "zh"})
    assert "不是我，取消" in page.text
    assert (await disown(world, started)).status == 303
    assert await status(world, started) == "canceled"
    await mallory.say("确认")
    assert (await binding(world, "victim")).status == 404
    assert "/disown" not in (await world.call("GET", path_of(started), key=None)).text


async def test_a_binding_by_a_look_over_the_shoulder_is_taken_back(new_world):
    async with receiving() as receiver, new_world(sites__shop__webhook=hook(receiver)) as world:
        mallory, started = await shoulder(world, return_url=None)
        await mallory.say("确认")
        assert (await binding(world, "victim"))["openid"] == mallory.openid
        reset = await world.start("victim", "reset")
        await world.advance(590)
        page = await world.call("GET", path_of(started), key=None, headers={"Accept-Language": "en"})
        assert "This wasn’t me, unlink it" in page.text
        done = await disown(world, started, **{"X-Codesvc-Part": "panel"})
        assert (done.status, "/disown" in done.text) == (200, False)
        assert (await disown(world, started)).status == 303
        assert (await binding(world, "victim")).status == 404
        assert await status(world, started) == "canceled"
        [removed] = await receiver.of("binding.removed")
        assert (removed.data["user"], removed.data["by"]) == ("victim", "page")
        await wait_for_text(mallory, "解除绑定")
        # Who loses a binding keeps nothing (decision 55).
        assert (await read(world, started)).json["status"] == "canceled"
        assert (await world.get(reset))["status"] != "approved"


@pytest.mark.parametrize("after", [601, 3_000])
async def test_after_ten_minutes_the_binding_stays(world, after):
    person, started = await shoulder(world)
    await person.say("确认")
    await world.advance(after)
    refused = await disown(world, started, **{"Accept-Language": "en"})
    # The page may have been open since: it says why its button does nothing any more, and where to go.
    assert (refused.status, "You can still unlink it at" in refused.text) == (410, True)
    assert (await binding(world, "victim"))["openid"] == person.openid


async def test_a_binding_of_another_act_stays(world):
    mallory, started = await shoulder(world)
    await mallory.say("确认")
    owner = await world.person()
    put = await world.call("PUT", "/v1/bindings/victim", {"openid": owner.openid, "replace": True})
    assert put.status in {200, 201}
    assert (await disown(world, started)).status == 410
    assert (await binding(world, "victim"))["openid"] == owner.openid


async def test_another_page_and_another_sites_page_token_take_nothing_back(world):
    mallory, started = await shoulder(world)
    await mallory.say("确认")
    assert (await disown(world, started, Origin="https://evil.example")).status == 403
    login = await world.call("POST", "/v1/logins", {"client_ip": "192.0.2.7"})
    assert (await disown(world, login)).status == 404
    assert (await binding(world, "victim")).status == 200
