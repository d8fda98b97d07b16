"""The day's quota of template messages that is charged is the quota that was used: it is held against WeChat's journal.

A call that WeChat may have counted stays charged; one that it has certainly not counted is not.
"""

import asyncio

import pytest

from codesvc.delivery.pace import Pace
from codesvc.domain.codes import VerificationId
from codesvc.domain.quota import Api
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID
from codesvc.store.quotas import day_key
from codesvc.web.context import SERVICES
from codesvc.wechat.errcodes import NOT_COUNTED
from tests.delivery.test_reset_notice import NOTICE
from tests.stores import until
from tests.world import document

SEND = "/cgi-bin/message/template/send"
QUICK = Pace(pauses=(0.02,), trials=(0.05, 0.05))
FREE = dict.fromkeys(("site_starts", "address_starts", "user_pushes", "openid_pushes"), "none")


def account_of(world):
    return world.app[SERVICES].directory.accounts["main"]


def counters(world, valkey):
    found = valkey.hgetall(day_key(account_of(world).store_keys, Api.TEMPLATE))
    return {name.decode(): value.decode() for name, value in found.items()}


def charged(world, valkey):
    return int(counters(world, valkey).get("total", 0))


def maybe_counted(world):
    """How many of the template calls in WeChat's journal it may have counted."""
    return sum(entry.errcode not in NOT_COUNTED for entry in world.platform.journal.entries("api", path=SEND))


async def settled(world, valkey):
    """Wait until the outbox is empty and the first reading of WeChat's quotas is through."""
    keys = account_of(world).store_keys
    await until(lambda: valkey.xlen(keys.outbox) == 0)
    await until(lambda: b"daily" in valkey.hgetall(day_key(keys, Api.TEMPLATE)))
    await world.control("POST", "/settle")


async def had_trouble(world, started):
    """Wait until a delivery was tried and has to wait."""
    here, identifier = world.app[SERVICES], VerificationId.parse(started["id"])
    for _ in range(2000):
        if ":trouble/" in ((await here.verifications.find(account_of(world), identifier)).trail or ""):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no call was tried")


async def same(world, valkey, count=None):
    """What is charged is what WeChat may have counted, for the account and for its sites, and no call is under way."""
    await settled(world, valkey)
    found = counters(world, valkey)
    of_sites = sum(int(value) for name, value in found.items() if name.startswith("s:"))
    assert (int(found.get("total", 0)), of_sites) == (maybe_counted(world), maybe_counted(world))
    assert count in {None, maybe_counted(world)}
    assert [name for name in found if name.startswith("f:")] == []


async def whitelist(world, addresses):
    await world.control("PATCH", f"/accounts/{world.platform.default_account.appid}", {"ip_whitelist": addresses})


@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_a_push_is_charged_once_whether_disclosed_or_not(world, valkey, purpose):
    owner = await world.bound("alice")
    await settled(world, valkey)
    await world.start("alice", purpose)
    await owner.wait_for_push()
    await same(world, valkey, 1)


@pytest.mark.parametrize(("changes", "count"), [({}, 1), (NOTICE, 2)])
async def test_the_notice_of_a_reset_is_charged_where_it_is_a_template_message(new_world, valkey, changes, count):
    async with new_world(**changes) as world:
        owner = await world.bound("alice")
        await owner.say("hello")
        await settled(world, valkey)
        started = await world.start("alice", "reset")
        code, before = await owner.wait_for_push(), len(await owner.messages())
        assert (await world.check(started, code)).status == 200
        await owner.wait_for_more(before)
        await same(world, valkey, count)


async def test_a_notice_of_its_own_is_charged_where_it_is_a_template_message(new_world, valkey):
    fields = {"character_string1": "-", "thing2": "{{ site }}", "time3": "{{ now_at }}", "thing4": "-"}
    message = {"template_id": CATEGORY_TEMPLATE_ID, "fields": fields}
    async with new_world(accounts__main__messages__unbound=message) as world:
        await world.bound("alice")
        await settled(world, valkey)
        assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
        await until(lambda: maybe_counted(world) == 1)
        await same(world, valkey, 1)


