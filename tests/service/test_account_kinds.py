"""Each kind of account does what it may, and no call is made that it may not (KINDS.md section 2)."""

import asyncio
import re
from base64 import b64encode

import pytest

from codesvc.domain.account_kinds import AccountKind, Right, right_of
from codesvc.web.context import SERVICES
from tests.kinds import BY_KEYWORD, DENIED, KINDS, calls, deny, refused, world_of
from tests.people.asks import bind_intent, login, read, reply, status
from tests.people.browsers import browser, links_in, query_of
from tests.pictures import png
from tests.world import OPERATOR_KEY

STATE = "the-session-s-own-state"


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
async def world(new_world, kind):
    async with world_of(new_world, kind) as world:
        yield world
        assert not refused(world)


@pytest.mark.parametrize("name", KINDS)
def test_the_table_says_what_the_facts_say(name):
    rights = AccountKind(name).rights
    for path in DENIED["unverified_subscription"] - {"/cgi-bin/menu/get"}:
        assert (right_of(path) in rights) is (path not in DENIED[name]), path


@pytest.mark.parametrize(
    "path", ["/cgi-bin/stable_token", "/cgi-bin/menu/get", "/cgi-bin/openapi/quota/get", "/cgi-bin/callback/check"]
)
def test_some_calls_need_no_right(path):
    assert right_of(path) is None


async def test_a_sign_up_by_keyword(world):
    person = await world.person()
    started = await world.start("alice")
    assert (started.status, started["delivery"]["status"]) == (201, "awaiting_scan")
    await person.say(started["scan"]["keyword"])
    approved = await world.check(started, await person.code_in_chat())
    assert (approved.status, approved["status"]) == (200, "approved")
    bound = await world.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
    assert (bound.status, bound["openid"]) == (201, person.openid)


async def test_a_page_says_that_a_code_was_sent_again_only_where_it_was(world, kind):
    person = await world.person()
    started = await world.start("alice")
    await person.say(started["scan"]["keyword"])
    await world.advance(61)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "zh-CN"}
    again = await world.page("POST", started, "/resend", data="", headers=form)
    assert again.headers["Location"].endswith("?resent")
    page = await world.page("GET", started, "?resent", headers=form)
    sent = (await read(world, started))["delivery"]["status"] != "awaiting_scan"
    assert ("已重新发送" in page.text) is sent
    assert sent or kind in BY_KEYWORD
    assert kind not in {"unverified_subscription", "unverified_service"} or not sent


async def test_a_reset_by_the_bound_wechat(world, kind):
    person, stranger = await world.bound("alice"), await world.person()
    started = await world.start("alice", "reset")
    assert started["scan"] is not None
    await stranger.say(started["scan"]["keyword"])
    refusal = await stranger.last_text()
    assert "口令" in refusal
    assert ("二维码" in refusal) is (kind not in BY_KEYWORD)
    await person.say(started["scan"]["keyword"])
    assert (await world.check(started, await person.code_in_chat())).status == 200


async def test_the_page_of_a_reset_leads_with_the_keyword_where_nothing_can_be_pushed(world, kind):
    """For a user who is bound and for one who is not: the page says which WeChat gets the code, and no more."""
    await world.bound("alice")
    for user in ("alice", "nobody"):
        started = await world.start(user, "reset")
        assert started["delivery"] == {"channel": "auto", "status": "pending", "reason": None}
        state, page = await world.page("GET", started, "/state"), await world.page("GET", started)
        if kind in BY_KEYWORD:
            assert state["delivery"] == {"channel": "scan", "status": "awaiting_scan", "reason": "no-channel"}
            assert "发送口令，获取验证码" in page.text
            assert "请用已绑定的微信操作" in page.text
            assert started["scan"]["keyword"] in page.text
            assert "推送" not in page.text
            assert "/resend" not in page.text.partition("<script")[0]
        else:
            assert state["delivery"] == started["delivery"]
            assert "请查看微信消息" in page.text
        async with world.http.get(started["page_url"], headers={"Accept-Language": "en"}) as english:
            said = "Use the linked WeChat account. We’ll send the code" in await english.text()
            assert said is (kind in BY_KEYWORD)


async def test_where_something_may_be_pushed_the_page_does_not_say_whether(new_world):
    """A verified subscription account writes to whom has just written to it."""
    purposes = {"reset": {"channels": ["customer_service"]}}
    async with world_of(new_world, "verified_subscription", sites__shop__purposes=purposes) as world:
        await world.bound("alice")
        state = await world.page("GET", await world.start("alice", "reset"), "/state")
        assert state["delivery"] == {"channel": "auto", "status": "pending", "reason": None}


