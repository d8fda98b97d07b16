"""What is around the service fails in every way it can: each a clear state, and all of it ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess

import aiohttp
import pytest

from tests.chaos.processes import AUTH, LONG, a_town, bounded
from tests.chaos.weather import changeable

MODES = {
    "dns": "dns",
    "down": "unreachable",
    "certificate": "certificate",
    "garbage": "garbled",
    "half-open": "unreachable",
    **({"slow": "timeout"} if LONG else {}),
}


@pytest.fixture
async def town(tmp_path):
    async with a_town(tmp_path) as town:
        yield town


async def readiness(town):
    async with town.http.get(town.base + "/readyz", headers=AUTH) as answer:
        told = await answer.json()
        return answer.status, {one["component"]: one for one in told["components"]}


async def state(town, component, *wanted, answered=None, seconds=60):
    """Wait until a component says so, with this status where one is given; what it says then."""
    for _ in range(seconds * 20):
        status, parts = await readiness(town)
        if parts[component]["state"] in wanted and answered in {None, status}:
            return status, parts[component]
        await asyncio.sleep(0.05)
    raise AssertionError(f"{component} says {parts[component]['state']}, and the answer is {status}")


async def number(town, name, label=""):
    """What /metrics says by this name, over all series with this label; 0 where there are none."""
    async with town.http.get(town.base + "/metrics", headers=AUTH) as answer:
        lines = (await answer.text()).splitlines()
    found = [one for one in lines if re.match(rf"{name}[ {{]", one) and label in one]
    return sum(float(one.rpartition(" ")[2]) for one in found)


@bounded
async def test_a_wechat_that_fails_in_any_way_is_named_and_every_code_arrives_once(town, store_url):
    async with changeable(town.sandbox, town.directory) as weather:
        town.configure(f'url = "{store_url}"', api_url=weather.url, **{"accounts.main": "qr_pool = 2"})
        # From the start on: a name that was resolved is good for a minute.
        await weather.change("dns")
        async with town.serving(**weather.environment) as process:
            await town.people_and_users(3)
            names = []
            for mode, word in MODES.items():
                await weather.change(mode)
                began = len(names)
                for n in range(began, began + 3):
                    status, started = await town.start(n)
                    assert status == 201, started
                    names.append(started["id"])
                status, told = await state(town, "wechat:main", word, seconds=30)
                assert status == 200, "the service is ready all the same"
                assert told["means"]
                assert await number(town, "codesvc_wechat_calls_total", f'errcode="{word}"') >= 1
                await weather.change("fine")
                assert await town.all_arrived(names) == ([], []), mode
                await state(town, "wechat:main", "ok")
            assert process.returncode is None


async def try_to_start(town, number):
    headers = {"Authorization": "Bearer csk_shop_" + "q" * 43}
    body = {"purpose": "register", "user": "u-0", "client_ip": f"10.9.9.{number}"}
    async with town.http.post(town.base + "/v1/verifications", json=body, headers=headers) as answer:
        return answer.status, await answer.json(), answer.headers


async def is_refused(town, number):
    for _ in range(200):
        status, told, headers = await try_to_start(town, number)
        if status == 503:
            assert told["type"].endswith("/problems/unavailable")
            assert int(headers["Retry-After"]) > 0
            return
        assert status == 201
        await asyncio.sleep(0.05)
    raise AssertionError("it is never refused")


@bounded
async def test_a_store_whose_memory_is_full_refuses_and_goes_on_by_itself(town, valkey, store_url):
    town.configure(f'url = "{store_url}"')
    async with town.serving():
        await town.people_and_users(1)
        _, started = await town.start(0)
        valkey.config_set("maxmemory", 1)
        try:
            status, told = await state(town, "store", "out of memory")
            assert status == 503
            assert "maxmemory" in told["means"]
            assert await number(town, "codesvc_store_writable") == 0
            await is_refused(town, 1)
            status, _ = await town.call("GET", f"/v1/verifications/{started['id']}", tries=1)
            assert status == 200, "what only reads is answered"
        finally:
            valkey.config_set("maxmemory", 0)
        assert (await state(town, "store", "ok"))[0] == 200
        _, again = await town.start(2)
        assert await town.all_arrived([started["id"], again["id"]]) == ([], [])


@contextlib.contextmanager
def small_disk(place, megabytes):
    """A file system of its own; needs the right to mount."""
    place.mkdir()
    command = ["/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("a small disk needs the right to mount one")
    try:
        yield place
    finally:
        subprocess.run(["/bin/umount", "-l", str(place)], check=True)


def fill(place):
    """Leave no room; returns what takes it up."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return filler


@bounded
@pytest.mark.parametrize("fsync", ["everysec", "always"])
async def test_a_full_disk_is_said_and_nothing_that_was_acknowledged_is_lost(town, fsync):
    with small_disk(town.directory / "disk", 8):
        town.configure(f'data_dir = "disk/data"\nfsync = "{fsync}"')
        async with town.serving() as process:
            await town.people_and_users(1)
            _, before = await town.start(0)
            filler = fill(town.directory / "disk")
            # The last page of the file has room left.
            for n in range(1, 200):
                status, *_ = await try_to_start(town, n)
                if status == 503:
                    break
            await is_refused(town, 200)
            # A busy store may be slow to answer before it is asked to write.
            _, told = await state(town, "store", "cannot write to its disk", "no answer", answered=503)
            assert told["means"]
            filler.unlink()
            assert (await state(town, "store", "ok"))[0] == 200
            _, after = await town.start(1)
            assert await town.all_arrived([before["id"], after["id"]]) == ([], [])
            assert process.returncode is None


@bounded
async def test_file_descriptors_used_up_are_said_and_come_back(town, store_url):
    town.configure(f'url = "{store_url}"')
    idle = []
    async with town.serving(before=("prlimit", "--nofile=96:96")) as process:
        await town.people_and_users(1)
        assert (await state(town, "descriptors", "ok"))[1]["means"]
        try:
            idle += [await asyncio.open_connection("127.0.0.1", town.port) for _ in range(150)]
            # Over the connection that is open already.
            status, told = await state(town, "descriptors", "scarce", "used up")
            assert status == 200
            assert "LimitNOFILE" in told["means"] or "accepted" in told["means"]
            assert await number(town, "codesvc_descriptors") > 0.8 * 96
            assert await number(town, "codesvc_descriptors_limit") == 96
            _, started = await town.start(0)
            assert await town.all_arrived([started["id"]]) == ([], [])
        finally:
            for _, writer in idle:
                writer.transport.abort()
        await state(town, "descriptors", "ok")
        for n in range(1, 5):
            async with aiohttp.ClientSession() as newcomer, newcomer.get(town.base + "/readyz") as answer:
                assert answer.status == 200
            assert (await town.start(n))[0] == 201
        assert process.returncode is None
