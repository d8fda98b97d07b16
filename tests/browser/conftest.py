"""One stage for all browser tests: the demo and a Chromium, both started once."""

from __future__ import annotations

import os

import pytest
import pytest_asyncio

from tests.browser.stage import chromium, staged


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage():
    executable = chromium()
    if executable is None:
        missing = "no Chromium: install it, or set CODESVC_CHROMIUM"
        (pytest.fail if os.environ.get("CODESVC_REQUIRE_BROWSER") == "1" else pytest.skip)(missing)
    async with staged(executable) as stage:
        yield stage
