"""An open event stream is a connection and little more, and still all that it promised."""

import asyncio
import gc
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import web

from codesvc.domain.errors import StoreUnavailable
from codesvc.runtime import metrics
from codesvc.store.change_notifier import EVERYBODY
from codesvc.web.context import SERVICES
from codesvc.web.event_streams import stream as streaming
from codesvc.web.event_streams.bounds import MOST_OF_ONE
from codesvc.web.event_streams.connections import KEEP_ALIVE_SECONDS
from codesvc.web.event_streams.stream import SharedReads
from tests.service.inside import code_of
from tests.service.streams import events_of, page_events_of
from tests.world import KEY, wrong


@pytest.fixture
def streams(world):
    return world.app[streaming._STREAMS]


async def rest(stream):
    return await asyncio.wait_for(stream.response.content.read(), 60)


async def said(world, head):
    """All that comes back on a connection of one's own, to its end."""
    host, _, port = world.service.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
    text = await asyncio.wait_for(reader.readuntil(b"\n\n"), 60)
    return text, reader, writer


def requests_alive():
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, web.Request) and each.path.endswith("/events")]


async def test_nothing_is_kept_of_the_requests(world, streams):
    started = await world.start()
    intent = (await world.call("POST", "/v1/logins", {"client_ip": "192.0.2.1"})).json
    login = f"/v1/logins/{intent['id']}/events"
    async with (
        events_of(world, started) as one,
        page_events_of(world, started) as two,
        world.http.get(world.service + login, headers={"Authorization": f"Bearer {KEY}"}) as three,
        world.http.get(f"{world.service}/p/{intent['page_token']}/events") as four,
    ):
        for each in (one, two):
            await each.next()
        for each in (three, four):
            await each.content.readuntil(b"\n\n")
        assert requests_alive() == []
        assert len(streams) == 4


async def test_who_leaves_is_forgotten(world, streams):
    started = await world.start()
    async with events_of(world, started) as stream:
        await stream.next()
    for _ in range(2000):
        if not len(streams):
            break
        await asyncio.sleep(0.01)
    assert len(streams) == 0
    await world.check(started, wrong(code_of(world, started)))
    assert not world.app[SERVICES].change_notifier._waiting.get(started["id"])


async def test_the_beat_comes_by_the_clock(world, streams):
    async with events_of(world, await world.start()) as stream:
        await stream.next()
        opened = streams.time()
        for seconds, heard in ((0.6, b""), (1.1, b": \n\n"), (1.9, b""), (2.05, b": \n\n")):
            streams.time = lambda now=opened + seconds * KEEP_ALIVE_SECONDS: now
            streams._ring()
            if heard:
                assert await asyncio.wait_for(stream.response.content.readexactly(4), 60) == heard
            assert not stream.response.content._buffer


async def test_who_reads_slowly_is_told_the_latest_only(world, streams):
    started = await world.start()
    async with events_of(world, started) as stream:
        await stream.next()
        (open_stream,) = streams._open
        open_stream.pause_writing()
        for _ in range(3):
            await world.check(started, wrong(code_of(world, started)))
        other = await world.start("u-2")
        async with events_of(world, other) as beside:
            await beside.next()
            await world.cancel(other)
            assert (await beside.next())["status"] == "canceled"  # so the wake-ups before have come too
        open_stream.resume_writing()
        assert (await stream.next())["attempts_left"] == 2


@pytest.mark.parametrize(("error", "last"), [(StoreUnavailable("away"), b"retry: 1000\n\n"), (RuntimeError("x"), b"")])
async def test_a_look_that_fails_ends_the_stream_and_no_other(world, streams, error, last):
    started, other = await world.start("u-1"), await world.start("u-2")
    async with events_of(world, started) as stream, events_of(world, other) as beside:
        await stream.next()
        await beside.next()

        async def fail():
            raise error

        (one,) = [each for each in streams._open if each.identifier == started["id"]]
        one._look = fail
        one.wake()
        assert await rest(stream) == last
        await world.cancel(other)
        assert (await beside.next())["status"] == "canceled"


