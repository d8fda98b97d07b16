"""Openids that are malformed, or of another account: told at the import, found by a send, and in nobody's way."""

import json

import pytest

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.sandbox.identifiers import derive_openid
from tests.command_line import codesvc as command
from tests.people.test_transfer import CONFIG, openid, write_lines
from tests.world import MASTER, OTHER_KEY

FOREIGN = derive_openid("wx00000000000000aa", "alice")
HOOKS = {"url": "http://127.0.0.1:1/hook", "secrets": ["whsec_" + "c2VjcmV0IG9mIGEgdGVzdCwgbG9uZyBlbm91Z2g="]}


@pytest.fixture
def codesvc(world, store_url, tmp_path):
    text = CONFIG.format(store=store_url, master=MASTER, hash="0" * 64)
    text = text.replace("http://127.0.0.1:2", world.sandbox).replace("wx0123456789abcdef", DEFAULT_ACCOUNT.appid)
    path = tmp_path / "config.toml"
    path.write_text(text.replace('secret = "0123456789abcdef"', f'secret = "{DEFAULT_ACCOUNT.secret}"'))
    path.chmod(0o600)

    async def run(*words):
        return await command("bindings", *words, "--config", path, "--site", "shop")

    return run


def conflicts(path):
    report = path.with_name(path.name + ".conflicts.jsonl")
    return [(line["line"], line["why"]) for line in map(json.loads, report.read_text().splitlines())]


async def test_the_form_is_checked(codesvc, tmp_path):
    path = tmp_path / "in.jsonl"
    bad = ["oBADOPENID", "x" + "A" * 27, "o" + "A" * 28, "gh_0123456789ab", "wx0123456789abcdef", "o" + "A" * 26 + "!"]
    write_lines(path, [{"user": f"u-{n}", "openid": value} for n, value in enumerate([*bad, openid(1)])])
    status, out, _ = await codesvc("import", path)
    assert (status, out.split(",")[0]) == (3, "1 bound")
    whys = conflicts(path)
    assert [line for line, _ in whys] == [1, 2, 3, 4, 5, 6]
    assert "has 10 characters; WeChat's openids have 28" in whys[0][1]
    assert 'begins with "x"' in whys[1][1]
    assert not any(value in why for value, (_, why) in zip(bad, whys, strict=True))


async def test_verify_asks_the_account_in_batches_and_names_the_lines(world, codesvc, tmp_path):
    path = tmp_path / "in.jsonl"
    people = [(await world.person(follows=number % 2 == 0)).openid for number in range(230)]
    strangers = {7: FOREIGN, 120: openid(1), 121: openid(2)}
    rows = [{"user": f"u-{n}", "openid": strangers.get(n, each)} for n, each in enumerate(people)]
    write_lines(path, rows)
    dry = await codesvc("import", path, "--verify", "--dry-run")
    assert (dry[0], dry[1].split(",")[0]) == (3, "227 would be bound")
    status, out, err = await codesvc("import", path, "--verify")
    assert (status, out.split(",")[0]) == (3, "227 bound"), err
    assert "3 with an openid that the account does not have" in out
    assert [line for line, _ in conflicts(path)] == [8, 121, 122]
    assert FOREIGN not in (path.with_name("in.jsonl.conflicts.jsonl")).read_text()
    assert f"{FOREIGN[:4]}…{FOREIGN[-4:]}" in conflicts(path)[0][1]
    asked = (await world.control("GET", "/calls?path=/cgi-bin/user/info/batchget"))["calls"]
    sizes = [len(json.loads(call["request"])["user_list"]) for call in asked]
    assert max(sizes) == 100
    assert len(sizes) < 2 * 3 * 20
    assert (await world.call("GET", "/v1/bindings/u-7")).status == 404
    assert (await world.call("GET", "/v1/bindings/u-8")).status == 200


async def test_verify_respects_the_quota(world, codesvc, tmp_path):
    path = tmp_path / "in.jsonl"
    write_lines(path, [{"user": f"u-{n}", "openid": openid(n)} for n in range(300)])
    quota = {"path": "/cgi-bin/user/info/batchget", "daily": 2, "minute": None}
    await world.control("PUT", f"/accounts/{DEFAULT_ACCOUNT.appid}/quotas", quota)
    status, _, err = await codesvc("import", path, "--verify")
    assert (status, "2 more today; nothing was imported" in err) == (1, True)


async def imported(codesvc, tmp_path, user, value):
    write_lines(tmp_path / "in.jsonl", [{"user": user, "openid": value}])
    assert (await codesvc("import", tmp_path / "in.jsonl"))[0] == 0


