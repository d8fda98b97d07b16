"""API keys: without one nothing, with one what its scopes say."""

import pytest

from codesvc.config.api_keys import hash_line
from tests.world import KEY

VF = "/v1/verifications/vf_abcdd6" + "a" * 26
CALLS = [
    ("POST", "/v1/verifications", "verify"),
    ("GET", VF, "verify"),
    ("GET", f"{VF}/scan", "verify"),
    ("GET", f"{VF}/events", "verify"),
    ("POST", f"{VF}/check", "verify"),
    ("POST", f"{VF}/resend", "verify"),
    ("POST", f"{VF}/cancel", "verify"),
    ("POST", "/v1/proofs/verify", "verify"),
    ("GET", "/v1/bindings/alice", "bindings"),
    ("PUT", "/v1/bindings/alice", "bindings"),
    ("DELETE", "/v1/bindings/alice", "bindings"),
    ("DELETE", "/v1/users/alice/guesses", "admin"),
]
SCOPES = ["verify", "bindings", "openids", "vouch", "messages", "admin"]


def key_for(scope):
    return f"csk_{scope}_" + scope[0] * 40


@pytest.fixture
async def office(new_world):
    """A key for each scope, and nothing else."""
    keys = [{"name": scope, "hash": hash_line(key_for(scope)), "scopes": [scope]} for scope in SCOPES]
    async with new_world(sites__shop__keys=keys) as world:
        yield world


async def test_every_call_wants_a_key_and_its_own_scope(office, dump):
    before = dump()
    for method, path, wanted in CALLS:
        for key in (None, KEY, key_for(wanted)[:-1], key_for(wanted) + "x", "", "\u00e9"):
            answer = await office.call(method, path, {} if method in {"POST", "PUT"} else None, key=key)
            assert (answer.status, answer.problem) == (401, "unauthenticated"), (method, path, key)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        for scope in SCOPES:
            answer = await office.call(method, path, {} if method in {"POST", "PUT"} else None, key=key_for(scope))
            if scope == wanted:
                assert answer.status not in {401, 403}, (method, path)
            else:
                assert (answer.status, answer["scope"]) == (403, wanted), (method, path, scope)
    # The admin's own act is on record, and that is all.
    assert {key: value for key, value in dump().items() if ":audit" not in key} == before


async def test_other_ways_of_sending_a_key_do_not_count(world):
    for headers in (
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"X-Api-Key": KEY},
        {"Authorization": f"Bearer {KEY} x"},
    ):
        assert (await world.call("GET", "/v1/bindings/alice", key=None, headers=headers)).status == 401
    assert (await world.call("GET", f"/v1/bindings/alice?key={KEY}", key=None)).status == 401
    lower = {"Authorization": f"bearer {KEY}"}
    assert (await world.call("GET", "/v1/bindings/alice", key=None, headers=lower)).status == 404


async def test_vouching_needs_its_own_scope(office):
    body = {"purpose": "reset", "user": "alice", "client_ip": "192.0.2.1", "vouched": True}
    refused = await office.call("POST", "/v1/verifications", body, key=key_for("verify"))
    assert (refused.status, refused["scope"]) == (403, "vouch")


async def test_openids_are_for_keys_that_may_see_them(new_world):
    keys = [
        {"name": "plain", "hash": hash_line(key_for("bindings")), "scopes": ["bindings"]},
        {"name": "full", "hash": hash_line(KEY), "scopes": ["bindings", "openids"]},
    ]
    async with new_world(sites__shop__keys=keys) as world:
        person = await world.person()
        refused = await world.bind("alice", person, key=key_for("bindings"))
        assert (refused.status, refused["scope"]) == (403, "openids")
        assert (await world.bind("alice", person)).status == 201
        plain = await world.call("GET", "/v1/bindings/alice", key=key_for("bindings"))
        assert not {"openid", "unionid"} & set(plain.json)
        assert person.openid not in plain.text
        assert (await world.call("GET", "/v1/bindings/alice"))["openid"] == person.openid


async def test_client_ip_is_wanted_unless_the_site_says_it_has_none(new_world):
    missing = {"purpose": "register", "user": "alice"}
    async with new_world() as world:
        answer = await world.call("POST", "/v1/verifications", missing)
        assert (answer.status, answer["errors"][0]["pointer"]) == (400, "/client_ip")
    async with new_world(sites__shop__client_ip="none", sites__shop__limits={"address_starts": ["1/hour"]}) as world:
        for _ in range(3):
            assert (await world.call("POST", "/v1/verifications", missing)).status == 201
