"""Calls that are refused in the right way, and acts that are repeated without a second effect."""

import asyncio

from tests.people.asks import login, scan, status
from tests.world import OPERATOR_KEY, wrong


async def test_a_repeated_yes_does_not_approve_a_later_login(world):
    person = await world.bound("alice")
    first = await login(world)
    await scan(world, person, first)
    await world.control("POST", "/faults", {"kind": "twice", "times": 1})
    # The second delivery of the yes comes after the first was acted on.
    await person.say("确认")
    assert await status(world, first) == "approved"


async def test_a_repeated_not_me_stops_nothing_that_began_since(world):
    from codesvc.web.context import SERVICES

    owner = await world.bound("alice")
    here = world.app[SERVICES]
    account = here.directory.accounts["main"]
    before = await world.start("alice")
    await owner.wait_for_push()
    await here.callback_events.disown(account, owner.openid, dedupe="message-1")
    assert (await world.get(before))["status"] == "canceled"
    later = await world.start("alice")
    await owner.scan(await world.scan_url(later))
    await here.callback_events.disown(account, owner.openid, dedupe="message-1")
    assert (await world.get(later))["status"] == "pending"
    await here.callback_events.disown(account, owner.openid, dedupe="message-2")
    assert (await world.get(later))["status"] == "canceled"


async def test_strangers_may_not_watch_the_numbers(world):
    through_a_proxy = await world.call("GET", "/metrics", key=None, headers={"X-Forwarded-For": "203.0.113.1"})
    assert (through_a_proxy.status, through_a_proxy.problem) == (401, "unauthenticated")
    with_a_key = await world.call("GET", "/metrics", key=OPERATOR_KEY, headers={"X-Forwarded-For": "203.0.113.1"})
    assert with_a_key.status == 200


async def test_a_body_that_cannot_be_unpacked_is_the_callers_fault(world):
    started = await world.start()
    for path in ("/wechat/main", f"/p/{started['page_token']}/check", "/v1/proofs/verify"):
        answer = await world.call("POST", path, data=b"x", headers={"Content-Encoding": "gzip"})
        assert answer.status == 415, path


async def test_an_address_with_a_zone_is_refused(world):
    answer = await world.start(ip="fe80::1%eth0")
    assert (answer.status, answer.problem) == (400, "invalid")


async def test_a_caller_who_hangs_up_is_no_fault_of_ours(world, capfd):
    host, port = world.service.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /wechat/main?signature=secretquery HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await world.call("GET", "/healthz")).status == 200
    assert "request_failed" not in "".join(capfd.readouterr())
    del reader


async def test_resend_too_soon_names_its_limit_like_every_429(world):
    started = await world.start()
    answer = await world.resend(started)
    assert (answer.status, answer["limit"]) == (429, "resend")
    assert answer.headers["RateLimit-Policy"] == '"resend";q=1;w=60'
    assert answer.headers["RateLimit"].startswith('"resend";r=0;t=')


async def test_a_used_up_address_does_not_lock_out_the_owner_who_scans(world):
    owner = await world.bound("alice")
    for number in range(4):
        started = await world.start(f"stranger-{number}", ip="198.51.100.7")
        for _ in range(5):
            await world.check(started, "000000")
    mine = await world.start("alice", ip="198.51.100.7")
    code = await owner.wait_for_push()
    assert (await world.check(mine, code)).problem == "guess-budget"
    await owner.scan(await world.scan_url(mine))
    assert (await world.check(mine, wrong(code))).status == 422
    assert (await world.check(mine, code)).status == 200


async def test_errors_of_a_page_can_be_read_by_the_sites_own_pages(world):
    started = await world.start()
    answer = await world.call(
        "POST", f"/p/{started['page_token']}/check", data=b"{", key=None, headers={"Origin": "https://shop.example"}
    )
    assert answer.status == 400
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
