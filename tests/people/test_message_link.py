"""What is behind a message's link: seen only by the WeChat it went to; with `reveal = "tap"` the code itself."""

import re

import pytest

TAP = {"sites__shop__purposes": {"reset": {"reveal": "tap"}, "register": {"scan": "open", "reveal": "tap"}}}


async def opened(person, url, **more):
    """What this WeChat sees behind a link, opened from the chat."""
    return await person.world.control("POST", f"/users/{person.openid}/open", {"url": url, "from_chat": True, **more})


def code_on(page):
    found = re.search(r'<code id="digits">(\d+)</code>', page["body"])
    return found and found[1]


async def test_a_tap_shows_the_code_to_the_bound_wechat_only(new_world):
    async with new_world(**TAP) as world:
        owner, stranger = await world.bound("alice"), await world.person()
        started = await world.start("alice", "reset")
        assert await owner.wait_for_push() == "------"
        [message] = await owner.messages("template")
        assert code_on(await opened(stranger, message["url"])) is None
        page = await opened(owner, message["url"])
        assert started["reference"] in page["body"]
        # The person is in WeChat already: the code is copied, and nothing leads there.
        assert 'id="copy"' in page["body"]
        assert ("复制验证码" in page["body"], 'href="weixin:' in page["body"], "data-open=" in page["body"]) == (
            True,
            False,
            False,
        )
        assert (await world.check(started, code_on(page))).status == 200
        assert code_on(await opened(owner, message["url"])) is None


async def test_a_scan_is_answered_with_the_link_too(new_world):
    async with new_world(**TAP) as world:
        person = await world.person()
        started = await world.start()
        await person.scan(await world.scan_url(started))
        text = await person.last_text()
        assert not re.search(r"\d{6}", text.replace(str(world.service), "").split("http")[0])
        url = re.search(r"https?://\S+", text)[0]
        assert (await world.check(started, code_on(await opened(person, url)))).status == 200


async def test_an_ordinary_browser_learns_nothing(new_world):
    async with new_world(**TAP) as world:
        owner = await world.bound("alice")
        await world.start("alice", "reset")
        await owner.wait_for_push()
        [message] = await owner.messages("template")
        path = message["url"].removeprefix(world.service)
        answer = await world.call("GET", path, key=None)
        assert answer.status == 403
        assert code_on({"body": answer.text}) is None


async def test_without_tap_the_link_holds_the_rest_and_no_code(world):
    owner = await world.bound("alice")
    await world.start("alice", ip="203.0.113.9", user_agent="Mozilla/5.0 (iPhone)")
    code = await owner.wait_for_push()
    [message] = await owner.messages("template")
    page = await opened(owner, message["url"])
    assert "iPhone" in page["body"]
    assert "203.0.*.*" in page["body"]
    assert code not in page["body"]


async def test_this_was_not_me_behind_the_link_stops_it(world):
    owner = await world.bound("alice")
    started = await world.start("alice")
    code = await owner.wait_for_push()
    [message] = await owner.messages("template")
    page = await opened(owner, message["url"])
    token = re.search(r'name="token" value="([0-9a-f]+)"', page["body"])[1]
    stopped = await opened(owner, page["url"], form={"token": token, "act": "no"})
    assert "24" in stopped["body"]
    assert (await world.get(started))["status"] == "canceled"
    assert (await world.check(started, code)).status == 410


async def test_this_was_not_me_behind_the_link_takes_back_a_code_that_somebody_has_entered(world):
    owner = await world.bound("alice")
    started = await world.start("alice")
    approved = await world.check(started, await owner.wait_for_push())
    [message] = await owner.messages("template")
    page = await opened(owner, message["url"])
    assert "已有人输入" in page["body"]
    token = re.search(r'name="token" value="([0-9a-f]+)"', page["body"])[1]
    stopped = await opened(owner, page["url"], form={"token": token, "act": "no"})
    assert "检查您的账号" in stopped["body"]
    verified = await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"], "consume": True})
    assert verified.status == 410
    assert "已结束" in (await opened(owner, message["url"]))["body"]


@pytest.mark.parametrize(
    "change",
    [lambda t: t[:-2] + ("A" if t[-2] != "A" else "B") + t[-1], lambda t: "x" + t, lambda t: t.replace(".", ",", 1)],
)
async def test_a_changed_link_is_no_link(world, change):
    owner = await world.bound("alice")
    await world.start("alice")
    await owner.wait_for_push()
    [message] = await owner.messages("template")
    base, _, token = message["url"].rpartition("/")
    answer = await world.call("GET", f"{base}/{change(token)}".removeprefix(world.service), key=None)
    assert answer.status == 404


async def test_a_form_from_elsewhere_is_refused(world):
    owner = await world.bound("alice")
    started = await world.start("alice")
    await owner.wait_for_push()
    [message] = await owner.messages("template")
    await opened(owner, message["url"])
    await opened(owner, message["url"], form={"token": "0" * 32, "act": "no"})
    assert (await world.get(started))["status"] == "pending"