async def test_a_bind_intent_by_keyword_and_reply(world, kind):
    person = await world.person()
    started = await bind_intent(world)
    asked = await reply(person, started["scan"]["keyword"])
    assert started["reference"] in asked
    assert "回复“确认”" in asked
    assert bool(links_in(asked)) is (kind not in BY_KEYWORD)
    await reply(person, "确认")
    assert await status(world, started) == "bound"


async def test_a_login_by_keyword_and_reply(world, kind):
    person = await world.bound("alice")
    started = await login(world)
    asked = await reply(person, started["scan"]["keyword"])
    assert bool(links_in(asked)) is (kind not in BY_KEYWORD)
    await reply(person, "确认")
    assert (await read(world, started))["user"] == "alice"


async def test_past_the_limit_of_keywords_no_qr_code_is_spoken_of_where_there_is_none(world, kind):
    person = await world.person()
    for letter in "hjkmnpqrst":
        await reply(person, f"abcdefg{letter}")
    said = await reply(person, "abcdefgu")
    assert "口令过多" in said
    assert ("二维码" in said) is (kind not in BY_KEYWORD)


async def test_a_conflict_says_what_the_old_wechat_can_do(world, kind):
    old, new = await world.bound("alice"), await world.person()
    started = await bind_intent(world)
    await reply(new, started["scan"]["keyword"])
    said = await reply(new, "确认")
    assert (f"同意换绑 {started['reference']}" in said) is (kind in BY_KEYWORD)
    await reply(old, f"同意换绑 {started['reference']}")
    assert (await world.call("GET", "/v1/bindings/alice"))["openid"] == new.openid


async def test_oauth_is_refused_in_words_where_there_is_none(world, kind):
    answer = await bind_intent(world, method="oauth")
    if kind in BY_KEYWORD:
        assert (answer.status, answer.problem) == (400, "invalid")
        assert f'kind = "{kind}"' in answer["errors"][0]["detail"]
        assert "keyword" in answer.text
    else:
        assert answer.status == 201


async def test_one_more_code_for_somebody_who_is_bound(world):
    """Without pushes it comes by the keyword from their own WeChat, and from no other."""
    person, stranger = await world.bound("alice"), await world.person()
    started = await world.start("alice")
    await stranger.say(started["scan"]["keyword"])
    assert not re.search(r"^\d{6}$", await stranger.last_text(), re.MULTILINE)
    await person.say(started["scan"]["keyword"])
    approved = await world.check(started, await person.code_in_chat())
    assert (approved.status, approved["status"]) == (200, "approved")


@pytest.mark.parametrize("kind", BY_KEYWORD)
async def test_a_ticket_leads_to_the_site_in_any_browser(new_world, kind):
    async with world_of(new_world, kind) as world, browser() as window:
        person = await world.bound("alice")
        [link] = links_in(await reply(person, "重置密码"))
        # WeChat's own browser too: nothing there can say who it is, so it shows the digits.
        page = await window.go(link, headers={"User-Agent": "Mozilla/5.0 MicroMessenger/8.0"})
        assert page.status == 200
        digits = await window.show_digits(link)
        await reply(person, digits)
        gone = await window.go(f"{link}/go?state={STATE}")
        redeemed = await world.call(
            "POST", "/v1/tickets/redeem", {"ticket": query_of(gone.headers["Location"])["redeem"], "state": STATE}
        )
        assert (redeemed.status, redeemed["user"]) == (200, "alice")
        assert not refused(world)


@pytest.mark.parametrize("kind", BY_KEYWORD)
async def test_every_message_gets_an_answer_where_nothing_else_answers(new_world, kind):
    async with world_of(new_world, kind) as world:
        person = await world.person(follows=False)
        await person.follow()
        assert "口令" in await person.last_text()
        assert "二维码" not in await person.last_text()
        assert "口令" in await reply(person, "你好")
        assert "口令" in await reply(person, "5vgf atc2 6")
        if kind == "unverified_subscription":
            return  # its console menu pushes no event
        clicked = len(await person.texts())
        await world.control("POST", f"/users/{person.openid}/click", {"key": "something"})
        assert len(await person.texts()) == clicked + 1


async def test_a_verified_service_account_stays_silent_about_what_is_not_ours(new_world):
    async with world_of(new_world, "verified_service") as world:
        assert await reply(await world.person(), "你好") is None


