"""Scan-to-login: always confirmed, read by key only, and a first-time visitor gets a handle."""

import pytest

from codesvc.service.intent_decisions import IntentDecisions
from codesvc.store.outcomes import Outcome
from codesvc.web.context import SERVICES
from tests.people.asks import bind_intent, binding, login, path_of, read, reply, scan, status
from tests.world import OTHER_KEY

WINDOWS = "Mozilla/5.0 (Windows NT 10.0)"


async def handle_of(world, person):
    started = await login(world)
    await scan(world, person, started)
    await reply(person, "确认")
    return (await read(world, started))["handle"]


async def test_a_bound_person_logs_in(world):
    person = await world.bound("alice")
    started = await login(world, user_agent=WINDOWS)
    assert (started.status, started["status"], started["user"], started["handle"]) == (201, "pending", None, None)
    asked = await scan(world, person, started)
    for part in ("山月茶铺", started["reference"], "Windows", "192.0.*.*", "时间", "a***e", "不是我"):
        assert part in asked
    assert await status(world, started) == "scanned"
    assert (await read(world, started))["user"] is None
    assert "登录成功" in await reply(person, "确认")
    approved = await read(world, started)
    assert (approved["status"], approved["user"], approved["handle"]) == ("approved", "alice", None)


@pytest.mark.parametrize(
    ("language", "scanned", "keyword"),
    [
        ("zh-CN", "已扫码，请在微信中确认", "已收到口令，请在微信中确认"),
        ("en", "Scanned. Confirm in WeChat", "Keyword received. Confirm in WeChat"),
    ],
)
@pytest.mark.parametrize("start", [login, bind_intent], ids=["login", "bind"])
async def test_its_page_says_what_has_come_a_scan_or_a_keyword(world, start, language, scanned, keyword):
    for how, said in (("scan", scanned), ("keyword", keyword)):
        person, started = await world.person(), await start(world)
        await (scan(world, person, started) if how == "scan" else person.say(started["scan"]["keyword"]))
        page = await world.page("GET", started, "/state", headers={"Accept-Language": language})
        assert page["title"] == said


async def test_a_first_time_visitor_signs_up_without_a_second_scan(world):
    person = await world.person()
    started = await login(world)
    assert "还没有账号" in await scan(world, person, started)
    await reply(person, "确认")
    unknown = await read(world, started)
    assert (unknown["status"], unknown["user"]) == ("unknown", None)
    assert person.openid not in unknown.text
    assert (await world.call("GET", f"/v1/bindings?handle={unknown['handle']}"))["bindings"] == []

    bound = await world.call("PUT", "/v1/bindings/alice", {"handle": unknown["handle"]})
    assert (bound.status, bound["openid"], bound["made_by"]) == (201, person.openid, "handle")
    again = await world.call("PUT", "/v1/bindings/alice", {"handle": unknown["handle"]})
    assert again.status == 200


async def test_a_handle_binds_once_for_its_own_site_and_soon(world):
    person = await world.person()
    handle = await handle_of(world, person)
    foreign = await world.call("PUT", "/v1/bindings/alice", {"handle": handle}, key=OTHER_KEY)
    assert (foreign.status, foreign.problem) == (422, "bad-proof")
    torn = await world.call("PUT", "/v1/bindings/alice", {"handle": handle[:-4] + "AAAA"})
    assert torn.problem == "bad-proof"
    assert (await world.call("PUT", "/v1/bindings/alice", {"handle": handle})).status == 201
    await world.call("DELETE", "/v1/bindings/alice")
    for user in ("alice", "mallory"):
        spent = await world.call("PUT", f"/v1/bindings/{user}", {"handle": handle})
        assert (spent.status, spent.problem) == (410, "proof-spent")

    late = await handle_of(world, await world.person())
    await world.advance(901)
    assert (await world.call("PUT", "/v1/bindings/bob", {"handle": late})).problem == "proof-expired"


async def test_a_handle_is_no_longer_handed_out_after_a_while(world):
    started = await login(world)
    person = await world.person()
    await scan(world, person, started)
    await reply(person, "确认")
    await world.advance(901)
    assert (await read(world, started))["handle"] is None


@pytest.mark.parametrize("no", ["不是我", "拒绝"])
async def test_a_no_declines(world, no):
    person = await world.bound("alice")
    started = await login(world)
    await scan(world, person, started)
    assert "已拒绝" in await reply(person, no)
    assert await status(world, started) == "declined"
    assert await reply(person, "确认") != "登录成功"
    assert await status(world, started) == "declined"


async def test_of_several_accounts_one_is_chosen(new_world):
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person = await world.bound("alice")
        await world.bind("robert", person)
        started = await login(world)
        asked = await scan(world, person, started)
        assert "1. a***e" in asked
        assert "2. r***t" in asked
        assert "2. r***t" in await reply(person, "确认")
        assert await status(world, started) == "scanned"
        assert "r***t" in await reply(person, "3")
        assert "登录成功" in await reply(person, "2")
        assert (await read(world, started))["user"] == "robert"


async def test_one_that_was_unbound_meanwhile_cannot_be_chosen(new_world):
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person = await world.bound("alice")
        await world.bind("robert", person)
        started = await login(world)
        await scan(world, person, started)
        await world.call("DELETE", "/v1/bindings/robert")
        assert "登录成功" not in await reply(person, "2")
        assert await status(world, started) == "scanned"


