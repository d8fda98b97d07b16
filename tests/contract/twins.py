"""The synchronous client is the asynchronous one with `await` taken out: `python -m tests.contract.twins` writes it."""

from __future__ import annotations

import re
from pathlib import Path

import codesvc.client

ROOT = Path(codesvc.client.__file__).parent
CHANGES = [
    (r"asynchronous client, on aiohttp", "synchronous client, on urllib3"),
    (r"import asyncio\nfrom typing", "import time\nfrom typing"),
    (r"asyncio\.sleep", "time.sleep"),
    (r"Callable\[\[float\], Awaitable\[None\]\]", "Callable[[float], object]"),
    (r"AsyncIterator, Awaitable, Callable", "Callable, Iterator"),
    (r"AsyncIterator, Callable", "Callable, Iterator"),
    (r"(import )?Callable, Iterator, Mapping", r"\1Callable, Iterator, Mapping"),
    (r"AsyncIterator", "Iterator"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclose\b", "close"),
    (r"client\.asynchronous(?=[. ]\w)", "client.blocking"),
    (r"\bClient\b", "SyncClient"),
]


def derived(text):
    """The synchronous text of an asynchronous module."""
    for pattern, replacement in CHANGES:
        text = re.sub(pattern, replacement, text)
    return text


def pairs():
    """Each derived module's path and what should stand in it. The transports are two different things."""
    for path in sorted((ROOT / "asynchronous").glob("*.py")):
        if path.name != "transport.py":
            yield ROOT / "blocking" / path.name, derived(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for path, text in pairs():
        path.write_text(text, encoding="utf-8")