async def test_beside_another_back_end_only_that_one_answers(new_world):
    async with world_of(
        new_world, "unverified_subscription", accounts__main__forward_to="http://127.0.0.1:1/wechat"
    ) as world:
        assert await reply(await world.person(), "你好") is None


async def test_no_call_without_the_right_is_made_by_upkeep(world, kind):
    here = world.app[SERVICES]
    await world.delivery(await world.start("bob"), "awaiting_scan")
    for _ in range(200):
        if kind in BY_KEYWORD or any(path.endswith("quota/get") for path, _ in calls(world)):
            break
        await asyncio.sleep(0.01)
    assert any(path.endswith("quota/get") for path, _ in calls(world)) is (kind not in BY_KEYWORD)
    [standing] = await here.gauges.accounts()
    assert bool(standing.quotas) is (kind not in BY_KEYWORD)


@pytest.mark.parametrize("kind", BY_KEYWORD)
async def test_the_picture_is_the_accounts_own_for_following(new_world, kind):
    picture = png()
    url = f"data:image/png;base64,{b64encode(picture).decode()}"
    async with world_of(new_world, kind, accounts__main__qr_picture=url) as world:
        started = await world.start("alice")
        assert started["scan"]["picture"] == "follow"
        for name in ("svg", "png"):
            async with world.http.get(f"{started['page_url']}/qr.{name}") as answer:
                assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", picture)
        asked = await login(world)
        async with world.http.get(asked["scan"]["image_url"]) as answer:
            assert (answer.status, await answer.read()) == (200, picture)
        scan = await world.call("GET", f"/v1/verifications/{started['id']}/scan")
        assert (scan.status, scan.problem) == (404, "not-found")
        assert "keyword" in scan["detail"]
        assert (await world.call("GET", f"/v1/logins/{asked['id']}/scan")).status == 404
        assert not refused(world)


async def test_without_a_picture_there_is_none(new_world):
    async with world_of(new_world, "unverified_subscription") as world:
        started = await world.start("alice")
        assert started["scan"]["picture"] == "none"
        page = await world.page("GET", started)
        assert "/qr." not in page.text
        assert started["scan"]["keyword"] in page.text
        assert (await world.page("GET", started, "/qr.svg")).status == 404
        state = await world.page("GET", started, "/state")
        assert (state["scan"]["picture"], state["renew"]) == ("none", None)


async def test_what_has_expired_is_had_anew_by_another_keyword(new_world):
    async with world_of(new_world, "unverified_subscription") as world:
        started, asked = await world.start("alice"), await login(world)
        await world.advance(601)
        state = await world.page("GET", started, "/state")
        assert (state["status"], state["renew"], state["by_keyword"]) == ("expired", "scan", True)
        page = await world.page("GET", started)
        assert "重新获取口令" in page.text
        assert "二维码" not in page.text.partition("<script")[0]
        intent = (await world.call("GET", f"/p/{asked['page_token']}/state", key=None)).json
        assert (intent["title"], intent["by_keyword"]) == ("口令已过期", True)
        renewed = await world.call("POST", f"/p/{started['page_token']}/renew", {}, key=None)
        assert renewed.status == 200


async def test_a_verified_service_account_shows_its_codes(new_world):
    async with world_of(new_world, "verified_service") as world:
        started = await world.start("alice")
        assert started["scan"]["picture"] == "scan"
        assert (await world.page("GET", started, "/qr.svg")).status == 200


async def test_a_missing_right_is_a_fault_of_configuration(new_world):
    """48001 while the token works: named on /readyz, in the metrics and for operators, and no new token is fetched."""
    async with new_world() as world:
        await deny(world, "unverified_subscription")
        person = await world.bound("alice")
        started = await world.start("alice", "reset")
        for _ in range(300):
            ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
            found = next(c for c in ready["components"] if c["component"] == "wechat:main")
            if found["state"] != "ok":
                break
            await asyncio.sleep(0.01)
        assert found["state"] == "no right"
        assert "fault of configuration" in found["means"]
        assert 'kind is "verified_service"' in found["means"]
        assert (
            'codesvc_rights_refused{account="main"} 1.0' in (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
        )
        assert len([path for path, _ in calls(world) if path.endswith("token")]) == 1
        await person.say(started["scan"]["keyword"])
        assert re.fullmatch(r"\d{6}", await person.code_in_chat())


def test_the_rights_have_no_gaps():
    assert AccountKind.VERIFIED_SERVICE.rights == frozenset(Right)
