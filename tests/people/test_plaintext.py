"""Plaintext mode: nothing covers the body, so no reply decides and no link stands in an answer (DESIGN rule 9)."""

from dataclasses import replace

import pytest

from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT
from tests.people.asks import bind_intent, binding, login, read, reply, scan_url, status, wait_for_text
from tests.people.browsers import WITH_CHAT, browser, links_in, open_in_wechat, press
from tests.service.callbacks import post, push_of
from tests.world import KEY


@pytest.fixture
async def world(new_world):
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    async with new_world(account=account, **WITH_CHAT) as world:
        yield world


async def test_a_question_leaves_by_a_message_of_our_own_and_only_its_link_decides(world):
    person = await world.bound("alice")
    started = await login(world)
    answer = await person.scan(await scan_url(world, started))
    assert not any(links_in(message.get("content", "")) for message in answer["messages"])
    asked = await wait_for_text(person, started["reference"])
    assert "回复“确认”" not in asked
    assert await reply(person, "确认") is None
    assert await status(world, started) == "scanned"
    view = await open_in_wechat(person, links_in(asked)[0])
    assert "登录成功" in (await press(person, view, "yes"))["body"]
    assert (await read(world, started))["user"] == "alice"


async def test_a_template_with_a_questions_name_does_not_keep_the_question_back(new_world):
    """The question was rendered when it was queued, so there is nothing left to fill a template with."""
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    question = {"template_id": CATEGORY_TEMPLATE_ID, "fields": {"thing2": "{{ site }}"}}
    async with new_world(account=account, accounts__main__messages__question=question, **WITH_CHAT) as world:
        person = await world.bound("alice")
        started = await login(world)
        await person.scan(await scan_url(world, started))
        assert links_in(await wait_for_text(person, started["reference"]))


async def test_binding_works_the_same_way(world):
    person = await world.person()
    started = await bind_intent(world)
    await person.scan(await scan_url(world, started))
    asked = await wait_for_text(person, started["reference"])
    await press(person, await open_in_wechat(person, links_in(asked)[0]), "yes")
    assert await status(world, started) == "bound"


async def test_a_ticket_leaves_by_a_message_of_our_own_and_digits_count_for_nothing(world):
    person = await world.bound("alice")
    answer = await person.say("重置密码")
    assert not any(links_in(message.get("content", "")) for message in answer["messages"])
    [link] = links_in(await wait_for_text(person, "重置密码</a>"))
    async with browser() as laptop:
        digits = await laptop.show_digits(link)
        assert await reply(person, digits) is None
        assert "Location" not in (await laptop.go(link)).headers
    assert (await open_in_wechat(person, link))["url"].endswith(link.rpartition("/")[2])


async def forge(world, person, text, **more):
    """Post a message in another's name: whoever saw one signed query can."""
    return await post(
        world, push_of(world.platform.default_account, person.openid, text=text, **more), mode="plaintext"
    )


async def sign_from_now_on(world):
    """The console is set to compatible mode, while the configuration still says plaintext: WeChat encrypts as well."""
    path = f"/accounts/{world.platform.default_account.appid}"
    assert (await world.control("PATCH", path, {"mode": "compatible"}))["mode"] == "compatible"


@pytest.mark.parametrize("bind", [False, True])
async def test_a_forged_scan_is_not_what_a_persons_own_yes_answers(world, bind):
    await sign_from_now_on(world)
    person = await world.bound("alice") if not bind else await world.person()
    begin = bind_intent if bind else login
    own, forgers = await begin(world), await begin(world)
    await person.say(own["scan"]["keyword"])
    await forge(world, person, forgers["scan"]["keyword"])
    assert await status(world, forgers) == "scanned"
    await reply(person, "确认")
    assert await status(world, forgers) == "scanned"
    assert await status(world, own) == ("bound" if bind else "approved")


async def test_a_forged_scan_binds_nobody_where_a_scan_binds_unasked(new_world):
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    async with new_world(account=account, sites__shop__confirm_bind=False) as world:
        person = await world.person()
        started = await bind_intent(world, "mallory")
        answer = await forge(world, person, started["scan"]["keyword"])
        assert "绑定成功" not in answer.text
        assert (await status(world, started), (await binding(world, "mallory")).status) == ("scanned", 404)
        # The person is asked, and an honest one binds by the link.
        asked = await wait_for_text(person, started["reference"])
        await press(person, await open_in_wechat(person, links_in(asked)[0]), "yes")
        assert await status(world, started) == "bound"
        # Signed scans bind unasked as before.
        await sign_from_now_on(world)
        other, signed = await world.person(), await bind_intent(world, "bob")
        await other.say(signed["scan"]["keyword"])
        assert await status(world, signed) == "bound"


@pytest.mark.parametrize("wanted", ["bound", "conflict", "declined"])
async def test_what_became_of_a_question_is_told_to_the_person_and_not_to_who_forges_a_scan(world, wanted):
    person = await world.person()
    if wanted == "conflict":
        await world.call("PUT", "/v1/bindings/other", {"openid": person.openid}, key=KEY)
    started = await bind_intent(world, display="七号会员")
    first = await forge(world, person, started["scan"]["keyword"])
    asked = await wait_for_text(person, started["reference"])
    await press(person, await open_in_wechat(person, links_in(asked)[0]), "no" if wanted == "declined" else "yes")
    assert await status(world, started) == wanted
    again = await forge(world, person, started["scan"]["keyword"])
    assert content_of(again) == content_of(first)


def content_of(answer):
    return answer.text.partition("<Content>")[2].partition("</Content>")[0]


async def test_a_forgers_own_request_under_anothers_message_id_gets_none_of_their_links(world):
    """Their own WeChat gets the answer to what it asked, whoever used the message's id before."""
    person, forger = await world.bound("alice"), await world.bound("mallory")
    await forge(world, person, "重置密码", MsgId=41)
    theirs = await wait_for_text(person, "重置密码</a>")
    await forge(world, forger, "重置密码", MsgId=41)
    own = await wait_for_text(forger, "重置密码</a>")
    assert links_in(own) != links_in(theirs)
    assert (await open_in_wechat(forger, links_in(own)[0]))["url"].endswith(links_in(own)[0].rpartition("/")[2])


async def test_forged_scans_send_a_person_no_more_questions_than_they_may_send_keywords(new_world):
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    async with new_world(account=account, sites__shop__limits={"openid_keywords": ["3/hour"]}) as world:
        person, started = await world.person(), await bind_intent(world)
        url = await scan_url(world, started)
        scene = next(code.spec.scene for code in world.platform.codes.recent(100) if code.url == url)
        said = []
        for number in range(6):
            event = push_of(world.platform.default_account, person.openid, event="SCAN", key=scene, CreateTime=number)
            said.append(content_of(await post(world, event, mode="plaintext")))
        assert ["分钟" in text for text in said] == [False] * 3 + [True] * 3
        await wait_for_text(person, started["reference"])


async def test_where_nobody_could_confirm_nothing_begins(new_world):
    account = replace(DEFAULT_ACCOUNT, mode="plaintext", kind="verified_subscription")
    kind = {"accounts__main__kind": "verified_subscription", "accounts__main__messages": {}}
    async with new_world(account=account, **kind) as world:
        for started in (await bind_intent(world), await login(world)):
            assert (started.status, started.problem) == (400, "invalid")
            assert "安全模式" in started.text
