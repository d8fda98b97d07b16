"""Two processes on one store and one port, replaced one after the other under load: nobody is refused."""

from __future__ import annotations

import asyncio
import signal
import socket

import aiohttp
import pytest

from tests.chaos.processes import AUTH, LONG, OUTBOX, a_town, bounded

ROUNDS = 40 if LONG else 3
CALLERS, PAUSE = 6, 0.01 if LONG else 0.03


@pytest.fixture
async def town(tmp_path):
    async with a_town(tmp_path) as town:
        yield town


async def wait_for(condition, what):
    for _ in range(20_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(what)


async def caller(town, number, over, started):
    """Starts, reads and guesses over one connection that it keeps; whatever goes wrong is a failure.

    By POST, mostly: a GET whose connection was lost would be repeated by the client on its own.
    """
    async with aiohttp.ClientSession(town.base, headers=AUTH) as http:

        async def ask(path, body):
            async with http.post(path, json=body) as answer:
                return answer.status, await answer.json()

        count = 0
        while not over.is_set():
            count += 1
            user = f"u-{count % len(town.people)}"
            body = {"purpose": "register", "user": user, "client_ip": f"10.{number}.{count >> 8}.{count & 255}"}
            status, made = await ask("/v1/verifications", body)
            assert status == 201, made
            started.append(made["id"])
            status, told = await ask(f"/v1/verifications/{made['id']}/check", {"code": "000000"})
            assert status in {200, 422, 429}, told
            await asyncio.sleep(PAUSE)


async def listen(town, over, hints):
    """An event stream that is opened again whenever it has ended; each end says when to come back."""
    status, made = await town.call(
        "POST", "/v1/verifications", {"purpose": "register", "user": "s", "client_ip": "::1"}
    )
    assert status == 201
    async with aiohttp.ClientSession(town.base, headers=AUTH) as http:
        while not over.is_set():
            async with http.get(f"/v1/verifications/{made['id']}/events") as stream:
                assert stream.status == 200
                told = await stream.content.read()
                assert told.startswith(b"event: change\n")
                hints.append(b"\nretry: 1000\n" in told)


@bounded
async def test_processes_are_replaced_under_load_without_a_failed_request(town, valkey, store_url):
    town.configure(f'url = "{store_url}"')
    over, started, hints = asyncio.Event(), [], []
    with socket.create_server(("127.0.0.1", town.port), backlog=1024) as listener:

        def log():
            return (town.directory / "service.log").read_text().count('"event":"started"')

        async def one_life(turn):
            """Start, take over from the other, serve, and be told to go once the next one is there."""
            async with town.serving(wait=False, listener=listener) as process:
                await wait_for(lambda: log() > turn, "it does not start")
                up.set()
                await leave[turn].wait()
                process.send_signal(signal.SIGTERM)
                assert await process.wait() == 0

        up, lives = asyncio.Event(), []
        leave = [asyncio.Event() for _ in range(ROUNDS + 2)]

        async def begin(turn):
            up.clear()
            lives.append(asyncio.create_task(one_life(turn)))
            await asyncio.wait_for(up.wait(), 240)

        await begin(0)
        await begin(1)
        await town.people_and_users(20)
        work = [asyncio.create_task(caller(town, number, over, started)) for number in range(CALLERS)]
        work.append(asyncio.create_task(listen(town, over, hints)))
        for turn in range(ROUNDS):
            before = len(started)
            await wait_for(lambda before=before: len(started) > before + 40, "nobody is served")
            await begin(turn + 2)
            leave[turn].set()
            await lives[turn]
            assert not any(each.done() for each in work), [each.exception() for each in work if each.done()]
        over.set()
        await asyncio.gather(*work[:-1])
        for turn in (ROUNDS, ROUNDS + 1):
            leave[turn].set()
        await asyncio.gather(*lives, work[-1])
        async with town.serving(listener=listener):
            missing, doubled = await town.all_arrived(started)
            assert (missing, doubled) == ([], [])
            await wait_for(lambda: valkey.xlen(OUTBOX) == 0, "jobs are left")
    assert len(hints) >= ROUNDS // 2
    assert all(hints)