async def test_a_purpose_without_template_messages_charges_nothing(new_world, valkey):
    purposes = {"register": {"channels": ["customer_service"]}, "reset": {"channels": ["customer_service"]}}
    async with new_world(sites__shop__purposes=purposes) as world:
        owner = await world.bound("alice")
        await owner.say("hello")
        for purpose in purposes:
            started = await world.start("alice", purpose)
            assert (await world.check(started, await code_of_chat(owner, started))).status == 200
        silent = await world.bound("bob")
        await world.start("bob")
        await same(world, valkey, 0)
        assert await silent.messages("template") == []


async def code_of_chat(person, started):
    for _ in range(1000):
        if any(started["reference"] in text for text in await person.texts()):
            return await person.code_in_chat()
        await asyncio.sleep(0.01)
    raise AssertionError("no code arrives")


async def test_a_second_channel_is_not_charged_and_the_first_stays(new_world, valkey):
    purposes = {"register": {"channels": ["template", "customer_service"]}}
    async with new_world(sites__shop__purposes=purposes) as world:
        owner = await world.bound("alice")
        await owner.say("hello")
        await world.fault("errcode", path=SEND, errcode=43101)
        started = await world.start("alice")
        assert (await world.delivery(started, "sent"))["channel"] == "customer_service"
        await same(world, valkey, 1)


@pytest.mark.parametrize("purpose", ["register", "reset"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http", "status": 503},
        {"kind": "http", "status": 503, "when": "after"},
        {"kind": "reset"},
        {"kind": "truncated"},
        {"kind": "errcode", "errcode": -1},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('when', '')}",
)
async def test_an_outage_charges_its_tries_and_nothing_while_the_circuit_is_open(new_world, valkey, fault, purpose):
    async with new_world(pace=QUICK, sites__shop__limits=FREE) as world:
        people = [await world.bound(f"u-{number}") for number in range(12)]
        await settled(world, valkey)
        await world.fault(path=SEND, **fault)
        started = [await world.start(f"u-{number}", purpose) for number in range(len(people))]
        await until(lambda: maybe_counted(world) > 8)
        assert charged(world, valkey) <= maybe_counted(world) + 12
        await world.control("DELETE", "/faults")
        await same(world, valkey)
        assert maybe_counted(world) < 12 * 12
        arrived = [len(await person.messages("template")) for person in people]
        assert arrived == [1] * len(people) or fault["kind"] == "errcode"
        assert len(started) == len(people)


async def test_a_wechat_that_is_not_there_is_charged_nothing(new_world, valkey):
    nowhere = document("http://127.0.0.1:1", "http://127.0.0.1:9")["accounts"]["main"]
    async with new_world(pace=QUICK, sites__shop__limits=FREE, accounts__main=nowhere) as world:
        started = []
        for number in range(7):
            person = await world.person()
            assert (await world.bind(f"u-{number}", person)).status == 201
            started.append(await world.start(f"u-{number}", ["register", "reset"][number % 2]))
        for each in started:
            await had_trouble(world, each)
        assert charged(world, valkey) == 0


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_refused_token_is_charged_nothing(new_world, valkey, errcode):
    async with new_world(pace=QUICK, sites__shop__limits=FREE) as world:
        owner = await world.bound("alice")
        await settled(world, valkey)
        await world.fault("errcode", path=SEND, errcode=errcode)
        await world.start("alice")
        await until(lambda: len(world.platform.journal.entries("api", path=SEND)) > 6)
        await world.control("DELETE", "/faults")
        await owner.wait_for_push()
        await same(world, valkey, 1)


@pytest.mark.parametrize("errcode", [45009, 45011])
async def test_what_a_quota_of_wechat_refuses_is_given_back(world, valkey, errcode):
    await world.bound("alice")
    await settled(world, valkey)
    await world.fault("errcode", path=SEND, errcode=errcode)
    started = await world.start("alice")
    await world.delivery(started, "awaiting_scan")
    await same(world, valkey, 0)


# What WeChat says of its own quota


