"""An event is believed as far as it is signed (DESIGN rule 9)."""

import asyncio
import re
from dataclasses import replace

import pytest

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from tests.service.callbacks import post, push_of
from tests.world import discloses


@pytest.fixture
async def plain(new_world):
    async with new_world(account=replace(DEFAULT_ACCOUNT, mode="plaintext")) as world:
        yield world


async def code_of_last_text(person):
    for _ in range(400):
        if found := re.search(r"^(\d{6})$", (await person.texts())[-1], re.MULTILINE):
            return found[1]
        await asyncio.sleep(0.01)
    raise AssertionError("no code came")


async def test_the_code_leaves_by_a_customer_service_message_and_not_in_the_answer(plain):
    person, started = await plain.person(), await plain.start()
    await person.scan(await plain.scan_url(started))
    code = await code_of_last_text(person)
    calls = await plain.control("GET", "/calls?path=/cgi-bin/message/custom/send")
    assert [call["request"].count(code) for call in calls["calls"]] == [1]
    answers = (await plain.control("GET", "/callbacks"))["callbacks"]
    assert answers
    assert not [answer for answer in answers if discloses(answer["response"], code)]
    assert (await plain.delivery(started, "sent"))["channel"] == "customer_service"
    assert (await plain.check(started, code)).status == 200


async def test_a_forged_scan_in_anothers_name_shows_the_forger_nothing(plain):
    """Whoever saw one query string can sign any body; the message still goes to the person named."""
    owner, started = await plain.bound("alice"), await plain.start("alice", "reset")
    await owner.say("hello")
    account = plain.platform.default_account
    answer = await post(plain, push_of(account, owner.openid, text=started["scan"]["keyword"]), mode="plaintext")
    assert answer.status == 200
    code = await code_of_last_text(owner)
    assert not discloses(answer.text, code)


async def test_leaving_is_not_believed_without_a_signature(plain):
    person = await plain.bound("alice")
    await post(plain, push_of(plain.platform.default_account, person.openid, event="unsubscribe"), mode="plaintext")
    assert (await plain.call("GET", "/v1/bindings/alice"))["reachable"] is True


async def test_a_safe_account_reads_nothing_outside_the_envelope(world, dump_kept):
    person, started = await world.person(), await world.start()
    before = dump_kept()
    account = world.platform.default_account
    naked = push_of(account, person.openid, text=started["scan"]["keyword"])
    refused = await post(world, naked, mode="plaintext")
    assert refused.status in {400, 403}
    assert refused.problem in {"bad-callback", "bad-signature"}
    assert dump_kept() == before


async def test_in_compatible_mode_the_plain_elements_beside_it_are_not_read(new_world):
    async with new_world(account=replace(DEFAULT_ACCOUNT, mode="compatible")) as world:
        person, thief, started = await world.person(), await world.person(), await world.start()
        account = world.platform.default_account
        answer = await post(
            world,
            push_of(account, thief.openid, text="hello"),
            mode="compatible",
            outside=push_of(account, person.openid, text=started["scan"]["keyword"]),
        )
        assert answer.status == 200
        assert (await world.get(started))["delivery"]["status"] == "awaiting_scan"
