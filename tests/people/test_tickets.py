"""From the chat to the site: the link works for whoever asked, in one browser and one session, once."""

import re

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.store import script
from tests.people.asks import bind_by_scan, reply, wait_for_text
from tests.people.browsers import SITE, WITH_CHAT, browser, links_in, open_in_wechat, query_of
from tests.world import KEY, OTHER_KEY

STATE = "the-session-s-own-state"


@pytest.fixture
async def world(new_world):
    async with new_world(**WITH_CHAT) as world:
        yield world


async def link_for(person, text="绑定账号"):
    [link] = links_in(await reply(person, text))
    assert person.openid not in link
    return link


async def arrive(person, link):
    """In WeChat's browser: by way of us to the site, and back with a state; the redeem code."""
    view = await open_in_wechat(person, link)
    assert view["url"].startswith(f"{SITE}/"), view
    view = await open_in_wechat(person, f"{link}/go?state={STATE}")
    query = query_of(view["url"])
    assert query["state"] == STATE
    return query["redeem"]


async def redeem(world, code, state=STATE, **more):
    return await world.call("POST", "/v1/tickets/redeem", {"ticket": code, "state": state}, **more)


async def test_who_asks_in_the_chat_binds_on_the_site(world):
    person = await world.person()
    code = await arrive(person, await link_for(person))
    redeemed = await redeem(world, code)
    assert (redeemed.status, redeemed["kind"]) == (200, "bind")
    assert person.openid not in redeemed.text
    bound = await world.call("PUT", "/v1/bindings/alice", {"handle": redeemed["handle"]})
    assert (bound.status, bound["openid"], bound["made_by"]) == (201, person.openid, "handle")
    assert "已绑定账号" in await reply(person, "绑定账号")


async def test_the_menu_does_what_the_keyword_does(world):
    person = await world.person()
    await world.control("POST", f"/users/{person.openid}/click", {"key": "codesvc_bind"})
    assert links_in(await person.last_text())
    assert await reply(person, "什么都不是") is None


async def test_another_browser_shows_digits_that_the_asker_sends(world):
    person = await world.person()
    link = await link_for(person)
    async with browser() as laptop:
        digits = await laptop.show_digits(link)
        assert "数字正确" in await reply(person, digits)
        onward = await laptop.go(link)
        assert onward.headers["Location"].startswith(f"{SITE}/bind?ticket=")
        onward = await laptop.go(f"{link}/go?state={STATE}")
        code = query_of(onward.headers["Location"])["redeem"]
        assert (await redeem(world, code)).status == 200


async def test_three_wrong_digits_end_the_ticket(world):
    person = await world.person()
    link = await link_for(person)
    async with browser() as laptop:
        digits = await laptop.show_digits(link)
        other = f"{(int(digits) + 1) % 1_000_000:06}"
        assert "还可以再试 2 次" in await reply(person, other)
        assert "还可以再试 1 次" in await reply(person, other)
        assert "作废" in await reply(person, other)
        assert (await laptop.go(link)).status == 410
        assert await reply(person, digits) is None


async def test_digits_of_another_wechat_prove_nothing(world):
    person, stranger = await world.person(), await world.person()
    link = await link_for(person)
    async with browser() as laptop:
        digits = await laptop.show_digits(link)
        assert await reply(stranger, digits) is None
        assert "Location" not in (await laptop.go(link)).headers


async def test_ones_own_link_sent_to_a_logged_in_victim_fails_in_wechat(world):
    attacker, victim = await world.person(), await world.person()
    link = await link_for(attacker)
    view = await open_in_wechat(victim, link)
    assert view["status"] == 403
    assert SITE not in view["url"]
    # Even after the attacker himself has come through.
    await arrive(attacker, link)
    assert (await open_in_wechat(victim, link))["status"] == 403
    assert (await open_in_wechat(victim, f"{link}/go?state={STATE}"))["status"] == 403


async def test_ones_own_link_sent_to_a_victims_laptop_fails(world):
    attacker = await world.person()
    link = await link_for(attacker)
    async with browser() as mine, browser() as victims:
        await victims.show_digits(link)
        digits = await mine.show_digits(link)
        assert "数字正确" in await reply(attacker, digits)
        assert (await victims.go(link)).status == 200
        assert (await victims.go(f"{link}/go?state={STATE}")).status == 403


async def test_the_return_from_wechat_sent_to_a_victim_fails(world):
    attacker, victim = await world.person(), await world.person()
    link = await link_for(attacker)
    view = await open_in_wechat(attacker, link)
    back = next(hop["url"] for hop in view["hops"] if "/oauth?" in hop["url"])
    assert (await open_in_wechat(victim, back))["status"] == 403
    async with browser() as laptop:
        assert (await laptop.go(back)).status == 403
        assert "Location" not in (await laptop.go(link)).headers


