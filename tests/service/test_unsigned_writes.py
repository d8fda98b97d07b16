"""Who saw one plaintext callback can sign any body for five minutes: what such bodies write is bounded."""

import asyncio
from dataclasses import replace

import pytest

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from tests.service.callbacks import post, push_of

MINUTE = 600
"""What a plaintext account takes in a minute."""


@pytest.fixture
async def plain(new_world):
    async with new_world(account=replace(DEFAULT_ACCOUNT, mode="plaintext")) as world:
        yield world


async def forge(world, count, make, mode="plaintext"):
    for start in range(0, count, 50):
        several = range(start, min(start + 50, count))
        answers = await asyncio.gather(*(post(world, make(n), mode=mode) for n in several))
        assert {answer.status for answer in answers} == {200}


def receipt_of(world, number, openid="o-forged-openid-000000000001"):
    account = world.platform.default_account
    more = {"MsgID": 900_000_000 + number, "Status": "success"}
    return push_of(account, openid, event="TEMPLATESENDJOBFINISH", **more)


async def test_forged_receipts_write_few_keys(plain, valkey):
    await forge(plain, MINUTE + 100, lambda n: receipt_of(plain, n))
    assert len(valkey.keys("*:receipt:*")) == MINUTE
    await plain.advance(61)
    await forge(plain, 10, lambda n: receipt_of(plain, 10_000 + n))
    assert len(valkey.keys("*:receipt:*")) == MINUTE + 10


async def test_forged_messages_write_few_keys(plain, valkey):
    account = plain.platform.default_account
    await forge(plain, MINUTE + 100, lambda n: push_of(account, f"o-forged-openid-{n:012}", text="hello"))
    assert len(valkey.keys("*:spoke:*")) == MINUTE
    await plain.advance(61)
    await forge(plain, 100, lambda n: push_of(account, f"o-forged-open-id-{n:011}", text="ABCDEFGH"))
    assert len(valkey.keys("*:spoke:*")) == MINUTE + 100


async def test_forged_receipts_keep_no_person_from_being_heard(plain):
    await forge(plain, MINUTE + 10, lambda n: receipt_of(plain, n))
    person, started = await plain.person(), await plain.start()
    await person.say(started["scan"]["keyword"])
    assert (await plain.delivery(started, "sent"))["channel"] == "customer_service"


async def test_signed_receipts_have_no_limit(world, valkey):
    await forge(world, MINUTE + 20, lambda n: receipt_of(world, n), mode="safe")
    assert len(valkey.keys("*:receipt:*")) == MINUTE + 20