async def test_all_who_are_woken_look_a_few_at_a_time(world, streams):
    streams.looks_at_once = 2
    started = await world.start()
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(events_of(world, started)) for _ in range(7)]
        for each in opened:
            await each.next()
        await world.cancel(started)
        world.app[SERVICES].change_notifier.wake(EVERYBODY)
        assert len(streams._looks) == 2
        assert [(await each.next())["status"] for each in opened] == ["canceled"] * 7


async def test_an_application_that_goes_says_when_to_come_back(world):
    async with events_of(world, await world.start()) as stream:
        await stream.next()
        streaming.finish(world.app)
        assert await rest(stream) == b"retry: 1000\n\n"
    async with events_of(world, await world.start("u-2")) as late:
        await late.next()
        assert await rest(late) == b"retry: 1000\n\n"


async def test_the_connection_is_the_streams_alone(world):
    started = await world.start()
    path = f"/v1/verifications/{started['id']}/events"
    head, reader, writer = await said(world, f"GET {path} HTTP/1.1")
    assert b"\r\nConnection: close\r\n" in head
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await world.cancel(started)
    text = await asyncio.wait_for(reader.read(), 60)
    assert text.endswith(b"\n\n\r\n0\r\n\r\n")
    assert text.count(b"event: change") == 1
    writer.close()


async def test_an_old_client_reads_to_the_end_of_the_connection(world):
    started = await world.start()
    head, reader, writer = await said(world, f"GET /v1/verifications/{started['id']}/events HTTP/1.0")
    assert b"chunked" not in head
    await world.cancel(started)
    text = await asyncio.wait_for(reader.read(), 60)
    assert text.startswith(b"event: change\ndata: {")
    assert text.endswith(b"}\n\n")
    writer.close()


async def test_who_asks_for_the_head_gets_it_and_no_stream(world, streams):
    started = await world.start()
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{world.service}/v1/verifications/{started['id']}/events"
    async with world.http.head(url, headers=headers, timeout=aiohttp.ClientTimeout(20)) as answer:
        assert answer.content_type == "text/event-stream"
    assert len(streams) == 0


async def test_a_page_token_has_so_many_streams_and_its_page_asks_around(world, streams):
    started, other = await world.start(), await world.start("u-2")
    async with AsyncExitStack() as stack:
        for _ in range(MOST_OF_ONE):
            await (await stack.enter_async_context(page_events_of(world, started))).next()
        headers = {"Authorization": f"Bearer {KEY}", "Origin": "https://shop.example"}
        refused = await world.page("GET", started, "/events", headers=headers)
        assert (refused.status, refused.problem) == (429, "too-many-streams")
        assert refused.headers["Retry-After"] == "5"
        assert refused.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert (await world.page("GET", started, "/state")).status == 200
        await (await stack.enter_async_context(page_events_of(world, other))).next()
        await (await stack.enter_async_context(events_of(world, started))).next()
    for _ in range(2000):
        if not len(streams):
            break
        await asyncio.sleep(0.01)
    async with page_events_of(world, started) as again:
        await again.next()
    assert streams.bounds._open.total() <= 2


def reads_of_the_store():
    return sum(bucket.get() for bucket in metrics.STORE_SECONDS.labels("read")._buckets)


async def test_the_streams_of_one_verification_read_the_store_together(world):
    started = await world.start()
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(page_events_of(world, started)) for _ in range(MOST_OF_ONE)]
        opened.append(await stack.enter_async_context(events_of(world, started)))
        for each in opened:
            await each.next()
        for left in (4, 3):
            before = reads_of_the_store()
            await world.check(started, wrong(code_of(world, started)))
            assert {(await each.next())["attempts_left"] for each in opened} == {left}
            assert reads_of_the_store() - before <= 2


async def test_nobody_shares_a_read_that_began_before_they_asked():
    reads, answers = SharedReads(), iter("12")
    gate = asyncio.Event()

    async def read():
        answer = next(answers)
        await gate.wait()
        return answer

    early = [asyncio.create_task(reads.read("v", read)) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = asyncio.create_task(reads.read("v", read))
    early[0].cancel()
    await asyncio.sleep(0)
    gate.set()
    assert (await early[1], await late) == ("1", "2")
    assert early[0].cancelled()


async def test_a_shared_read_that_fails_fails_for_each():
    async def read():
        raise StoreUnavailable("no answer")

    reads = SharedReads()
    found = await asyncio.gather(*(reads.read("v", read) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [StoreUnavailable] * 3
