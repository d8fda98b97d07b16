"""A second claim is refused and both sides are told; nothing is ever re-bound in silence."""

from urllib.parse import urlsplit

import pytest

from tests.people.asks import bind_by_scan, bind_intent, binding, login, read, reply, scan, status, wait_for_text
from tests.people.test_disown_on_page import FORM


async def history(world, user):
    answer = await world.call("GET", f"/v1/bindings/{user}/history")
    assert answer.status == 200
    return answer["history"]


async def test_a_wechat_has_one_user_of_a_site(world):
    person = await world.person()
    await bind_by_scan(world, "alice", person)
    second = await bind_by_scan(world, "bob", person)
    assert (second["status"], second["conflict"]) == ("conflict", "wechat")
    told = await person.last_text()
    assert "另一个账号" in told
    assert "alice" not in told
    assert "al***" not in told
    assert "a***e" not in told
    assert (await binding(world, "bob")).status == 404
    assert (await binding(world, "alice"))["openid"] == person.openid


async def test_or_several_where_the_site_says_so(new_world):
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person = await world.person()
        for user in ("alice", "bob"):
            assert (await bind_by_scan(world, user, person))["status"] == "bound"


async def test_a_user_has_one_wechat_and_it_decides(world):
    old, new = await world.person(), await world.person()
    await bind_by_scan(world, "alice", old)
    started = await bind_by_scan(world, "alice", new)
    assert (started["status"], started["conflict"]) == ("conflict", "user")
    assert "另一个微信" in await new.last_text()
    asked = await wait_for_text(old, "同意换绑")
    assert started["reference"] in asked
    assert (await binding(world, "alice"))["openid"] == old.openid

    # A plain yes answers nothing here, nor does the new WeChat's, nor another reference.
    assert await reply(old, "确认") is None or (await binding(world, "alice"))["openid"] == old.openid
    assert await reply(new, f"同意换绑 {started['reference']}") is None
    assert await reply(old, "同意换绑 ZZ") is None
    assert (await binding(world, "alice"))["openid"] == old.openid

    # The notice of the move may come before or after the answer.
    await reply(old, f"同意换绑 {started['reference']}")
    await wait_for_text(old, "已同意")
    assert await status(world, started) == "bound"
    assert (await binding(world, "alice"))["openid"] == new.openid
    await wait_for_text(old, "已换绑到另一个微信")
    await wait_for_text(new, "绑定成功")
    lines = await history(world, "alice")
    assert [line["event"] for line in lines] == ["bound", "moved"]
    assert lines[1]["from"] == lines[0]["wechat"] != lines[1]["wechat"]
    assert lines[1]["source"] == started["id"]


async def test_the_old_wechats_yes_comes_too_late(world):
    old, new = await world.person(), await world.person()
    await bind_by_scan(world, "alice", old)
    started = await bind_by_scan(world, "alice", new)
    await world.advance(601)
    assert await reply(old, f"同意换绑 {started['reference']}") is None
    assert await status(world, started) == "conflict"
    assert (await binding(world, "alice"))["openid"] == old.openid


async def test_the_old_wechat_is_asked_once_however_often_somebody_tries(world):
    old = await world.person()
    await bind_by_scan(world, "alice", old)
    for _ in range(3):
        await bind_by_scan(world, "alice", await world.person())
    await wait_for_text(old, "同意换绑")
    marker = await world.person()
    await bind_by_scan(world, "zoe", marker)
    await world.call("DELETE", "/v1/bindings/zoe")
    await wait_for_text(marker, "解除绑定")
    assert len([text for text in await old.texts() if "同意换绑" in text]) == 1


async def test_the_site_may_replace_and_the_old_wechat_is_told(world):
    old, new = await world.person(), await world.person()
    await bind_by_scan(world, "alice", old)
    assert (await bind_by_scan(world, "alice", new, replace=True))["status"] == "bound"
    assert "已换绑到另一个微信" in await wait_for_text(old, "换绑")
    assert (await binding(world, "alice"))["openid"] == new.openid