async def read(world, **changes):
    """Take over what WeChat says now, as the regular reading does."""
    here, account = world.app[SERVICES], account_of(world)
    mark = await here.store.quotas.mark(account.store_keys, Api.TEMPLATE)
    quotas = world.platform.accounts[account.store_keys.appid].quotas
    reading = quotas.read(SEND, world.platform.clock.now())
    answer = {"daily": reading.limit.daily, "used": reading.used} | changes
    return await here.store.quotas.learn(account.store_keys, Api.TEMPLATE, mark=mark, **answer)


async def test_a_reading_is_believed_in_both_directions(world, valkey):
    owner = await world.bound("alice")
    await settled(world, valkey)
    assert (await read(world, daily=100, used=99)).left == 1
    await world.start("alice", "reset")
    await owner.wait_for_push()
    await settled(world, valkey)
    assert charged(world, valkey) == 100
    # An operator has cleared WeChat's counter.
    assert (await read(world, daily=100, used=3)).left == 97
    assert charged(world, valkey) == 3


async def test_sites_that_used_up_their_shares_have_them_again_after_a_reading(world, valkey):
    await world.bound("alice")
    await settled(world, valkey)
    key = day_key(account_of(world).store_keys, Api.TEMPLATE)
    valkey.hset(key, mapping={"total": 80_000, "s:shop": 80_000, "over": 57_500, "daily": 100_000})
    valkey.hset(key, "s:cafe", 500)
    await read(world, daily=100_000, used=1_000)
    found = counters(world, valkey)
    assert (int(found["s:shop"]), int(found["s:cafe"])) == (993, 6)
    started = await world.start("alice")
    await world.delivery(started, "sent", "delivered")
    assert int(counters(world, valkey)["over"]) == 0


async def test_a_call_under_way_is_counted_beside_the_reading(world, valkey):
    """It may reach WeChat after the reading: left out, it would be lost until the next one."""
    owner = await world.bound("alice")
    await settled(world, valkey)
    await world.fault("slow", path=SEND, delay=1, times=1)
    here, account = world.app[SERVICES], account_of(world)
    await world.start("alice")
    await until(lambda: charged(world, valkey) == 1)
    assert (await here.store.quotas.learn(account.store_keys, Api.TEMPLATE, daily=100, used=0)).left == 99
    mark = await here.store.quotas.mark(account.store_keys, Api.TEMPLATE)
    await owner.wait_for_push()
    await settled(world, valkey)
    # It has ended since WeChat was asked, and may not be in the answer.
    assert (await here.store.quotas.learn(account.store_keys, Api.TEMPLATE, daily=100, used=0, mark=mark)).left == 99
    assert (await read(world)).left == 99_999
    await same(world, valkey, 1)


async def test_a_call_that_was_given_back_after_a_reading_leaves_no_trace(world, valkey):
    here, account = world.app[SERVICES], account_of(world)
    quotas, keys = here.store.quotas, account.store_keys
    await settled(world, valkey)
    charges = [await quotas.charge(keys, Api.TEMPLATE, f"call-{n}", site="shop", sites=2) for n in range(5)]
    assert (await quotas.learn(keys, Api.TEMPLATE, daily=100, used=7)).left == 88
    for charge in charges[:3]:
        await quotas.end(keys, charge, counted=False)
        await quotas.end(keys, charge, counted=False)
    await quotas.end(keys, charges[3], counted=True)
    assert charged(world, valkey) == 9
    assert (await quotas.charge(keys, Api.TEMPLATE, "call-4", site="shop", sites=2)) == charges[4]
    assert charged(world, valkey) == 9


async def test_a_code_that_can_no_longer_be_derived_uses_no_quota(new_world, valkey):
    """Its master key is gone: no call is made, so nothing stays charged."""
    async with new_world(service__deliver=False) as first:
        await first.bound("alice")
        started = await first.start("alice")
        other = {"secrets__master_key": "another master key, for tests only, 0123456789"}
        async with new_world(platform=first.platform, **other) as second:
            assert (await first.delivery(started, "awaiting_scan"))["reason"] == "no-code"
            await same(second, valkey, 0)