async def test_a_redeem_code_slipped_under_another_session_fails(world):
    attacker = await world.person()
    code = await arrive(attacker, await link_for(attacker))
    refused = await redeem(world, code, "the-victim-s-session-state")
    assert (refused.status, refused.problem) == (422, "bad-ticket")
    assert (await redeem(world, code)).status == 200


async def test_a_link_is_not_a_redeem_code(world):
    person = await world.person()
    link = await link_for(person)
    await arrive(person, link)
    assert (await redeem(world, link.rpartition("/")[2])).problem == "bad-ticket"


async def test_replaying_fails(world):
    person = await world.person()
    link = await link_for(person)
    code = await arrive(person, link)
    assert (await redeem(world, code)).status == 200
    again = await redeem(world, code)
    assert (again.status, again.problem) == (410, "ticket-spent")
    assert (await open_in_wechat(person, link))["status"] == 410


async def test_changing_any_part_fails(world):
    person = await world.person()
    link = await link_for(person)
    code = await arrive(person, link)
    for at in range(len(code)):
        changed = code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1 :]
        assert (await redeem(world, changed)).problem == "bad-ticket", at
    token = link.rpartition("/")[2]
    async with browser() as other:
        for at in range(0, len(token), 3):
            changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
            assert (await other.go(f"{world.service}/t/{changed}")).status == 404, at
    assert (await redeem(world, code, key=OTHER_KEY)).problem == "bad-ticket"


async def test_it_expires(world):
    person = await world.person()
    link = await link_for(person)
    code = await arrive(person, link)
    await world.advance(601)
    assert (await redeem(world, code)).problem == "ticket-expired"
    assert (await open_in_wechat(person, link))["status"] == 410


async def test_reset_from_the_chat(world):
    person = await world.bound("alice")
    text = await reply(person, "重置密码")
    assert "a***e" in text
    assert "alice" not in text
    code = await arrive(person, links_in(text)[0])
    redeemed = await redeem(world, code)
    assert (redeemed["kind"], redeemed["user"], redeemed["handle"]) == ("reset", "alice", None)
    claims = await world.call("POST", "/v1/proofs/verify", {"proof": redeemed["proof"]})
    assert (claims["sub"], claims["purpose"], claims["basis"], claims["vf"]) == (
        "alice", "reset", "bound", redeemed["verification"],
    )  # fmt: skip
    assert (await world.call("POST", "/v1/proofs/verify", {"proof": redeemed["proof"]})).problem == "proof-spent"
    read = await world.call("GET", f"/v1/verifications/{redeemed['verification']}")
    assert (read["status"], read["user"]) == ("approved", "alice")
    await wait_for_text(person, "已通过验证")


async def test_a_reset_for_somebody_unbound_meanwhile_fails(world):
    person = await world.bound("alice")
    code = await arrive(person, links_in(await reply(person, "重置密码"))[0])
    await world.call("DELETE", "/v1/bindings/alice")
    assert (await redeem(world, code)).problem == "bad-ticket"


async def test_a_reset_from_before_an_unbinding_fails_when_the_same_wechat_is_bound_again(world):
    person = await world.bound("alice")
    early = await arrive(person, links_in(await reply(person, "重置密码"))[0])
    link = links_in(await reply(person, "重置密码"))[0]
    await world.call("DELETE", "/v1/bindings/alice")
    assert (await world.bind("alice", person)).status == 201
    assert (await redeem(world, early)).problem == "bad-ticket"
    assert (await redeem(world, await arrive(person, link))).problem == "bad-ticket"
    await world.advance(1)
    late = await arrive(person, links_in(await reply(person, "重置密码"))[0])
    assert (await redeem(world, late))["user"] == "alice"


@pytest.fixture
def short_lists(monkeypatch):
    """To be asked for before the world, which reads the scripts."""
    monkeypatch.setattr(script, "MOST_RECENT", 2)
    monkeypatch.setattr(script, "MOST_SENT", 1)
    script.load.cache_clear()
    yield 2 + 1
    script.load.cache_clear()


async def test_no_reset_is_approved_while_not_me_has_no_room_for_it(short_lists, world):
    """ "Not me" has to find it, and the script that stops all holds the store, so its lists are short."""
    person, other = await world.bound("alice"), await world.bound("bob")
    code = await arrive(person, links_in(await reply(person, "重置密码"))[0])
    for number in range(short_lists):
        started = await world.start(f"new-{number}", client_ip=f"198.51.100.{number}")
        await reply(person, started["scan"]["keyword"])
    assert (await redeem(world, code)).problem == "ticket-expired"
    assert (await redeem(world, await arrive(other, links_in(await reply(other, "重置密码"))[0])))["user"] == "bob"


async def test_who_is_bound_to_nobody_resets_nothing(world):
    assert "没有绑定账号" in await reply(await world.person(), "忘记密码")


