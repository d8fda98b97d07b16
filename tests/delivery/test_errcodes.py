"""Whatever errcode WeChat answers to a push, the push comes to an end, and an error never counts as sent."""

import asyncio

import pytest

from codesvc.delivery.pace import Pace
from codesvc.domain.codes import VerificationId
from codesvc.web.context import SERVICES
from codesvc.wechat.errcodes import TABLE, Verdict
from tests.delivery.known_errcodes import OF_SDKS
from tests.stores import until
from tests.wechat.test_wechat_errcodes import FACT_SHEET, UNEXPLAINED

SEND = {"template": "/cgi-bin/message/template/send", "customer_service": "/cgi-bin/message/custom/send"}
TOKENS = "/cgi-bin/stable_token"
QUICK = Pace(pauses=(0.01,), trials=(0.05, 0.05))
FREE = dict.fromkeys(("site_starts", "address_starts", "user_pushes", "openid_pushes"), "none")
ENDED = {"delivered", "sent", "failed", "awaiting_scan"}
TEMPORARY = {code for code, judged in TABLE.items() if judged.verdict is Verdict.RETRY}
TOKEN = {code for code, judged in TABLE.items() if judged.verdict is Verdict.REFRESH_TOKEN}
QUOTA_GONE = 45009
SHEET = {int(code) for code in FACT_SHEET.split()} | set(UNEXPLAINED)
UNKNOWN_OPENID = 40003
"""After it nothing is sent to this openid any more: see tests/people/test_openids_that_are_none.py."""
AT_ONCE = sorted((SHEET | OF_SDKS) - {0, QUOTA_GONE, UNKNOWN_OPENID} - TEMPORARY - TOKEN)
"""Errcodes after which another attempt at this message would not help."""
TOGETHER = 50


def errcodes_of(world, started, path):
    """The errcodes that WeChat answered to the sends of a verification."""
    entries = world.platform.journal.entries("api", path=path)
    return [entry.errcode for entry in entries if f'"{started["id"]}-' in entry.request]


async def kept(world, started):
    """What the store holds, whatever may be disclosed."""
    here = world.app[SERVICES]
    account = here.directory.accounts["main"]
    return await here.verifications.find(account, VerificationId.parse(started["id"]))


async def push_each(world, codes, path):
    """One push for each of these errcodes, each answered with another one of them."""
    for code in codes:
        await world.fault("errcode", path=path, errcode=code, times=1)
    started = await asyncio.gather(*(world.start(f"u-{n}", ip=f"10.1.0.{n}") for n in range(len(codes))))
    return [(one, await world.delivery(one, *ENDED)) for one in started]


async def test_every_errcode_that_anybody_knows_ends_a_push_at_once(new_world):
    async with new_world(pace=QUICK, sites__shop__limits=FREE) as world:
        for number in range(TOGETHER):
            await world.bound(f"u-{number}")
        for first in range(0, len(AT_ONCE), TOGETHER):
            codes, answered = AT_ONCE[first : first + TOGETHER], []
            for started, found in await push_each(world, codes, SEND["template"]):
                got = errcodes_of(world, started, SEND["template"])
                assert found["status"] == "awaiting_scan", f"{got}: {found}"
                answered += got
            assert sorted(answered) == codes


async def test_the_same_by_a_message_that_cannot_be_repeated(new_world):
    purposes = {"register": {"channels": ["customer_service"]}}
    codes = sorted(SHEET - {0, QUOTA_GONE} - TEMPORARY - TOKEN)
    async with new_world(pace=QUICK, sites__shop__limits=FREE, sites__shop__purposes=purposes) as world:
        for number in range(TOGETHER):
            person = await world.bound(f"u-{number}")
            await person.say("hello")
        for first in range(0, len(codes), TOGETHER):
            for _, found in await push_each(world, codes[first : first + TOGETHER], SEND["customer_service"]):
                assert found["status"] == "awaiting_scan"


@pytest.mark.parametrize("errcode", sorted(TEMPORARY | {QUOTA_GONE}))
@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_one_that_stays_ends_too(new_world, errcode, purpose):
    async with new_world(pace=QUICK) as world:
        owner = await world.bound("alice")
        await world.fault("errcode", path=SEND["template"], errcode=errcode)
        started = await world.start("alice", purpose)
        await until(lambda: errcodes_of(world, started, SEND["template"]))
        for _ in range(2000):
            if (await kept(world, started)).delivery in ENDED:
                break
            await asyncio.sleep(0.01)
        assert (await kept(world, started)).delivery == "awaiting_scan"
        assert len(errcodes_of(world, started, SEND["template"])) <= 6
        await owner.scan(await world.scan_url(started))
        assert (await world.check(started, await owner.code_in_chat())).status == 200


@pytest.mark.parametrize("errcode", [-1, 43108])
async def test_one_that_passes_is_sent(new_world, errcode):
    async with new_world(pace=QUICK) as world:
        owner = await world.bound("alice")
        await world.fault("errcode", path=SEND["template"], errcode=errcode, times=4)
        started = await world.start("alice")
        await world.delivery(started, "sent", "delivered")
        assert len(await owner.messages("template")) == 1


@pytest.mark.parametrize("errcode", sorted(TOKEN))
async def test_a_refused_token_waits_until_it_is_mended(new_world, errcode):
    async with new_world(pace=QUICK) as world:
        owner = await world.bound("alice")
        await world.fault("errcode", path=SEND["template"], errcode=errcode)
        started = await world.start("alice")
        await until(lambda: len(errcodes_of(world, started, SEND["template"])) > 8)
        assert (await world.get(started))["delivery"]["status"] == "queued"
        await world.control("DELETE", "/faults")
        await world.delivery(started, "sent", "delivered")
        assert len(await owner.messages("template")) == 1


@pytest.mark.parametrize("purpose", ["register", "reset"])
@pytest.mark.parametrize("path", [SEND["template"], TOKENS])
async def test_a_push_that_waited_for_its_whole_life_ends_with_it(new_world, path, purpose):
    errcode = 40164 if path == TOKENS else 40001
    async with new_world(pace=QUICK) as world:
        owner = await world.bound("alice")
        await world.fault("errcode", path=path, errcode=errcode)
        await world.control("POST", f"/accounts/{world.platform.default_account.appid}/revoke-tokens")
        started = await world.start("alice", purpose)
        await until(lambda: world.platform.journal.entries("api", path=path))
        assert (await kept(world, started)).delivery == "queued"
        await world.advance(301)
        for _ in range(2000):
            if (await kept(world, started)).delivery == "failed":
                break
            await asyncio.sleep(0.01)
        record = await kept(world, started)
        assert (record.delivery, record.reason) == ("failed", "expired")
        await world.control("DELETE", "/faults")
        assert await owner.messages("template") == []
