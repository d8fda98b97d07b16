"""Generator of `codesvc.client.blocking`, and of the modules that the library has in common with the service:

`python -m tests.contract.blocking_client`, or `make client`.
"""

from __future__ import annotations

import re
from pathlib import Path

import codesvc.client

ROOT = Path(codesvc.client.__file__).parent
HEADER = "# Generated from codesvc/client/asynchronous by `make client`. Do not edit.\n"
COPIED = ("bounded_answers",)
"""Modules of `codesvc.runtime` that the library has too; it imports nothing of the service."""
REPLACEMENTS = [
    (r"asynchronous client, on aiohttp", "blocking client, on urllib3"),
    (r"client\.transport_aiohttp", "client.transport_urllib3"),
    (r"import asyncio\nfrom typing", "import time\nfrom typing"),
    (r"asyncio\.sleep", "time.sleep"),
    (r"Callable\[\[float\], Awaitable\[None\]\]", "Callable[[float], object]"),
    (r"AsyncIterator, Awaitable, Callable", "Callable, Iterator"),
    (r"AsyncIterator, Callable", "Callable, Iterator"),
    (r"AsyncIterator", "Iterator"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclose\b", "close"),
    (r"client\.asynchronous(?=[. ]\w)", "client.blocking"),
    (r"\bClient\b", "SyncClient"),
]


def blocking(text):
    """The blocking text of an asynchronous module."""
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    return HEADER + text


def generated():
    """The path of each generated module, and its text."""
    for path in sorted((ROOT / "asynchronous").glob("*.py")):
        yield ROOT / "blocking" / path.name, blocking(path.read_text(encoding="utf-8"))


def copies():
    """The path of each copied module, and its text."""
    for name in COPIED:
        source = ROOT.parent / "runtime" / f"{name}.py"
        header = f"# Copied from codesvc/runtime/{name}.py by `make client`. Do not edit.\n"
        yield ROOT / f"{name}.py", header + source.read_text(encoding="utf-8")


if __name__ == "__main__":
    for path, text in [*generated(), *copies()]:
        path.write_text(text, encoding="utf-8")
