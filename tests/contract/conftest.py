"""The document as the running service gives it."""

from __future__ import annotations

import pytest

from codesvc.web.contract import describe
from tests.contract.published import Published


@pytest.fixture(scope="session")
def published():
    return Published(describe("https://code.example.com"))