async def test_what_put_does_is_told_and_remembered_too(world):
    old, new = await world.person(), await world.person()
    await world.bind("alice", old)
    assert (await world.bind("alice", new)).problem == "binding-conflict"
    assert (await world.bind("alice", new, replace=True)).status == 201
    await wait_for_text(old, "已换绑到另一个微信")
    await world.call("DELETE", "/v1/bindings/alice")
    assert [(line["event"], line["by"]) for line in await history(world, "alice")] == [
        ("bound", "openid"),
        ("moved", "openid"),
        ("removed", "site"),
    ]


async def test_two_intents_for_one_user_bind_one_wechat(world):
    one, two = await world.person(), await world.person()
    first, second = await bind_intent(world, "alice"), await bind_intent(world, "alice")
    await scan(world, one, first)
    await scan(world, two, second)
    await reply(one, "确认")
    await reply(two, "确认")
    assert [(await read(world, started))["status"] for started in (first, second)] == ["bound", "conflict"]


async def by_the_site(world, started, _):
    answer = await world.call("POST", f"/v1/bind-intents/{started['id']}/cancel")
    assert (answer.status, answer["status"]) == (200, "canceled")


async def by_its_page(world, started, _):
    path = urlsplit(started["page_url"]).path
    page = await world.call("GET", path, key=None, headers={"Accept-Language": "zh"})
    assert "不是我，取消" in page.text
    assert (await world.call("POST", f"{path}/disown", key=None, data="", headers=FORM)).status == 303


async def by_the_old_wechat(_, started, old):
    said = await reply(old, "不是我")
    assert started["reference"] in said
    assert "已拒绝" in said
    assert "同意" not in said


@pytest.mark.parametrize("stop", [by_the_site, by_its_page, by_the_old_wechat])
async def test_a_move_that_waits_for_the_old_wechat_can_be_stopped(world, stop):
    """Somebody who looked over the shoulder scans first: the old WeChat gets the question that its owner expects."""
    old, mallory = await world.bound("alice"), await world.person()
    started = await bind_by_scan(world, "alice", mallory)
    assert started["status"] == "conflict"
    await wait_for_text(old, "同意换绑")
    await stop(world, started, old)
    assert await status(world, started) == "canceled"
    assert await reply(old, f"同意换绑 {started['reference']}") is None
    assert (await binding(world, "alice"))["openid"] == old.openid
    # Nobody is asked in a row: the person's own attempt is asked about once the first would have expired.
    await bind_by_scan(world, "alice", await world.person())
    assert len([text for text in await old.texts() if "请回复“同意换绑" in text]) == 1
    await world.advance(601)
    new = await world.person()
    again = await bind_by_scan(world, "alice", new)
    await wait_for_text(old, f"同意换绑 {again['reference']}")
    await reply(old, f"同意换绑 {again['reference']}")
    assert (await binding(world, "alice"))["openid"] == new.openid


@pytest.mark.parametrize("said", ["不是我", "取消"])
async def test_the_wechat_that_said_yes_takes_it_back(world, said):
    """Its owner was led to a yes, and would be bound to a stranger's user once the stranger's old WeChat agrees."""
    old, victim = await world.bound("mallory"), await world.person()
    started = await bind_by_scan(world, "mallory", victim)
    assert "不是我" in await victim.last_text()
    answer = await reply(victim, said)
    assert "已拒绝" in answer
    assert started["reference"] in answer
    assert await status(world, started) == "canceled"
    assert await reply(old, f"同意换绑 {started['reference']}") is None
    assert (await binding(world, "mallory"))["openid"] == old.openid


async def test_not_me_takes_back_a_yes_before_the_latest_too(world):
    old, victim = await world.bound("mallory"), await world.person()
    started = await bind_by_scan(world, "mallory", victim)
    await scan(world, victim, await login(world))
    await reply(victim, "不是我")
    assert await reply(old, f"同意换绑 {started['reference']}") is None
    assert (await binding(world, "mallory"))["openid"] == old.openid


async def test_a_conflict_that_nobody_can_resolve_is_ended(world):
    person = await world.bound("alice")
    second = await bind_by_scan(world, "bob", person)
    assert (await world.call("POST", f"/v1/bind-intents/{second['id']}/cancel")).problem == "intent-ended"
    old = await world.bound("carol")
    started = await bind_by_scan(world, "carol", await world.person())
    await world.advance(601)
    assert (await world.call("POST", f"/v1/bind-intents/{started['id']}/cancel")).problem == "intent-ended"
    assert "已拒绝" not in await reply(old, "不是我")
