"""A yes on a page that WeChat's own browser proves to be the same WeChat; and binding by web authorisation."""

import re
from urllib.parse import urlsplit

import pytest

from tests.people.asks import bind_intent, binding, login, read, reply, scan, status, wait_for_text
from tests.people.browsers import browser, links_in, open_in_wechat, press, query_of

IN_WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}


async def test_the_button_confirms_and_the_get_does_not(world):
    person = await world.bound("alice")
    started = await login(world, user_agent="Windows")
    [link] = links_in(await scan(world, person, started))
    view = await open_in_wechat(person, link, from_chat=True)
    assert view["status"] == 200
    for part in ("山月茶铺", started["reference"][0], "Windows", "a***e"):
        assert part in view["body"]
    assert await status(world, started) == "scanned"
    assert "登录成功" in (await press(person, view, "yes"))["body"]
    assert (await read(world, started))["user"] == "alice"


async def test_a_bind_confirmed_on_the_page_is_told_in_the_chat(world):
    person = await world.person()
    started = await bind_intent(world)
    [link] = links_in(await scan(world, person, started))
    view = await press(person, await open_in_wechat(person, link), "yes")
    assert "绑定成功" in view["body"]
    await wait_for_text(person, "绑定成功")
    assert await status(world, started) == "bound"


async def test_the_page_declines_too(world):
    person = await world.person()
    started = await bind_intent(world)
    [link] = links_in(await scan(world, person, started))
    assert "已拒绝" in (await press(person, await open_in_wechat(person, link), "no"))["body"]
    assert await status(world, started) == "declined"


async def test_another_wechat_cannot_answer_on_the_page(world):
    person, stranger = await world.person(), await world.person()
    started = await bind_intent(world)
    [link] = links_in(await scan(world, person, started))
    view = await open_in_wechat(stranger, link)
    assert view["status"] == 403
    assert "另一个微信" in view["body"] or "扫码的那个微信" in view["body"]
    mine = await open_in_wechat(person, link)
    token = re.search(r'name="token" value="(\w+)"', mine["body"])[1]
    stolen = await open_in_wechat(stranger, link, form={"token": token, "act": "yes"})
    assert stolen["status"] == 403
    assert await status(world, started) == "scanned"


async def test_a_form_of_another_page_is_refused(world):
    person = await world.person()
    started = await bind_intent(world)
    [link] = links_in(await scan(world, person, started))
    await open_in_wechat(person, link)
    assert (await open_in_wechat(person, link, form={"token": "0" * 32, "act": "yes"}))["status"] == 403
    assert await status(world, started) == "scanned"


async def test_outside_of_wechat_the_page_asks_for_wechat(world):
    person = await world.person()
    started = await bind_intent(world)
    [link] = links_in(await scan(world, person, started))
    async with browser() as other:
        page = await other.go(link)
        assert page.status == 403
        assert "请在微信中打开" in page.text
        assert (await other.go(link + "x")).status == 404


async def oauth_intent(world, user="alice", **more):
    started = await bind_intent(world, user, method="oauth", **more)
    assert started.status == 201, started.text
    assert started["scan"] is None
    assert started["link"].startswith(f"{world.service}/wechat/main/")
    return started


async def test_bind_by_web_authorisation(world):
    person = await world.person(follows=False)
    started = await oauth_intent(world)
    picture = await world.call("GET", urlsplit(started["page_url"]).path + "/qr.svg", key=None)
    assert picture.status == 200
    view = await open_in_wechat(person, started["link"])
    way = [hop["url"] for hop in view["hops"]]
    assert any("/connect/oauth2/authorize?appid=" in url and url.endswith("#wechat_redirect") for url in way)
    assert await status(world, started) == "pending"
    assert (await binding(world, "alice")).status == 404
    view = await press(person, view, "yes")
    assert "绑定成功" in view["body"]
    bound = await binding(world, "alice")
    assert (bound["openid"], bound["made_by"]) == (person.openid, "oauth")
    assert bound["unionid"]


@pytest.mark.parametrize("confirm", [True, False])
async def test_a_no_on_the_page_binds_nobody_and_a_yes_binds(new_world, confirm):
    """Whether a scan binds unasked (`confirm_bind`) does not matter: the page asks."""
    async with new_world(sites__shop__confirm_bind=confirm) as world:
        person = await world.person()
        refused, wanted = await oauth_intent(world), await oauth_intent(world, "bob")
        view = await press(person, await open_in_wechat(person, refused["link"]), "no")
        assert "已拒绝" in view["body"]
        assert (await status(world, refused), (await binding(world, "alice")).status) == ("declined", 404)
        await press(person, await open_in_wechat(person, wanted["link"]), "yes")
        assert (await binding(world, "bob"))["openid"] == person.openid
        await wait_for_text(person, "绑定成功")


@pytest.mark.parametrize("act", ["show", "", "maybe", "0", "YES"])
async def test_what_is_no_button_of_the_page_is_no_answer(world, act):
    person = await world.person()
    started = await oauth_intent(world)
    view = await press(person, await open_in_wechat(person, started["link"]), act)
    assert (view["status"], await status(world, started)) == (400, "pending")


