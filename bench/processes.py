"""Processes under measurement: started on a free port, ended with the block, asked for the CPU they have used."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """CPU that all threads of a process have used, to the nanosecond where the kernel counts so."""
    tasks = Path(f"/proc/{pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@contextlib.contextmanager
def running(*module: str, log: Path | None = None) -> Iterator[subprocess.Popen]:
    """`python -m module …` for as long as the block lasts; its log goes to a file, as in production to a pipe."""
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(log.open("ab")) if log else subprocess.DEVNULL
        process = subprocess.Popen([sys.executable, "-m", *module], stdout=subprocess.DEVNULL, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_port(port: int, process: subprocess.Popen) -> None:
    for _ in range(4000):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode}")
        time.sleep(0.005)
    raise SystemExit(f"nothing listens on {port}")


def wait_until_ready(base: str, process: subprocess.Popen) -> None:
    for _ in range(4000):
        with contextlib.suppress(OSError), urllib.request.urlopen(base + "/readyz", timeout=1):
            return
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode}")
        time.sleep(0.005)
    raise SystemExit(f"{base} does not become ready")


def scaled(count: int) -> int:
    """So many, or a part of it: BENCH_SCALE=0.1 for a quick look."""
    return max(1, int(count * float(os.environ.get("BENCH_SCALE", "1"))))
