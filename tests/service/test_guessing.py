"""Wrong guesses are budgeted across codes, verifications, sessions and time; a new code refunds nothing (rule 3)."""

import pytest

from tests.service.inside import code_of
from tests.world import KEY, OTHER_KEY, wrong


async def guess(world, started, times=1, **more):
    return [await world.check(started, wrong(code_of(world, started)), **more) for _ in range(times)]


async def test_attempts_run_out_and_the_right_code_comes_too_late(world):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    answers = await guess(world, started, 5)
    assert [a["attempts_left"] for a in answers] == [4, 3, 2, 1, 0]
    late = await world.check(started, await person.code_in_chat())
    assert (late.status, late.problem, late["verification_status"]) == (410, "verification-ended", "exhausted")
    assert (await world.get(started))["status"] == "exhausted"
    await person.say(started["scan"]["keyword"])
    assert "已失效" in await person.last_text()


async def test_a_new_code_refunds_nothing_and_an_hour_gives_ten_more(world):
    for round_ in range(2):
        statuses = []
        for n in range(3):
            started = await world.start("alice", ip=f"198.51.100.{n}")
            statuses += [a.status for a in await guess(world, started, 4, client_ip=f"203.0.113.{n}")]
        assert statuses == [422] * 10 + [429] * 2, round_
        await world.advance(3600)


async def test_the_month_holds_a_hundred(world):
    wrong_ones = 0
    for _ in range(11):
        for n in range(2):
            started = await world.start("alice", ip=f"198.51.100.{n}")
            wrong_ones += sum(a.status == 422 for a in await guess(world, started, 5, client_ip="203.0.113.1"))
        await world.advance(3601)
    assert wrong_ones == 100


async def test_resend_and_other_purposes_share_the_users_budget(world):
    first = await world.start("alice")
    await guess(world, first, 4)
    await world.advance(61)
    await world.resend(first)
    assert (await world.get(first))["attempts_left"] == 1
    second = await world.start("alice", "reset")
    await guess(world, second, 4)
    third = await world.start("alice", "reset")
    assert [a.status for a in await guess(world, third, 3)] == [422, 422, 429]


async def test_having_scanned_lifts_the_users_budget_for_the_bound_wechat_only(world):
    statuses = []
    for n in range(3):
        person, started = await world.person(), await world.start("alice", ip=f"198.51.100.{n}")
        await person.say(started["scan"]["keyword"])
        statuses += [a.status for a in await guess(world, started, 4)]
    assert statuses == [422] * 10 + [429] * 2


async def test_the_page_and_the_api_share_the_users_budget(world):
    started = [await world.start("alice", ip=f"198.51.100.{n}") for n in range(3)]
    for verification in started[:2]:
        code = wrong(code_of(world, verification))
        assert [(await world.page("POST", verification, "/check", {"code": code})).status for _ in range(5)] == [
            422
        ] * 5
    assert [a.status for a in await guess(world, started[2], 1)] == [429]


async def test_one_address_spraying_many_users_is_stopped(world):
    statuses = []
    for n in range(22):
        started = await world.start(f"user-{n}")
        [answer] = await guess(world, started, client_ip="203.0.113.9")
        statuses.append((answer.status, answer.json.get("limit")))
    assert statuses == [(422, None)] * 20 + [(429, "address_guesses")] * 2
    elsewhere = await guess(world, started, client_ip="203.0.113.10")
    assert elsewhere[0].status == 422


async def test_without_an_address_the_starts_address_is_counted(new_world):
    async with new_world(sites__shop__limits={"address_guesses": ["2/hour"]}) as world:
        started = await world.start(ip="192.0.2.55")
        assert [a.status for a in await guess(world, started, 3)] == [422, 422, 429]


async def test_past_the_sites_limit_codes_grow_to_eight_digits_and_nobody_is_refused(new_world):
    limits = {"site_guesses": ["3/day"], "address_guesses": "none", "user_guesses": "none"}
    async with new_world(sites__shop__limits=limits) as world:
        before = await world.start("u-1")
        await guess(world, before, 3)
        person, after, other = await world.person(), await world.start("u-2"), await world.start("u-3", "reset")
        await person.say(after["scan"]["keyword"])
        code = await person.code_in_chat()
        assert len(code) == 8
        assert (await world.page("GET", after, "/state"))["code_length"] == 8
        assert (await world.check(after, code)).status == 200
        # Per purpose: nobody guesses at resets.
        assert (await world.page("GET", other, "/state"))["code_length"] == 6
        await world.advance(86_401)
        assert (await world.page("GET", await world.start("u-4"), "/state"))["code_length"] == 6


async def test_past_the_sites_limit_a_code_from_before_takes_one_guess_until_somebody_scans(new_world):
    limits = {"site_guesses": ["3/day"], "address_guesses": "none", "user_guesses": "none"}
    async with new_world(sites__shop__limits=limits) as world:
        owner, others = await world.bound("alice"), await world.start("u-1")
        mine = await world.start("alice", "reset")
        code = await owner.wait_for_push()
        await guess(world, await world.start("u-2", "reset"), 3)
        assert [a.status for a in await guess(world, mine, 2)] == [422, 429]
        refused = await world.check(mine, code)
        assert (refused.problem, refused["limit"]) == ("guess-budget", "site_guesses")
        headers = {"Accept": "text/html", "Accept-Language": "en"}
        assert "start again" in (await world.page("POST", mine, "/check", data={"code": code}, headers=headers)).text
        await owner.say(mine["scan"]["keyword"])
        assert (await world.check(mine, code)).status == 200
        # Per purpose: nobody guesses at sign-ups.
        assert [a.status for a in await guess(world, others, 2)] == [422, 422]


