"""WeChat fails in every way it can; the code arrives once, or the page shows a QR code."""

from contextlib import AsyncExitStack

import pytest

from tests.raw_server import raw_server
from tests.world import OTHER_KEY as OPENIDS_KEY
from tests.world import document

SEND = "/cgi-bin/message/template/send"
FAULTS = (
    {"kind": "errcode", "errcode": -1},
    {"kind": "http", "status": 503},
    {"kind": "truncated"},
    {"kind": "reset"},
)


async def fault(world, **what):
    await world.control("POST", "/faults", {"path": SEND, **what})


@pytest.mark.parametrize(
    ("errcode", "reason"),
    [(43004, "not-following"), (43101, "refused"), (40252, "in-review"), (45009, "quota")],
)
async def test_it_falls_back_to_the_scan_which_only_the_bound_wechat_can_do(world, errcode, reason):
    owner, stranger = await world.bound("alice"), await world.person()
    await fault(world, kind="errcode", errcode=errcode)
    started = await world.start("alice")
    found = await world.delivery(started, "awaiting_scan")
    assert found == {"channel": "scan", "status": "awaiting_scan", "reason": reason}
    url = await world.scan_url(started)
    await stranger.scan(url)
    assert (await world.get(started))["delivery"]["status"] == "awaiting_scan"
    await owner.scan(url)
    assert (await world.check(started, await owner.code_in_chat())).status == 200


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_passing_fault_costs_one_try_and_never_a_second_message(world, kind, when):
    owner = await world.bound("alice")
    await fault(world, **kind, when=when, times=1)
    started = await world.start("alice")
    await world.delivery(started, "sent", "delivered")
    assert len(await owner.messages("template")) == 1


@pytest.mark.parametrize(
    "status", ["failed:user block", "failed: system failed", "failed:freq limit", "failed:whatever"]
)
async def test_a_receipt_that_says_no_falls_back(world, status):
    await world.bound("alice")
    await world.control("PATCH", "/settings", {"receipt_status": status})
    started = await world.start("alice")
    found = await world.delivery(started, "awaiting_scan")
    assert found["channel"] == "scan"
    assert found["reason"]


async def test_a_receipt_that_never_comes_leaves_sent(world):
    await world.bound("alice")
    await world.control("PATCH", "/settings", {"receipt_status": "none"})
    started = await world.start("alice")
    await world.delivery(started, "sent")
    await world.control("POST", "/settle")
    assert (await world.get(started))["delivery"]["status"] == "sent"


async def test_a_receipt_that_comes_twice_changes_nothing(world):
    await world.bound("alice")
    await world.control("POST", "/faults", {"kind": "twice"})
    started = await world.start("alice")
    assert (await world.delivery(started, "delivered"))["status"] == "delivered"


async def test_a_silent_wechat_of_one_account_holds_up_neither_another_account_nor_the_api(new_world):
    async def never_answers(reader, _):
        await reader.read(-1)

    async with AsyncExitStack() as stack:
        address = f"http://127.0.0.1:{await stack.enter_async_context(raw_server(never_answers))}"
        other = document("http://127.0.0.1:1", address)["accounts"]["main"]
        other |= {"appid": "wx00112233445566aa", "original_id": "gh_00112233445f"}
        world = await stack.enter_async_context(new_world(accounts__other=other, sites__cafe__account="other"))
        for number in range(70):
            bound = await world.call("PUT", f"/v1/bindings/u-{number}", {"openid": f"o{number:027}"}, key=OPENIDS_KEY)
            assert bound.status == 201
            started = await world.start(f"u-{number}", ip=f"198.51.100.{number}", key=OPENIDS_KEY)
            assert started.status == 201
        owner = await world.bound("alice")
        started = await world.start("alice")
        assert (await world.delivery(started, "sent", "delivered"))["channel"] == "template"
        assert len(await owner.messages("template")) == 1
