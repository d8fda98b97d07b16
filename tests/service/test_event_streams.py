"""Server-sent events: the state at once, then every change, then the end."""

from codesvc.web.headers import COMMON_HEADERS
from tests.service.inside import code_of
from tests.service.streams import events_of, page_events_of
from tests.world import KEY, wrong


async def test_a_scan_and_an_approval_are_seen_as_they_happen(world):
    person, started = await world.person(), await world.start()
    async with events_of(world, started) as stream:
        first = await stream.next()
        assert first == (await world.get(started)).json
        await person.say(started["scan"]["keyword"])
        seen = await stream.next()
        while seen["delivery"]["status"] != "sent":
            assert seen["delivery"]["status"] == "scanned"
            seen = await stream.next()
        code = await person.code_in_chat()
        await world.check(started, wrong(code))
        assert (await stream.next())["attempts_left"] == 4
        await world.check(started, code)
        last = await stream.next()
        assert (last["status"], "proof" in last) == ("approved", False)
        assert await stream.next() is None


async def test_a_stream_has_the_headers_of_every_answer(world):
    started = await world.start()
    async with world.http.get(
        f"{world.service}/v1/verifications/{started['id']}/events",
        headers={"Authorization": f"Bearer {KEY}", "X-Request-Id": "seen-by-the-page"},
    ) as stream:
        assert COMMON_HEADERS.items() <= stream.headers.items()
        assert stream.headers["X-Request-Id"] == "seen-by-the-page"


async def test_a_disclosed_push_is_seen_on_its_way(world):
    await world.bound("alice")
    started = await world.start("alice")
    async with events_of(world, started) as stream:
        seen = [(await stream.next())["delivery"]["status"]]
        while seen[-1] != "delivered":
            seen.append((await stream.next())["delivery"]["status"])
    assert seen == sorted(set(seen), key=["queued", "sent", "delivered"].index)


async def test_expiry_ends_the_stream(world):
    started = await world.start()
    async with page_events_of(world, started) as stream:
        await stream.next()
        await world.advance(301)
        assert (await stream.next())["status"] == "expired"
        assert await stream.next() is None


async def test_an_ended_one_is_told_once(world):
    started = await world.start()
    await world.cancel(started)
    async with events_of(world, started) as stream:
        assert (await stream.next())["status"] == "canceled"
        assert await stream.next() is None


async def test_being_superseded_is_seen(world):
    started = await world.start()
    async with events_of(world, started) as stream:
        await stream.next()
        for _ in range(3):
            await world.start()
        assert (await stream.next())["status"] == "superseded"


async def test_every_listener_of_a_verification_hears_and_no_other(world):
    started, other = await world.start("u-1"), await world.start("u-2")
    async with (
        events_of(world, started) as one,
        events_of(world, started) as two,
        page_events_of(world, other) as three,
    ):
        for stream in (one, two, three):
            await stream.next()
        await world.check(started, wrong(code_of(world, started)))
        assert (await one.next())["attempts_left"] == (await two.next())["attempts_left"] == 4
        await world.cancel(other)
        assert (await three.next())["status"] == "canceled"


async def test_the_pages_stream_holds_no_user_and_no_metadata(world):
    started = await world.start("alice-secret", metadata={"note": "very-private"})
    async with page_events_of(world, started) as stream:
        await stream.next()
        await world.cancel(started)
        await stream.next()
        await stream.next()
        assert b"alice-secret" not in stream.raw
        assert b"very-private" not in stream.raw
        assert b"vf_" not in stream.raw


async def test_there_is_no_stream_of_nothing(world):
    nobody = "vf_abcdd6" + "a" * 26
    assert (await world.call("GET", f"/v1/verifications/{nobody}/events")).status == 404
