"""A logged-in user binds a WeChat: scan, follow, confirm, bound."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

from tests.people.asks import (
    bind_by_scan,
    bind_intent,
    binding,
    path_of,
    read,
    reply,
    scan,
    scan_url,
    status,
    wait_for_text,
)
from tests.world import KEY, OTHER_KEY


async def test_scan_follow_confirm_bound(world):
    person = await world.person(follows=False)
    started = await bind_intent(world, "alice.liddell", user_agent="Mozilla/5.0 (Windows NT 10.0)")
    assert started.status == 201
    assert started["id"].startswith("bi_")
    assert (started["status"], started["user"], started["method"], started["link"]) == (
        "pending", "alice.liddell", "scan", None,
    )  # fmt: skip
    assert started["scan"]["image_url"].startswith(f"{world.service}/p/")

    await person.scan(await scan_url(world, started))
    assert await person.texts() == []
    await person.follow()
    asked = await person.last_text()
    for part in ("山月茶铺", "al***ll", started["reference"], "Windows", "192.0.*.*", "确认", "不是我"):
        assert part in asked
    assert "alice" not in asked
    assert await status(world, started) == "scanned"
    assert (await binding(world, "alice.liddell")).status == 404

    assert "绑定成功" in await reply(person, " 确认。")
    assert await status(world, started) == "bound"
    bound = await binding(world, "alice.liddell")
    assert (bound["openid"], bound["made_by"]) == (person.openid, "intent")


async def test_the_word_does_what_the_scan_does(world):
    person = await world.person()
    started = await bind_intent(world)
    assert started["reference"] in await reply(person, started["scan"]["keyword"])
    assert "绑定成功" in await reply(person, "确认")
    assert await status(world, started) == "bound"


async def test_a_yes_repeated_says_the_same_and_does_nothing_more(world):
    person = await world.person()
    started = await bind_intent(world)
    url = await scan_url(world, started)
    await person.scan(url)
    first = await reply(person, "确认")
    assert await reply(person, "确认") == first
    await person.scan(url)
    assert "绑定成功" in await person.last_text()
    history = await world.call("GET", "/v1/bindings/alice/history")
    assert [line["event"] for line in history["history"]] == ["bound"]


@pytest.mark.parametrize("no", ["不是我", "取消"])
async def test_a_no_declines(world, no):
    person = await world.person()
    started = await bind_intent(world)
    await scan(world, person, started)
    assert "已拒绝" in await reply(person, no)
    assert await status(world, started) == "declined"
    assert "已拒绝" in await reply(person, "确认")
    assert (await binding(world, "alice")).status == 404


async def test_a_no_to_nothing_is_about_codes_or_about_nothing(world):
    person = await world.person()
    assert "24 小时" in await reply(person, "不是我")
    assert await reply(person, "取消") is None
    assert await reply(person, "确认") is None
    started = await bind_intent(world)
    await scan(world, person, started)
    await reply(person, "不是我")
    await world.advance(120)
    assert "24 小时" in await reply(person, "不是我")


async def test_nobody_else_can_take_a_scanned_one_or_answer_it(world):
    person, stranger = await world.person(), await world.person()
    started = await bind_intent(world)
    await scan(world, person, started)
    assert "不能由当前微信使用" in await scan(world, stranger, started)
    assert await reply(stranger, "确认") is None
    assert await status(world, started) == "scanned"
    assert started["reference"] in await scan(world, person, started)


async def test_expired_and_used_ones_get_a_friendly_reply(world):
    person, late = await world.person(), await world.person()
    started = await bind_intent(world)
    url = await scan_url(world, started)
    await world.advance(601)
    assert await status(world, started) == "expired"
    await late.scan(url)
    assert "已失效" in await late.last_text()

    other = await bind_intent(world, "bob")
    await scan(world, person, other)
    await world.advance(601)
    assert "已过期" in await reply(person, "确认")
    assert (await read(world, other))["scan"] is None
    await world.advance(3601)
    assert (await read(world, other)).status == 404


async def test_cancel_ends_it(world):
    person = await world.person()
    started = await bind_intent(world)
    canceled = await world.call("POST", f"{path_of(started)}/cancel", {})
    assert (canceled.status, canceled["status"]) == (200, "canceled")
    assert (await world.call("POST", f"{path_of(started)}/cancel", {})).status == 200
    refused = await world.call("GET", f"{path_of(started)}/scan")
    assert (refused.status, refused.problem, refused["intent_status"]) == (410, "intent-ended", "canceled")
    assert "已失效" in await reply(person, started["scan"]["keyword"])


async def test_confirmation_can_be_switched_off_for_bind_intents_only(new_world):
    async with new_world(sites__shop__confirm_bind=False) as world:
        person = await world.person()
        started = await bind_intent(world)
        assert "绑定成功" in await scan(world, person, started)
        assert await status(world, started) == "bound"
        login = await world.call("POST", "/v1/logins", {"client_ip": "192.0.2.1"})
        assert "确认" in await scan(world, person, login)
        assert await status(world, login) == "scanned"


async def test_start_is_idempotent_limited_and_checked(new_world):
    async with new_world(sites__shop__limits={"address_starts": "2/1h"}) as world:
        first = await bind_intent(world, headers={"Idempotency-Key": "k1"})
        again = await bind_intent(world, headers={"Idempotency-Key": "k1"})
        assert (first.status, again.status, again.json) == (201, 201, first.json)
        assert (await bind_intent(world, "bob", headers={"Idempotency-Key": "k1"})).problem == "idempotency-mismatch"
        assert (await bind_intent(world, ip=None)).status == 400
        assert (await bind_intent(world, "-bad")).status == 400
        assert (await bind_intent(world, nonsense=1)).status == 400
        assert (await bind_intent(world, return_url="https://evil.example/")).status == 400
        assert (await bind_intent(world)).status == 201
        limited = await bind_intent(world)
        assert (limited.status, limited["limit"]) == (429, "address_starts")


async def test_one_site_cannot_read_anothers(world):
    started = await bind_intent(world)
    assert (await read(world, started, key=OTHER_KEY)).status == 404
    assert (await read(world, started, key=None)).status == 401
    assert (await world.call("GET", f"/v1/logins/{started['id']}")).status == 404
    assert (await world.call("GET", "/v1/bind-intents/bi_nonsense")).status == 404


async def test_the_page_and_the_site_are_told_at_once(world):
    person = await world.person()
    started = await bind_intent(world)
    async with world.http.get(
        f"{world.service}{path_of(started)}/events", headers={"Authorization": f"Bearer {KEY}"}
    ) as stream:

        async def listen():
            return [json.loads(line[6:])["status"] async for line in stream.content if line.startswith(b"data: ")]

        listening = asyncio.create_task(listen())
        await scan(world, person, started)
        await reply(person, "确认")
        seen = await asyncio.wait_for(listening, 60)
    assert seen[0] == "pending"
    assert seen[-1] == "bound"


async def test_unionid_is_kept_where_wechat_gives_it(world):
    person = await world.person()
    await bind_by_scan(world, "alice", person)
    for _ in range(400):
        if found := (await binding(world, "alice"))["unionid"]:
            break
        await asyncio.sleep(0.01)
    assert found
    people = await world.call("GET", f"/v1/bindings?unionid={found}")
    assert [line["user"] for line in people["bindings"]] == ["alice"]
    assert (await world.call("GET", f"/v1/bindings?unionid={found}", key=OTHER_KEY)).json["bindings"] == []


async def test_unbinding_tells_the_person(world):
    person = await world.person()
    await bind_by_scan(world, "alice", person)
    assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
    assert "已与您的微信解除绑定" in await wait_for_text(person, "解除绑定")


async def test_notices_can_be_switched_off(new_world):
    async with new_world(sites__shop__binding_notices=False) as world:
        person, marker = await world.person(), await world.person()
        await bind_by_scan(world, "alice", person)
        await world.call("DELETE", "/v1/bindings/alice")
        await bind_by_scan(world, "bob", marker)
        assert not [text for text in await person.texts() if "解除绑定" in text]


async def test_the_call_of_the_documentation_starts_one(new_world):
    page = (Path(__file__).parents[2] / "docs" / "en" / "bindings.md").read_text(encoding="utf-8")
    [call] = re.findall(r"^```sh\n(.*?bind-intents.*?)^```$", page, re.MULTILINE | re.DOTALL)
    async with new_world(sites__shop__origins=["https://shop.example.com"]) as world:
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-ec", call),
            env=os.environ | {"CODESVC_URL": world.service, "CODESVC_API_KEY": KEY},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await shell.communicate()
        started = json.loads(said)
        assert (started["user"], started["status"]) == ("u-17", "pending")
        assert await status(world, started) == "pending"