async def test_requests_are_limited(world):
    person = await world.person()
    for _ in range(10):
        await link_for(person)
    assert "过多" in await reply(person, "绑定账号")


async def test_each_account_gets_its_own_link(new_world):
    async with new_world(**WITH_CHAT, sites__shop__users_per_wechat="many") as world:
        person = await world.person()
        for user in ("alice", "robert"):
            await bind_by_scan(world, user, person)
        text = await reply(person, "重置密码")
        assert len(links_in(text)) == 2
        assert re.findall(r"(\w\*\*\*\w)", text) == ["a***e", "r***t"]


@pytest.mark.parametrize(("greedy", "modest"), [("shop", "cafe"), ("cafe", "shop")])
async def test_a_site_with_many_users_leaves_the_others_their_links(new_world, greedy, modest):
    """The sites of an account share the nine links of an answer, and a site binds openids as it likes."""
    both = {"origins": [SITE], "chat": WITH_CHAT["sites__shop__chat"]}
    chat = {f"sites__{site}__{option}": chosen for site in ("shop", "cafe") for option, chosen in both.items()}
    keys = {"shop": KEY, "cafe": OTHER_KEY}
    async with new_world(**chat, **{f"sites__{greedy}__users_per_wechat": "many"}) as world:
        person = await world.person()
        for site, user in ((modest, "alice"), *((greedy, f"filler-{number:02}") for number in range(12))):
            answer = await world.call("PUT", f"/v1/bindings/{user}", {"openid": person.openid}, key=keys[site])
            assert answer.status == 201, answer.text
        text = await reply(person, "重置密码")
        assert len(links_in(text)) == 9
        assert "a***e" in text


async def test_every_site_of_an_account_comes_to_its_turn_where_there_are_more_than_nine(new_world):
    limits = {"openid_keywords": "none"}
    own = {"account": "main", "origins": [SITE], "chat": WITH_CHAT["sites__shop__chat"], "limits": limits}
    many = {}
    for name in (f"site{number:02}" for number in range(12)):
        keys = [{"name": "a", "hash": hash_line(name * 9), "scopes": ["verify"]}]
        many[f"sites__{name}"] = own | {"name": name, "keys": keys}
    async with new_world(**many, sites__shop__limits=limits, sites__cafe__limits=limits) as world:
        person, seen = await world.person(), set()
        for _ in range(40):
            text = await reply(person, "绑定账号")
            found = re.findall(r"site\d\d", text)
            assert len(links_in(text)) == len(set(found)) == 9
            assert found == sorted(found), "in their order, wherever it begins"
            seen |= set(found)
        assert len(seen) == 12


async def test_without_an_address_the_keyword_means_nothing(new_world):
    async with new_world() as world:
        assert await reply(await world.person(), "重置密码") is None


async def test_a_redemption_whose_answer_was_lost_is_repeated_by_its_key(world):
    person = await world.person()
    code, once = await arrive(person, await link_for(person)), {"Idempotency-Key": "r-1"}
    first = await redeem(world, code, headers=once)
    again = await redeem(world, code, headers=once)
    assert (first.status, again.status, again["kind"]) == (200, 200, "bind")
    assert (await redeem(world, code, "another-state", headers=once)).problem in {"bad-ticket", "idempotency-mismatch"}
    assert (await redeem(world, code)).problem == "ticket-spent"
    assert (await redeem(world, code, headers={"Idempotency-Key": "r-2"})).problem == "ticket-spent"
    bound = await world.call("PUT", "/v1/bindings/alice", {"handle": again["handle"]})
    assert bound.status == 201
    other = await world.call("PUT", "/v1/bindings/bob", {"handle": first["handle"]})
    assert other.problem == "proof-spent", "one ticket, one binding, however many handles"


async def test_a_late_repeat_brings_no_handle_that_lives_longer(world):
    person = await world.person()
    code, once = await arrive(person, await link_for(person)), {"Idempotency-Key": "r-1"}
    assert (await redeem(world, code, headers=once)).status == 200
    await world.advance(800)
    late = await redeem(world, code, headers=once)
    await world.advance(150)
    assert (await world.call("PUT", "/v1/bindings/alice", {"handle": late["handle"]})).problem == "proof-expired"


async def test_a_repeated_reset_is_the_same_verification(world):
    owner = await world.bound("alice")
    code, once = await arrive(owner, await link_for(owner, "重置密码")), {"Idempotency-Key": "r-1"}
    first, again = [await redeem(world, code, headers=once) for _ in range(2)]
    assert (first.status, first["kind"]) == (200, "reset")
    assert again.json == first.json
    other = await arrive(owner, await link_for(owner, "重置密码"))
    assert (await redeem(world, other, headers=once)).problem == "idempotency-mismatch"
