"""A world with an issuer, and a browser, for every test of the OpenID Provider."""

from __future__ import annotations

import pytest

from tests.oidc.parties import Browser, provider


@pytest.fixture
async def world(new_world):
    async with new_world(**provider()) as made:
        yield made


@pytest.fixture
def browser(world):
    return Browser(world)