async def test_a_send_that_gets_40003_makes_the_binding_unusable(world, codesvc, tmp_path):
    await imported(codesvc, tmp_path, "alice", FOREIGN)
    before = await world.call("GET", "/v1/bindings/alice")
    assert (before["reachable"], before["unreachable_reason"]) == (True, None)
    started = await world.start("alice")
    assert (await world.delivery(started, "awaiting_scan"))["reason"] == "unknown-openid"
    found = await world.call("GET", "/v1/bindings/alice")
    assert (found["reachable"], found["unreachable_reason"]) == (False, "unknown-openid")
    # No further message is tried, so none is charged.
    sent = len((await world.control("GET", "/calls?path=/cgi-bin/message/template/send"))["calls"])
    again = await world.start("alice")
    assert again["delivery"] == {"channel": "scan", "status": "awaiting_scan", "reason": "unreachable"}
    # A sign-up lets anybody scan, as if she were not bound; her scan then binds without any replacing.
    alice = await world.person()
    await alice.scan(await world.scan_url(again))
    checked = await world.check(again, await alice.code_in_chat())
    assert checked.status == 200, checked.text
    bound = await world.call("PUT", "/v1/bindings/alice", {"proof": checked["proof"]})
    assert (bound.status, bound["openid"], bound["reachable"]) == (201, alice.openid, True)
    assert len((await world.control("GET", "/calls?path=/cgi-bin/message/template/send"))["calls"]) == sent
    assert (await world.call("GET", f"/v1/bindings?openid={FOREIGN}"))["bindings"] == []


async def test_a_reset_of_an_unusable_binding_trusts_no_stranger(world, codesvc, tmp_path):
    await imported(codesvc, tmp_path, "alice", FOREIGN)
    await world.delivery(await world.start("alice"), "awaiting_scan")
    stranger, reset = await world.person(), await world.start("alice", "reset")
    await stranger.say(reset["scan"]["keyword"])
    with pytest.raises(AssertionError, match="no code"):
        await stranger.code_in_chat()
    # The site vouches for her: that is how an unbound user gets in.
    vouched = await world.start("alice", "reset", ip="192.0.2.77", vouched=True)
    await stranger.say(vouched["scan"]["keyword"])
    assert (await world.check(vouched, await stranger.code_in_chat())).status == 200


async def test_what_wechat_itself_has_named_stays_the_owner(world):
    """A 40003 for somebody whose scan the account has seen is no way in for others (rule 6)."""
    approved = await world.approved("alice")
    assert (await world.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})).status == 201
    await world.fault("errcode", path="/cgi-bin/message/template/send", errcode=40003, times=1)
    started = await world.start("alice")
    await world.delivery(started, "awaiting_scan")
    assert (await world.call("GET", "/v1/bindings/alice"))["reachable"] is False
    stranger = await world.person()
    await stranger.say(started["scan"]["keyword"])
    with pytest.raises(AssertionError, match="no code"):
        await stranger.code_in_chat()
    assert (await world.bind("alice", stranger)).problem == "binding-conflict"
    # What she does herself shows that the account knows her.
    await world.control("POST", f"/users/{approved['openid']}/send", {"text": "hello"})
    assert (await world.call("GET", "/v1/bindings/alice"))["reachable"] is True


async def test_the_webhook_tells_it_once_and_why(new_world):
    async with new_world(sites__shop__webhook=HOOKS) as world:
        await world.call("PUT", "/v1/bindings/alice", {"openid": FOREIGN})
        await world.call("PUT", "/v1/bindings/bob", {"openid": FOREIGN}, key=OTHER_KEY)
        await world.delivery(await world.start("alice"), "awaiting_scan")
        await world.start("bob", key=OTHER_KEY)
        assert (await world.call("GET", "/v1/bindings/bob", key=OTHER_KEY))["reachable"] is False
        listed = (await world.call("GET", "/v1/webhooks/deliveries"))["deliveries"]
        told = [each for each in listed if each["event"] == "binding.unreachable"]
        assert len(told) == 1
        event = (await world.call("GET", f"/v1/webhooks/deliveries/{told[0]['id']}")).json
        assert '"reason": "unknown-openid"' in json.dumps(event)


@pytest.mark.parametrize("act", ["unbind", "replace"])
async def test_the_mark_stays_while_any_site_of_the_account_has_bound_the_openid(world, act):
    await world.call("PUT", "/v1/bindings/alice", {"openid": FOREIGN})
    await world.call("PUT", "/v1/bindings/bob", {"openid": FOREIGN}, key=OTHER_KEY)
    await world.delivery(await world.start("alice"), "awaiting_scan")
    if act == "unbind":
        assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
    else:
        successor = {"openid": (await world.person()).openid, "replace": True}
        assert (await world.call("PUT", "/v1/bindings/alice", successor)).status == 201
    found = await world.call("GET", "/v1/bindings/bob", key=OTHER_KEY)
    assert (found["reachable"], found["unreachable_reason"]) == (False, "unknown-openid")
    # Bob's binding is still void: another WeChat account takes its place without `replace`.
    bob = {"openid": (await world.person()).openid}
    assert (await world.call("PUT", "/v1/bindings/bob", bob, key=OTHER_KEY)).status == 201
    # No site has it any more, so nothing is kept of it: bound again, it is tried again.
    assert (await world.call("PUT", "/v1/bindings/carol", {"openid": FOREIGN})).status == 201
    assert (await world.call("GET", "/v1/bindings/carol"))["reachable"] is True
