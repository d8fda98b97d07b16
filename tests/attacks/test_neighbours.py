"""Two sites share an account: to one another they are strangers, whatever they know of each other's ids and tokens."""

from __future__ import annotations

import pytest

from codesvc.web.contract import OPERATIONS
from codesvc.web.contract.operation import Access
from tests.relay.conftest import ended
from tests.world import KEY, OTHER_KEY, SCOPES, hash_line

NEIGHBOUR = {"name": "server", "hash": hash_line(OTHER_KEY), "scopes": SCOPES}
OWN_IDS = [o for o in OPERATIONS if o.access is Access.KEY and "{id}" in o.path and "webhooks" not in o.path]
BODIES = {"check": {"code": "123456", "client_ip": "192.0.2.9"}}


@pytest.fixture
async def town(new_world):
    """The neighbour's key may do everything, for its own site."""
    signed = {"url": "https://gateway.example/hook", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}
    async with new_world(
        sites__cafe__keys=[NEIGHBOUR],
        sites__shop__chat={"bind_url": "https://shop.example/b"},
        sites__shop__relay={"sms": "main", "region": "CN", "purpose": "register"},
        sites__shop__gateways={"main": {"signed": signed}},
    ) as world:
        yield world


async def made(world, path, person):
    """Something of the shop's that the path could be about, in the middle of its life."""
    if "verifications" in path:
        started = await world.start("alice", "reset")
        await person.wait_for_push()
        return started["id"]
    kind = path.split("/")[2]
    body = {"client_ip": "192.0.2.1"}
    if kind in {"bind-intents", "messages"}:
        body |= {"user": "alice"}
    if kind == "messages":
        body |= {"code": "721082", "recipient": {"phone": "+8613800138000"}}
    identifier = (await world.call("POST", f"/v1/{kind}", body))["id"]
    if kind == "messages":
        # Its gateway is out of reach, so it goes on being handed over.
        await ended(world, {"id": identifier}, "handing_over")
    return identifier


@pytest.mark.parametrize("operation", OWN_IDS, ids=lambda operation: f"{operation.method} {operation.path}")
async def test_an_id_of_another_sites_is_no_id(town, operation):
    person = await town.bound("alice")
    path = operation.path.replace("{id}", await made(town, operation.path, person))
    itself = "/".join(path.split("/")[:4])
    body = BODIES.get(path.rpartition("/")[2], {}) if operation.body else None
    before = (await town.call("GET", itself)).text
    answer = await town.call(operation.method, path, body, key=OTHER_KEY)
    assert (answer.status, answer.problem) == (404, "not-found")
    assert (await town.call("GET", itself)).text == before


async def test_bindings_proofs_and_handles_do_not_cross_over(town):
    alice = await town.bound("alice")
    shops = await town.approved("attempt-1")
    for method, path, body in (
        ("GET", "/v1/bindings/alice", None),
        ("GET", "/v1/bindings/alice/history", None),
        ("DELETE", "/v1/bindings/alice", None),
    ):
        answer = await town.call(method, path, body, key=OTHER_KEY)
        assert answer.status in {200, 204, 404}
        assert alice.openid not in answer.text
    assert (await town.call("GET", f"/v1/bindings?openid={alice.openid}", key=OTHER_KEY))["bindings"] == []
    assert (
        await town.call("POST", "/v1/proofs/verify", {"proof": shops["proof"]}, key=OTHER_KEY)
    ).problem == "bad-proof"
    bound = await town.call("PUT", "/v1/bindings/mallory", {"proof": shops["proof"]}, key=OTHER_KEY)
    assert bound.problem == "bad-proof"
    assert (await town.call("GET", "/v1/bindings/alice"))["openid"] == alice.openid
    assert (await town.call("POST", "/v1/proofs/verify", {"proof": shops["proof"]})).status == 200


async def test_the_same_name_on_both_sites_is_two_people(town):
    shops, cafes = await town.bound("alice"), await town.person()
    assert (await town.bind("alice", cafes, key=OTHER_KEY)).status == 201
    await town.start("alice", "reset", key=OTHER_KEY)
    code = await cafes.wait_for_push()
    assert await shops.pushed_codes() == []
    started = await town.start("alice", "reset")
    await shops.wait_for_push()
    assert (await town.check(started, code)).problem == "wrong-code"


async def test_a_neighbours_flood_takes_none_of_our_guesses(town):
    person = await town.bound("alice")
    for attempt in range(12):
        theirs = await town.start("alice", "reset", key=OTHER_KEY, ip=f"198.51.100.{attempt}")
        for _ in range(5):
            await town.check(theirs, "000000", key=OTHER_KEY)
    ours = await town.start("alice", "reset")
    assert (await town.check(ours, await person.wait_for_push())).status == 200


async def test_a_word_or_scene_works_for_the_site_that_made_it(town):
    """The account is shared, so the neighbour's customer may read our word aloud: the code stays ours."""
    ours, person = await town.start("attempt-1"), await town.person()
    await person.say(ours["scan"]["keyword"])
    code = await person.code_in_chat()
    theirs = await town.start("attempt-1", key=OTHER_KEY)
    assert (await town.check(theirs, code, key=OTHER_KEY)).problem == "wrong-code"
    assert (await town.check(ours, code, key=OTHER_KEY)).problem == "not-found"
    assert (await town.check(ours, code, key=KEY)).status == 200