async def test_a_number_is_no_yes_to_a_bind_intent_or_to_nothing(world):
    person = await world.person()
    assert await reply(person, "1") is None
    started = await world.call("POST", "/v1/bind-intents", {"user": "alice", "client_ip": "192.0.2.1"})
    await scan(world, person, started)
    assert await reply(person, "1") is None
    assert (await binding(world, "alice")).status == 404


@pytest.mark.parametrize("bound", [True, False], ids=["one account", "no account"])
async def test_a_number_is_no_yes_where_none_was_offered(world, bound):
    """Scan this and reply 1 for the coupon, somebody says: only the word that the question names is a yes."""
    person = await world.bound("alice") if bound else await world.person()
    started = await login(world)
    asked = await scan(world, person, started)
    assert "回复“确认”" in asked
    assert "1." not in asked
    for text in ("1", "１", "2", "7", "1.", "3。", "yes", "好", "ok"):
        assert await reply(person, text) is None, text
        assert await status(world, started) == "scanned"
    assert await reply(person, "确认")
    assert await status(world, started) == ("approved" if bound else "unknown")


async def test_who_was_unbound_after_the_question_is_not_answered_for(world):
    """The question named alice. A yes to it logs in nobody else, and makes no visitor of the person."""
    person = await world.bound("alice")
    started = await login(world)
    assert "a***e" in await scan(world, person, started)
    await world.call("DELETE", "/v1/bindings/alice")
    await world.bind("robert", person)
    assert "登录成功" not in await reply(person, "确认")
    ended = await read(world, started)
    assert (ended["status"], ended["user"], ended["handle"]) == ("canceled", None, None)


async def test_a_yes_that_answered_nothing_answers_nothing_later(world):
    """Whoever reads the line sends the same bytes again, after the person has scanned a login of theirs."""
    person = await world.bound("alice")
    decide = IntentDecisions(world.app[SERVICES].store, world.app[SERVICES].directory, None, None).decide
    account = world.app[SERVICES].directory.accounts["main"]
    early = await decide(account, person.openid, yes=True, dedupe="message 1")
    assert early.outcome is Outcome.ABSENT
    started = await login(world)
    await scan(world, person, started)
    assert (await decide(account, person.openid, yes=True, dedupe="message 1")).outcome is Outcome.ABSENT
    assert await status(world, started) == "scanned"
    assert (await decide(account, person.openid, yes=True, dedupe="message 2")).outcome is Outcome.APPROVED


async def test_a_login_lives_five_minutes(world):
    person = await world.bound("alice")
    started = await login(world)
    await scan(world, person, started)
    await world.advance(301)
    assert "已过期" in await reply(person, "确认")
    assert await status(world, started) == "expired"


async def test_without_a_key_nothing_is_read(world):
    started = await login(world)
    assert (await world.call("GET", path_of(started), key=None)).status == 401
    assert (await read(world, started, key=OTHER_KEY)).status == 404


async def test_look_ups_the_other_way_give_no_openid_away(world):
    person = await world.bound("alice")
    name = (await binding(world, "alice"))["openid_handle"]
    assert person.openid not in name
    found = await world.call("GET", f"/v1/bindings?openid_handle={name}")
    assert [line["user"] for line in found["bindings"]] == ["alice"]
    for query in (
        "",
        "?openid_handle=oh_nonsense",
        f"?handle={name}",
        f"?openid_handle={name}&openid=x",
        "?user=alice",
    ):
        assert (await world.call("GET", f"/v1/bindings{query}")).status in {400, 422}
    assert (await world.call("GET", f"/v1/bindings?openid_handle={name}", key=OTHER_KEY)).problem == "bad-proof"


async def test_a_key_without_the_scope_sees_no_openid(new_world):
    keys = [{"name": "web", "hash": None, "scopes": ["bindings"]}]
    from codesvc.config.api_keys import hash_line
    from tests.world import KEY

    weak = "csk_shop_" + "w" * 43
    keys = [
        {"name": "server", "hash": hash_line(KEY), "scopes": ["verify", "bindings", "openids"]},
        {"name": "weak", "hash": hash_line(weak), "scopes": ["bindings"]},
    ]
    async with new_world(sites__shop__keys=keys) as world:
        person = await world.bound("alice")
        seen = await binding(world, "alice", key=weak)
        assert person.openid not in seen.text
        assert "unionid" not in seen.json
        listed = await world.call("GET", f"/v1/bindings?openid_handle={seen['openid_handle']}", key=weak)
        assert listed.status == 200
        assert person.openid not in listed.text
        assert (await world.call("GET", f"/v1/bindings?openid={person.openid}", key=weak)).problem == "forbidden"
        assert (await world.call("GET", "/v1/bindings?unionid=x", key=weak)).problem == "forbidden"
        by_openid = await world.call("GET", f"/v1/bindings?openid={person.openid}")
        assert [line["user"] for line in by_openid["bindings"]] == ["alice"]
        told = await world.call("GET", "/v1/bindings/alice/history", key=weak)
        assert person.openid not in told.text
