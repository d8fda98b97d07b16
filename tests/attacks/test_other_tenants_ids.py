"""Ids of a neighbour's events, streams and pages, and the operators' rooms, in the hands of a site's own key."""

from __future__ import annotations

import pytest

from codesvc.web.contract import OPERATIONS
from codesvc.web.contract.operation import Access
from tests.webhooks.receiver import delivery, hook, quiet, receiving, send_test
from tests.world import KEY, OTHER_KEY, SCOPES, hash_line

NEIGHBOUR = {"name": "server", "hash": hash_line(OTHER_KEY), "scopes": SCOPES}
OPERATORS = [operation for operation in OPERATIONS if operation.access is Access.ADMIN]


@pytest.fixture
async def receiver():
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def theirs():
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def town(new_world, receiver, theirs):
    """Two sites of one account, each with a webhook and a key that may do everything for its own site."""
    hooks = {"sites__shop__webhook": hook(receiver), "sites__cafe__webhook": hook(theirs)}
    async with new_world(sites__cafe__keys=[NEIGHBOUR], **hooks) as world:
        yield world


async def test_a_neighbours_deliveries_are_neither_listed_nor_read_nor_sent_again(town, receiver, theirs):
    event = await send_test(town)
    await delivery(town, event, "delivered")
    assert (await town.call("GET", "/v1/webhooks/deliveries", key=OTHER_KEY))["deliveries"] == []
    for method, path in (
        ("GET", f"/v1/webhooks/deliveries/{event}"),
        ("POST", f"/v1/webhooks/deliveries/{event}/resend"),
    ):
        answer = await town.call(method, path, {} if method == "POST" else None, key=OTHER_KEY)
        assert (answer.status, answer.problem) == (404, "not-found"), path
    # A list that begins at a neighbour's id holds nothing of the neighbour's.
    after = await town.call("GET", f"/v1/webhooks/deliveries?cursor={event}", key=OTHER_KEY)
    assert after.json.get("deliveries", []) == []
    await quiet(town, receiver)
    assert (len(receiver.got), len(theirs.got)) == (1, 0)


async def test_a_neighbour_tests_and_enables_its_own_endpoint_only(town, receiver, theirs):
    receiver.answers = [410]
    event = await send_test(town)
    await delivery(town, event, "pending", attempts=1)
    assert (await town.call("GET", "/v1/webhooks"))["enabled"] is False
    assert (await town.call("POST", "/v1/webhooks/enable", {}, key=OTHER_KEY)).status == 200
    assert (await town.call("GET", "/v1/webhooks"))["enabled"] is False
    assert (await town.call("POST", "/v1/webhooks/test", {}, key=OTHER_KEY)).status == 201
    assert (await theirs.wait())[0].kind == "webhook.test"
    await quiet(town, theirs, "cafe")
    assert len(receiver.got) == 1


async def test_what_happens_to_a_neighbours_people_is_told_to_the_neighbour_only(town, receiver, theirs):
    await town.approved("attempt-1")
    await receiver.of("verification.approved")
    await quiet(town, theirs, "cafe")
    assert theirs.got == []


async def test_a_page_token_is_of_no_use_as_another_sites(town):
    shops = await town.start("attempt-1")
    token = shops["page_token"]
    for path in (f"/v1/verifications/{token}", f"/v1/logins/{token}", f"/v1/bind-intents/{token}"):
        assert (await town.call("GET", path, key=OTHER_KEY)).status in {400, 404}
    # On the page itself a key counts for nothing: not the neighbour's, and not the site's own.
    plain = (await town.page("GET", shops, "/state")).json
    for key in (KEY, OTHER_KEY):
        assert (await town.call("GET", f"/p/{token}/state", key=key)).json.keys() == plain.keys()


async def test_a_sites_key_administers_nothing(town, dump):
    before = dump()
    for operation in OPERATORS:
        path = operation.path.format(site="shop", account="main", key="server", client="wiki")
        answer = await town.call(operation.method, path, {} if operation.body else None, key=OTHER_KEY)
        assert (answer.status, answer.problem) == (401, "unauthenticated"), operation.path
    assert dump() == before


async def test_the_operators_pages_know_no_key(town):
    for page in ("", "/audit", "/webhooks", "/verifications", "/accounts"):
        answer = await town.call("GET", f"/admin{page}", key=OTHER_KEY)
        assert answer.status in {303, 404}
        assert "shop" not in answer.text
