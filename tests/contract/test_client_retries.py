"""What the SDK does when the way to the service, or the service, is bad. Waits are counted, not waited for."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from codesvc.client import Client, Retries, errors
from codesvc.web.contract import examples
from tests.world import KEY

STEADY = Retries(jitter=random.Random(1))  # noqa: S311  the same waits each time


def problem(name, status, wait=None, **members):
    document = {"type": f"https://x/problems/{name}", "title": "t", "status": status, "detail": "d", "request_id": "r"}
    headers = {"Retry-After": str(wait)} if wait else {}
    return lambda: web.json_response(
        document | members, status=status, headers=headers, content_type="application/problem+json"
    )


def broken():
    return None


def started():
    return web.json_response(examples.VERIFICATION, status=201)


@asynccontextmanager
async def bad_service(*script):
    """A server that answers by the script, and a client; `heard` and `waits` grow with what happens."""
    heard, waits, script = [], [], list(script)

    async def answer(request):
        heard.append((request.method, request.headers.get("Idempotency-Key"), await request.text()))
        made = (script.pop(0) if len(script) > 1 else script[0])()
        if made is None:
            request.transport.abort()
            return web.Response()
        return made

    async def wait(seconds):
        waits.append(seconds)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with Client(url, KEY, retries=STEADY, sleep=wait) as client:
            yield client, heard, waits


async def start(client):
    return await client.start(purpose="register", user="attempt-7f3a", client_ip="192.0.2.1")


async def test_a_start_is_repeated_under_the_same_key():
    async with bad_service(broken, problem("unavailable", 503, 2), started) as (client, heard, waits):
        assert (await start(client)).status == "pending"
    assert len(heard) == 3
    assert len(set(heard)) == 1
    assert heard[0][1]
    assert 0.1 <= waits[0] <= 0.2
    assert waits[1] == 2


async def test_two_starts_have_two_keys():
    async with bad_service(started) as (client, heard, _):
        await start(client)
        await start(client)
    assert heard[0][1] != heard[1][1]


async def test_it_gives_up_and_says_why():
    async with bad_service(broken) as (client, heard, waits):
        with pytest.raises(errors.Unreachable):
            await start(client)
    assert (len(heard), len(waits)) == (4, 3)
    assert waits == sorted(waits)


async def test_what_may_have_happened_is_not_repeated():
    for act in (
        lambda client: client.verify_proof("x"),
        lambda client: client.resend("vf_x"),
        lambda client: client.unbind("alice"),
    ):
        async with bad_service(problem("unavailable", 503, 2)) as (client, heard, waits):
            with pytest.raises(errors.Unavailable):
                await act(client)
        assert (len(heard), waits) == (1, [])


async def test_a_short_wait_is_waited_and_a_long_one_told():
    limited = problem("rate-limited", 429, 1, limit="site_starts", retry_after=1)
    async with bad_service(limited, started) as (client, _, waits):
        await start(client)
    assert waits == [1]
    limited = problem("rate-limited", 429, 3600, limit="address_starts", retry_after=3600)
    async with bad_service(limited) as (client, heard, waits):
        with pytest.raises(errors.RateLimited) as refused:
            await start(client)
    assert (refused.value.limit, refused.value.retry_after, len(heard), waits) == ("address_starts", 3600, 1, [])


async def test_an_answer_of_somebody_else_is_no_answer():
    for made in (
        lambda: web.Response(status=502, text="<html>bad gateway</html>"),
        lambda: web.Response(text="not json"),
        lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    ):
        async with bad_service(made) as (client, heard, _):
            with pytest.raises(errors.BadAnswer):
                await start(client)
        assert len(heard) == 1


async def test_a_problem_of_a_newer_service_is_still_a_refusal():
    async with bad_service(problem("moon-phase", 418)) as (client, _, _):
        with pytest.raises(errors.Refused) as refused:
            await start(client)
    assert type(refused.value) is errors.Refused


async def test_members_of_a_newer_service_are_ignored():
    async with bad_service(lambda: web.json_response(examples.VERIFICATION | {"status": "melted", "new": 1})) as (
        client,
        *_,
    ):
        assert (await start(client)).status == "melted"


async def test_a_watch_goes_on_where_the_service_says_to_come_back():
    def stream(*states, last=b""):
        events = [b"event: change\ndata: " + msgspec.json.encode(examples.VERIFICATION | {"status": s}) for s in states]
        return lambda: web.Response(body=b"\n\n".join([*events, last]), content_type="text/event-stream")

    going = stream("pending", last=b"retry: 1000\n\n")
    async with bad_service(going, going, stream("pending", "approved", last=b"")) as (client, heard, waits):
        assert [state.status async for state in client.watch("vf_x")] == ["pending", "approved"]
    assert waits == [1.0, 1.0]
    assert len(heard) == 3