async def test_a_question_on_a_page_does_not_become_the_one_that_a_reply_answers(world):
    person = await world.bound("alice")
    asked, link = await login(world), await oauth_intent(world, "bob")
    await scan(world, person, asked)
    await press(person, await open_in_wechat(person, link["link"]), "no")
    assert "登录成功" in await reply(person, "确认")
    assert await status(world, asked) == "approved"


async def test_a_refusal_of_consent_changes_nothing(world):
    person = await world.person()
    started = await oauth_intent(world)
    view = await open_in_wechat(person, started["link"], consent="deny")
    assert (view["status"], await status(world, started)) == (403, "pending")


async def test_a_snapshot_user_is_refused(world):
    made = await world.control("POST", "/users", {"person": "zhang", "snapshot": True})
    started = await oauth_intent(world)
    view = await world.control("POST", f"/users/{made['openid']}/open", {"url": started["link"]})
    assert view["status"] == 403
    assert "快照页" in view["body"]
    assert await status(world, started) == "pending"


async def test_a_code_delivered_twice_is_harmless(world):
    person = await world.person()
    started = await oauth_intent(world)
    view = await open_in_wechat(person, started["link"])
    back = next(hop["url"] for hop in view["hops"] if "/oauth?" in hop["url"])
    exchanges = len((await world.control("GET", "/calls?path=/sns/oauth2/access_token"))["calls"])
    again = await open_in_wechat(person, back)
    assert again["status"] == 200
    assert len((await world.control("GET", "/calls?path=/sns/oauth2/access_token"))["calls"]) == exchanges == 1
    assert "绑定成功" in (await press(person, again, "yes"))["body"]


async def test_the_state_is_of_this_browser_and_of_this_intent(world):
    person, victim = await world.person(), await world.person()
    started = await oauth_intent(world)
    view = await open_in_wechat(person, started["link"])
    back = next(hop["url"] for hop in view["hops"] if "/oauth?" in hop["url"])
    state = query_of(back)["state"]
    assert len(state) <= 128
    assert state.isalnum()
    # Sent to somebody else: his browser does not pass for the sender.
    assert (await open_in_wechat(victim, back))["status"] == 403
    for forged in ("", state[:-1] + ("a" if state[-1] != "a" else "b"), "a" * 60, "é"):
        answer = await world.call("GET", "/wechat/main/oauth?code=x&state=" + forged, key=None)
        assert answer.status == 403
    assert await status(world, started) == "pending"


async def bring(world, asker, started, code):
    """This browser returns from WeChat about this intent, with this code."""
    away = await asker.go(started["link"], headers=IN_WECHAT)
    state = query_of(away.headers["Location"])["state"]
    return await asker.go(f"{world.service}/wechat/main/oauth?code={code}&state={state}")


async def test_a_used_code_proves_nothing_in_another_browser(world):
    """WeChat judges it anew, and refuses it: whoever reads the code in a log is not the person."""
    person = await world.person()
    first, second = await oauth_intent(world), await oauth_intent(world, "mallory")
    view = await open_in_wechat(person, first["link"])
    code = query_of(next(hop["url"] for hop in view["hops"] if "/oauth?" in hop["url"]))["code"]
    async with browser() as other:
        for started in (first, second):
            assert (await bring(world, other, started, code)).status == 403
            assert 'name="act"' not in (await other.go(started["link"], headers=IN_WECHAT)).text


async def test_a_code_is_judged_anew_for_another_question_of_the_same_browser(world):
    first, second = await oauth_intent(world), await oauth_intent(world, "bob")
    async with browser() as own:
        for started, exchanges in ((first, 1), (first, 1), (second, 2)):
            assert (await bring(world, own, started, "never-made")).status == 403
            assert len((await world.control("GET", "/calls?path=/sns/oauth2/access_token"))["calls"]) == exchanges


async def test_the_hosted_page_shows_and_cannot_confirm(world):
    person = await world.person()
    started = await bind_intent(world, return_url="https://shop.example/settings?tab=wechat#top")
    path = urlsplit(started["page_url"]).path
    page = await world.call("GET", path, key=None)
    assert page.status == 200
    assert started["scan"]["keyword"] in page.text
    assert "script-src 'nonce-" in page.headers["Content-Security-Policy"]
    assert "alice" not in page.text
    assert (await world.call("GET", path + "/qr.png", key=None)).headers["Content-Type"] == "image/png"
    assert (await world.call("POST", path, {}, key=None)).status == 405
    assert (await world.call("GET", path + "/state", key=None))["return_to"] is None
    await scan(world, person, started)
    await person.say("确认")
    state = await world.call("GET", path + "/state", key=None)
    assert (state["status"], state["return_to"]) == (
        "bound", f"https://shop.example/settings?tab=wechat&bind_intent={started['id']}#top",
    )  # fmt: skip
    assert "alice" not in state.text
    assert (await world.call("GET", path + "x", key=None)).status == 404
    assert (await world.call("GET", path.replace("/p/i.", "/p/"), key=None)).status == 404


async def test_a_login_page_never_shows_user_or_handle(world):
    person = await world.person()
    started = await login(world)
    await scan(world, person, started)
    await person.say("确认")
    path = urlsplit(started["page_url"]).path
    for suffix in ("", "/state"):
        text = (await world.call("GET", path + suffix, key=None)).text
        assert (await read(world, started))["handle"][:20] not in text
        assert person.openid not in text
