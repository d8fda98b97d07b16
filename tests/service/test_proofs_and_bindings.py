"""Proofs are spent once; a user has one WeChat and a WeChat one user, for each site by itself."""

import pytest

from tests.world import KEY, OTHER_KEY


async def verify(world, proof, *, key=KEY, **more):
    return await world.call("POST", "/v1/proofs/verify", {"proof": proof, **more}, key=key)


async def put(world, user, body, *, key=KEY):
    return await world.call("PUT", f"/v1/bindings/{user}", body, key=key)


async def test_looking_does_not_spend_and_spending_does(world):
    approved = await world.approved("alice")
    for _ in range(2):
        assert (await verify(world, approved["proof"], consume=False)).status == 200
    claims = await verify(world, approved["proof"])
    assert (claims.status, claims["iss"], claims["aud"], claims["sub"]) == (200, world.service, "shop", "alice")
    for answer in (
        await verify(world, approved["proof"]),
        await verify(world, approved["proof"], consume=False),
        await put(world, "alice", {"proof": approved["proof"]}),
    ):
        assert (answer.status, answer.problem) == (410, "proof-spent")


async def test_after_ten_minutes_it_is_too_old(world):
    approved = await world.approved()
    await world.advance(601)
    assert (await verify(world, approved["proof"])).problem == "proof-expired"
    assert (await put(world, "alice", {"proof": approved["proof"]})).problem == "proof-expired"


async def test_another_sites_or_a_changed_one_is_none(world):
    approved = await world.approved()
    proof = approved["proof"]
    head, body, signature = proof.split(".")
    for answer in (
        await verify(world, proof, key=OTHER_KEY),
        await put(world, "alice", {"proof": proof}, key=OTHER_KEY),
        await verify(world, f"{head}.{body[:-3]}AAA.{signature}"),
        await verify(world, f"eyJhbGciOiJub25lIn0.{body}."),
        await verify(world, "not.a.proof"),
    ):
        assert (answer.status, answer.problem) == (422, "bad-proof")
    assert (await verify(world, proof)).status == 200


async def test_a_site_reads_a_proof_offline(world):
    import jwt

    approved = await world.approved("alice")
    keys = await world.call("GET", "/.well-known/jwks.json", key=None)
    [key] = jwt.PyJWKSet.from_dict(keys.json).keys
    claims = jwt.decode(approved["proof"], key, algorithms=["EdDSA"], audience="shop", issuer=world.service)
    assert (claims["sub"], claims["vf"], claims["basis"]) == ("alice", approved["id"], "open")


async def test_binding_with_a_proof_is_said_twice_and_done_once(world):
    approved = await world.approved("attempt-1")
    first = await put(world, "alice", {"proof": approved["proof"]})
    again = await put(world, "alice", {"proof": approved["proof"]})
    assert (first.status, again.status) == (201, 200)
    assert (first["user"], first["openid"], first["made_by"], first["reachable"]) == (
        "alice", approved["openid"], "proof", True,
    )  # fmt: skip
    assert again["bound_at"] == first["bound_at"]
    assert (await put(world, "bob", {"proof": approved["proof"]})).problem == "proof-spent"


async def test_a_conflict_changes_nothing_and_spends_nothing(world):
    await world.bound("alice")
    approved = await world.approved("attempt-1")
    before = (await world.call("GET", "/v1/bindings/alice")).text
    refused = await put(world, "alice", {"proof": approved["proof"]})
    assert (refused.status, refused.problem) == (409, "binding-conflict")
    assert (await world.call("GET", "/v1/bindings/alice")).text == before
    replaced = await put(world, "alice", {"proof": approved["proof"], "replace": True})
    assert (replaced.status, replaced["openid"]) == (201, approved["openid"])


async def test_replace_moves_a_user_but_takes_no_wechat_from_another_user(world):
    first, second = await world.bound("alice"), await world.bound("bob")
    taken = await world.bind("alice", second, replace=True)
    assert taken.status == 409
    third = await world.person()
    assert (await world.bind("alice", third, replace=True)).status == 201
    assert (await world.bind("carol", first)).status == 201


async def test_unbinding_frees_both(world):
    person = await world.bound("alice")
    assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
    assert (await world.call("GET", "/v1/bindings/alice")).status == 404
    assert (await world.call("DELETE", "/v1/bindings/alice")).status == 404
    assert (await world.bind("bob", person)).status == 201


async def test_binding_the_same_again_is_the_same(world):
    person = await world.bound("alice")
    assert (await world.bind("alice", person)).status == 200


async def test_many_users_of_one_wechat_where_the_site_says_so(new_world):
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person = await world.bound("alice")
        assert (await world.bind("bob", person)).status == 201


async def test_a_binding_knows_whether_it_can_be_reached(world):
    person = await world.bound("alice")
    await person.unfollow()
    assert (await world.call("GET", "/v1/bindings/alice"))["reachable"] is False
    await person.follow()
    assert (await world.call("GET", "/v1/bindings/alice"))["reachable"] is True


@pytest.mark.parametrize("openid", ["status", "fields", "verified"])
async def test_an_openid_may_be_any_word(world, openid):
    """Scripts answer with flat lists; a value must not be mistaken for the name of a field."""
    made = await put(world, "alice", {"openid": openid})
    assert (made.status, made["openid"]) == (201, openid)
    assert (await world.call("GET", "/v1/bindings/alice"))["openid"] == openid


@pytest.mark.parametrize(
    "body", [{}, {"proof": "a.b.c", "openid": "o_abcdef"}, {"replace": True}, {"handle": "h", "proof": "p"}]
)
async def test_exactly_one_way_of_binding(world, body, dump):
    before = dump()
    answer = await put(world, "alice", body)
    assert (answer.status, answer.problem) == (400, "invalid")
    assert dump() == before


async def test_two_sites_on_one_account_are_strangers(world):
    person = await world.bound("alice")
    assert (await world.call("GET", "/v1/bindings/alice", key=OTHER_KEY)).status == 404
    assert (await world.bind("alice-there", person, key=OTHER_KEY)).status == 201
    started = await world.start("alice")
    for path in ("", "/scan", "/events"):
        assert (await world.call("GET", f"/v1/verifications/{started['id']}{path}", key=OTHER_KEY)).status == 404
    for act, body in (("check", {"code": "1"}), ("resend", {}), ("cancel", {})):
        answer = await world.call("POST", f"/v1/verifications/{started['id']}/{act}", body, key=OTHER_KEY)
        assert answer.status == 404
    cafe = await world.start("alice", "register", key=OTHER_KEY)
    assert cafe["delivery"]["channel"] == "scan"
    await person.say(cafe["scan"]["keyword"])
    assert "Café" in await person.last_text()
    assert (await world.check(cafe, await person.code_in_chat(), key=OTHER_KEY)).status == 200
