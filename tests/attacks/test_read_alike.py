"""An address that a proxy reads differently from the service is unknown: proxies shut areas and choose limits by it."""

import asyncio
from itertools import islice

import pytest

from tests.attacks.test_raw_requests import STATUS, sent
from tests.service.test_admin import ADMIN
from tests.world import KEY

# nginx and Caddy decide on the decoded address without dot segments, and hand on the one that was written.
ELSEWHERE = ["..%2f..%2fx", "%2e%2e%2f%2e%2E%2Fx", "a%2f..%2f..%2f..%2fv1%2fx", "../../x", "%2e%2e/%2e%2e/x", "..", "."]


@pytest.fixture
async def world(new_world):
    async with new_world(admin=ADMIN) as world:
        yield world


def routes_that_end_with_a_value(app):
    """Each route of the service whose last segment is free, filled up to there."""
    for resource in app.router.resources():
        *segments, last = resource.canonical.split("/")
        if last.startswith("{"):
            yield "/".join("main" if "{" in segment else segment for segment in segments)


async def answered(world, method, target):
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n"
    raw = await sent(world, head.encode())
    return int(STATUS.match(raw).group(1)), raw


async def test_no_address_leads_out_of_itself(world):
    found = set(routes_that_end_with_a_value(world.app))
    assert {"/admin/people", "/admin/v1/sites", "/p", "/v1/bindings"} <= found
    asked = [(method, f"{below}/{rest}") for below in sorted(found) for rest in ELSEWHERE for method in ("GET", "PUT")]
    pending = iter(asked)
    while batch := list(islice(pending, 32)):
        for (method, target), (status, raw) in zip(
            batch, await asyncio.gather(*(answered(world, *each) for each in batch)), strict=True
        ):
            assert status == 404, (method, target, status)
            assert b"There is no such address" in raw, (method, target)

    for user in ("a..b", "a.", "a...", "a.%2e"):
        _, raw = await answered(world, "GET", f"/v1/bindings/{user}")
        assert b"There is no such address" not in raw, user
