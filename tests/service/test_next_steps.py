"""Every page says what can be done next, and offers nothing that leads nowhere."""

from __future__ import annotations

import pytest

from tests.people.asks import bind_intent, login

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148"
ON_A_PHONE = {"User-Agent": IPHONE, "Accept": "text/html", "Accept-Language": "zh-CN"}


@pytest.mark.parametrize("bound", [True, False])
async def test_a_phone_does_not_lead_to_wechat_where_no_code_arrived(new_world, bound):
    purposes = {"pay": {"scan": "off", "disclose_binding": True}}
    async with new_world(sites__shop__purposes=purposes) as world:
        if bound:
            await (await world.bound("alice")).unfollow()
        started = await world.start("alice", "pay")
        await world.delivery(started, "failed")
        page = await world.page("GET", started, headers=ON_A_PHONE)
        assert ("验证码未能送达" if bound else "没有可用的微信") in page.text
        assert 'href="weixin://"' not in page.text


@pytest.mark.parametrize("begin", [login, bind_intent])
async def test_a_phone_that_has_chosen_the_picture_reads_of_the_scan(world, begin):
    started = await begin(world)
    token = started["page_url"].rpartition("/")[2]
    for query, said in (("", "把口令发给公众号"), ("?scan=picture", "扫码并关注公众号")):
        page = await world.call("GET", f"/p/{token}{query}", key=None, headers=ON_A_PHONE)
        assert said in page.text.partition("</section>")[0], query


async def test_a_verification_that_a_newer_one_has_replaced_says_both_ways_on(world):
    first, *_ = [await world.start("alice") for _ in range(4)]
    page = await world.page("GET", first, headers={"Accept-Language": "zh-CN"})
    assert "如果已经关闭，可以在这里重新开始" in page.text


async def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(world):
    for path in ("/nowhere", "/p", "/admin/nowhere"):
        page = await world.call("GET", path, key=None, headers={"Accept": "text/html", "Accept-Language": "zh-CN"})
        assert (page.status, "找不到这个页面" in page.text) == (404, True), path
        assert "script-src 'nonce-" in page.headers["Content-Security-Policy"]
        answer = await world.call("GET", path, key=None)
        assert (answer.status, answer.problem) == (404, "not-found"), path
