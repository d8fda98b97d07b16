"""Plaintext mode: nothing covers the body, so no reply decides and no link stands in an answer (DESIGN rule 9)."""

from dataclasses import replace

import pytest

from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT
from tests.people.asks import bind_intent, login, read, reply, scan_url, status, wait_for_text
from tests.people.browsers import WITH_CHAT, browser, links_in, open_in_wechat, press


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
