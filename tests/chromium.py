"""Debian's Chromium for tests and pictures: where it is, and how it is started."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Pages that a test answers itself count as public, and loopback as private.
    "--disable-features=LocalNetworkAccessChecks",
]
COMMANDS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The headless shell is the same engine without the browser's own windows and takes a third less CPU."""
MISSING = "no Chromium: install chromium-headless-shell or chromium, or set CODESVC_CHROMIUM to its path"


def chromium() -> str | None:
    """Where Chromium is; None if it is not installed."""
    return os.environ.get("CODESVC_CHROMIUM") or next(filter(None, map(shutil.which, COMMANDS)), None)


def chromium_for_tests() -> str:
    """Where Chromium is. Without one the test is skipped, or fails where a browser is required."""
    executable = chromium()
    if executable is None:
        (pytest.fail if os.environ.get("CODESVC_REQUIRE_BROWSER") == "1" else pytest.skip)(MISSING)
    return executable


def chromium_for_pictures() -> str:
    """Where Chromium is. Without one the program ends."""
    executable = chromium()
    if executable is None:
        raise SystemExit(MISSING)
    return executable


@asynccontextmanager
async def running_chromium(executable: str) -> AsyncIterator[Browser]:
    """A Chromium; whoever uses it opens a context of its own, which has its own cookies, storage and cache."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()