async def test_another_sites_guesses_are_its_own(new_world):
    async with new_world(sites__cafe__limits={"user_guesses": ["1/hour"]}) as world:
        cafe = await world.start("alice", key=OTHER_KEY)
        assert [a.status for a in await guess(world, cafe, 2, key=OTHER_KEY)] == [422, 429]
        shop = await world.start("alice", key=KEY)
        assert (await guess(world, shop))[0].status == 422


async def test_a_right_code_costs_no_budget(world):
    for n in range(12):
        person, started = await world.person(), await world.start("alice", ip=f"198.51.100.{n}")
        await person.say(started["scan"]["keyword"])
        assert (await world.check(started, await person.code_in_chat())).status == 200


MALFORMED = [
    "12345",
    "1234567",
    "12345a",
    "ABCDEF",
    "。",
    "\u200b\ufeff",
    "- -",
    "1234５６７",
    "12३45",
    "½½½½½½",
    "一二三四五六",
]


async def test_what_cannot_be_a_code_is_no_guess(world, dump):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    code, before = await person.code_in_chat(), dump()
    for text in MALFORMED * 3:
        answer = await world.check(started, text)
        assert (answer.status, answer.problem) == (422, "malformed-code"), text
        answer = await world.page("POST", started, "/check", {"code": text})
        assert (answer.status, answer.problem) == (422, "malformed-code"), text
    assert dump() == before
    assert (await world.get(started))["attempts_left"] == 5
    page = await world.page(
        "POST", started, "/check", data={"code": "12345"}, headers={"Accept": "text/html", "Accept-Language": "zh"}
    )
    assert "请输入微信消息里完整的验证码" in page.text
    pasted = f"\u202a\u200b{code[:3]} {code[3:].translate({48 + n: 0x0660 + n for n in range(10)})}\u202c。"
    assert (await world.check(started, pasted)).status == 200
    assert (await world.check(started, "12345")).problem == "verification-ended"


AROUND_A_CODE = [
    "验证码：{}",
    "验证码:{}。",
    "您的验证码是{}，5分钟内有效。",
    "【商城】您正在注册，验证码（{reference}）：{}\n如果不是您本人操作，请回复“不是我”",
    "code: {}",
    "Your sign-up code ({reference}) is {}, good for 5 min",
    "{half} {rest}",
    "验证码 {half}-{rest}",
    "{}（请勿转发）",
    "\ufeff验证码：\u200b{wide}",
    "{}，{}",
    "微信 2026年11月29日 {}",
]


@pytest.mark.parametrize("way", ["body", "data"])
async def test_a_code_is_read_out_of_what_people_paste_by_every_way(world, way):
    for number, around in enumerate(AROUND_A_CODE):
        person = await world.person()
        started = await world.start(f"u-{number}", ip=f"198.51.100.{number}")
        await person.say(started["scan"]["keyword"])
        code = await person.code_in_chat()
        wide = code.translate({48 + n: 0xFF10 + n for n in range(10)})
        text = around.format(code, code, reference=started["reference"], half=code[:3], rest=code[3:], wide=wide)
        if number % 2 or way == "data":
            answer = await world.page("POST", started, "/check", **{way: {"code": text}})
        else:
            answer = await world.check(started, text)
        assert answer.status in {200, 303}, (text, answer.text)
        assert (await world.get(started))["status"] == "approved"


NO_CODE_OF_ONE = [
    "111111 or 222222",
    "验证码（{other}）：111111",
    "验证码：11111",
    "验证码：1111111",
    "订单号 1234567890",
    "abc111111",
    "111111abc",
    "no code in there",
    "1 1 1 1 1 1 1",
]


async def test_a_text_without_exactly_one_code_is_no_guess(world):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    other = "AC" if started["reference"] != "AC" else "AD"
    for text in NO_CODE_OF_ONE:
        assert (await world.check(started, text.format(other=other))).problem == "malformed-code", text
    assert (await world.get(started))["attempts_left"] == 5
    assert (await world.check(started, "。" * 1001)).status == 400


async def test_what_cannot_be_a_code_says_nothing_about_other_verifications(world):
    started = await world.start()
    assert (await world.check(started, "12345", key=OTHER_KEY)).problem == "not-found"
    assert (
        await world.call("POST", f"/v1/verifications/vf_abcdd6{'a' * 26}/check", {"code": "x"})
    ).problem == "not-found"


async def test_where_the_guesses_are_used_up_a_misspelt_code_is_still_no_guess(world):
    started = await world.start()
    await guess(world, started, 4)
    for n in range(2):
        await guess(world, await world.start("u-1", ip=f"198.51.100.{n}"), 4)
    assert (await world.check(started, "12345")).problem == "malformed-code"
