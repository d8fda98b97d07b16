"""Whoever loses a binding keeps nothing: no approval that nobody collected, and no right that was begun before."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from tests.people.asks import bind_intent, binding, login, read, reply, scan, status
from tests.service.test_renewals import renew
from tests.world import MASTER, running_world

NEWER = "another master key that is only for tests, 9876543210zyxw"


async def unbound(world, user):
    assert (await world.call("DELETE", f"/v1/bindings/{user}")).status == 204


async def unbound_and_bound_to_another(world, user):
    await unbound(world, user)
    assert (await world.bind(user, await world.person())).status == 201


async def replaced(world, user):
    assert (await world.bind(user, await world.person(), replace=True)).status == 201


async def replaced_by_scan(world, user):
    started = await bind_intent(world, user, replace=True, ip="198.51.100.9")
    newcomer = await world.person()
    await scan(world, newcomer, started)
    await reply(newcomer, "确认")
    assert await status(world, started) == "bound"


async def unbound_and_bound_again(world, user):
    """Even the same WeChat begins anew."""
    openid = (await binding(world, user))["openid"]
    await unbound(world, user)
    assert (await world.call("PUT", f"/v1/bindings/{user}", {"openid": openid})).status == 201


LOSSES = pytest.mark.parametrize(
    "lose", [unbound, unbound_and_bound_to_another, replaced, replaced_by_scan, unbound_and_bound_again]
)


async def approved_reset(world, person, user="alice", **more):
    started = await world.start(user, "reset", **more)
    code = await person.wait_for_push()
    checked = await world.check(started, code, headers={"Idempotency-Key": "check-1"})
    assert (checked.status, checked["proof"] is not None) == (200, True), checked.text
    return started, checked["proof"], code


@LOSSES
async def test_an_approval_that_nobody_collected_is_void(world, lose):
    person = await world.bound("alice")
    started, proof, code = await approved_reset(world, person)
    asked = await login(world)
    await scan(world, person, asked)
    await reply(person, "确认")
    other = await world.bound("bob")
    await lose(world, "alice")

    kept = await world.get(started)
    assert (kept["status"], kept.json.get("proof")) == ("canceled", None)
    for consume in (False, True):
        refused = await world.call("POST", "/v1/proofs/verify", {"proof": proof, "consume": consume})
        assert (refused.status, refused.problem) == (410, "proof-expired")
    for user in ("alice", "bob", "eve"):
        took = await world.call("PUT", f"/v1/bindings/{user}", {"proof": proof, "replace": True})
        assert (took.status, took.problem) == (410, "proof-expired")
    again = await world.check(started, code, headers={"Idempotency-Key": "check-1"})
    assert (again.status, again.problem) == (410, "verification-ended")
    assert (await world.page("GET", started, "/state"))["status"] == "canceled"
    ended = await read(world, asked)
    assert (ended["status"], ended["user"], ended["handle"]) == ("canceled", None, None)
    assert (await binding(world, "bob"))["openid"] == other.openid


async def test_what_was_begun_after_it_is_good(world):
    person = await world.bound("alice")
    await unbound_and_bound_again(world, "alice")
    _, proof, _ = await approved_reset(world, person)
    asked = await login(world)
    await scan(world, person, asked)
    await reply(person, "确认")
    assert (await read(world, asked))["user"] == "alice"
    assert (await world.call("POST", "/v1/proofs/verify", {"proof": proof})).status == 200
    started = await bind_intent(world, "alice")
    await scan(world, person, started)
    await reply(person, "确认")
    assert await status(world, started) == "bound"


async def test_a_proof_that_was_collected_stays_told_and_another_site_loses_nothing(world):
    person = await world.bound("alice")
    started, proof, _ = await approved_reset(world, person)
    assert (await world.call("POST", "/v1/proofs/verify", {"proof": proof})).status == 200
    bob = await world.bound("bob")
    other = await world.start("bob", "reset", ip="192.0.2.2")
    code = await bob.wait_for_push()
    await unbound(world, "alice")
    assert (await world.get(started))["status"] == "approved"
    spent = await world.call("POST", "/v1/proofs/verify", {"proof": proof})
    assert spent.problem == "proof-spent"
    assert (await world.check(other, code)).status == 200


@LOSSES
@pytest.mark.parametrize("scanned", [True, False], ids=["scanned before", "scanned after"])
async def test_a_bind_intent_from_before_binds_nobody(world, lose, scanned):
    person, stranger = await world.bound("alice"), await world.person()
    started = await bind_intent(world, "alice", replace=True)
    if scanned:
        await scan(world, stranger, started)
    await lose(world, "alice")
    held = (await binding(world, "alice")).json.get("openid")
    for each in (stranger, person):
        if scanned:
            await reply(each, "确认")
        else:
            await each.say(started["scan"]["keyword"])
            await each.say("确认")
    assert (await binding(world, "alice")).json.get("openid") == held
    assert await status(world, started) == "canceled"


async def test_without_a_question_a_scan_from_before_binds_nobody(new_world):
    async with new_world(sites__shop__confirm_bind=False) as world:
        person = await world.bound("alice")
        started = await bind_intent(world, "alice")
        await unbound(world, "alice")
        await person.say(started["scan"]["keyword"])
        assert (await binding(world, "alice")).status == 404


async def test_a_page_token_renews_nothing_from_before(world):
    await world.bound("alice")
    started = await bind_intent(world, "alice")
    await world.advance(601)
    await unbound(world, "alice")
    assert (await renew(world, started)).status == 410
    pending = await world.start("alice", "register")
    await world.bind("alice", await world.person())
    await unbound(world, "alice")
    await world.advance(601)
    assert (await renew(world, pending)).status == 410


async def test_the_old_wechat_that_was_asked_agrees_to_nothing_after_it_lost_the_user(world):
    person, newcomer = await world.bound("alice"), await world.person()
    started = await bind_intent(world, "alice")
    await scan(world, newcomer, started)
    await reply(newcomer, "确认")
    assert await status(world, started) == "conflict"
    await unbound_and_bound_again(world, "alice")
    await reply(person, f"同意换绑{started['reference'].lower()}")
    assert (await binding(world, "alice"))["openid"] == person.openid


@pytest.mark.parametrize("purpose", ["reset", "register"])
async def test_a_code_from_before_approves_nobody(world, purpose):
    person = await world.bound("alice")
    started = await world.start("alice", purpose)
    code = await person.wait_for_push()
    await unbound(world, "alice")
    for _ in range(2):
        assert (await world.check(started, code)).problem == "wrong-code"
        await person.say(started["scan"]["keyword"])
    again = await world.start("alice", purpose, ip="192.0.2.3")
    if purpose == "register":
        stranger = await world.person()
        await stranger.say(again["scan"]["keyword"])
        assert (await world.check(again, await stranger.code_in_chat())).status == 200


async def test_a_handle_of_the_wechat_that_lost_the_user_does_not_bind_it_again(new_world):
    """Another WeChat's handle does: "unlink, then link the new one" is what a site may do."""
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person, newcomer, handles = await world.person(), await world.person(), []
        for each in (person, newcomer):
            asked = await login(world)
            await scan(world, each, asked)
            await reply(each, "确认")
            handles.append((await read(world, asked))["handle"])
        await world.bind("alice", person)
        await unbound(world, "alice")
        refused = await world.call("PUT", "/v1/bindings/alice", {"handle": handles[0]})
        assert (refused.status, refused.problem) == (410, "proof-expired")
        assert (await world.call("PUT", "/v1/bindings/carol", {"handle": handles[0]})).status == 201
        assert (await world.call("PUT", "/v1/bindings/alice", {"handle": handles[1]})).status == 201


async def test_of_an_unbinding_and_a_yes_at_once_none_leaves_a_binding_that_the_other_took(world):
    """Whichever comes first: what the intent bound is gone, or the intent is."""
    for number in range(6):
        user = f"alice-{number}"
        person = await world.bound(user)
        stranger = await world.person()
        started = await bind_intent(world, user, replace=True, ip=f"192.0.2.{10 + number}")
        await scan(world, stranger, started)
        await asyncio.gather(unbound(world, user), stranger.say("确认"))
        found, ended = await binding(world, user), await status(world, started)
        assert (found.status, ended) in {(404, "bound"), (404, "canceled")}, (found.json, person.openid)


async def test_who_took_a_user_over_and_withdraws_takes_no_line_of_the_owner_along(world):
    """A person may have deleted what is about them, not what is about the owner before or after them."""
    owner, thief = await world.bound("alice"), await world.person()
    tags = [line["wechat"] for line in await history(world)]
    assert (await world.bind("alice", thief, replace=True)).status == 201
    assert (await world.bind("alice", owner, replace=True)).status == 201
    assert (await world.bind("alice", thief, replace=True)).status == 201
    assert [line["event"] for line in await history(world)] == ["bound", "moved", "moved", "moved"]
    await world.control("POST", f"/users/{thief.openid}/event", {"event": "user_authorization_revoke"})
    await until(lambda: world.call("GET", "/v1/bindings/alice"), 404)
    kept = await history(world)
    assert [(line["event"], line["wechat"] in tags, line.get("from")) for line in kept] == [
        ("bound", True, None),
        ("moved", True, None),
        ("removed", False, None),
    ]
    assert kept[-1]["by"] == "forgotten"


async def history(world):
    return (await world.call("GET", "/v1/bindings/alice/history"))["history"]


async def until(read, status):
    for _ in range(300):
        if (await read()).status == status:
            return
    raise AssertionError(status)


@pytest.fixture
async def after_replacement(store_url, tmp_path):
    """Goes on with a world after its master key was replaced as documented, or with other keys."""

    @asynccontextmanager
    async def of(before, newest=NEWER, *, others=(MASTER,)):
        keys = {"secrets__master_key": newest, "secrets__previous_master_keys": [*others]}
        port = urlsplit(before.service).port
        async with running_world(store_url, tmp_path, platform=before.platform, service_port=port, **keys) as world:
            yield world

    return of


async def test_a_loss_outlives_the_master_key(new_world, after_replacement):
    """One who loses a user keeps no right over it where the master key is replaced, which is done after an incident."""
    async with new_world() as world:
        person, begun = await world.person(), await login(world)
        await reply(person, begun["scan"]["keyword"])
        await reply(person, "确认")
        handle = (await read(world, begun))["handle"]
        assert (await world.bind("alice", person)).status == 201
        await unbound(world, "alice")
    async with after_replacement(world) as world:
        refused = await world.call("PUT", "/v1/bindings/alice", {"handle": handle})
        assert (refused.status, refused.problem) == (410, "proof-expired"), refused.text


async def test_a_loss_under_a_master_key_that_a_process_lacks_is_a_loss(new_world, after_replacement):
    """A process that has not got the next key yet bound whom another process had just unbound."""
    async with new_world() as world:
        people, handles = [await world.person(), await world.person()], []
        for person in people:
            begun = await login(world)
            await reply(person, begun["scan"]["keyword"])
            await reply(person, "确认")
            handles.append((await read(world, begun))["handle"])
        assert (await world.bind("alice", people[0])).status == 201
    async with after_replacement(world) as world:
        await unbound(world, "alice")
    async with after_replacement(world, MASTER, others=()) as world:
        refused = await world.call("PUT", "/v1/bindings/alice", {"handle": handles[0]})
        assert (refused.status, refused.problem) == (410, "proof-expired"), refused.text
        assert (await world.call("PUT", "/v1/bindings/bob", {"handle": handles[0]})).status == 201
    async with after_replacement(world) as world:
        assert (await world.call("PUT", "/v1/bindings/alice", {"handle": handles[1]})).status == 201


async def test_who_withdraws_takes_along_lines_from_before_the_master_key(new_world, after_replacement):
    async with new_world() as world:
        openid = (await world.person()).openid
        for _ in range(2):
            assert (await world.call("PUT", "/v1/bindings/alice", {"openid": openid})).status == 201
            await unbound(world, "alice")
    async with after_replacement(world) as world:
        assert (await world.call("PUT", "/v1/bindings/alice", {"openid": openid})).status == 201
        await world.control("POST", f"/users/{openid}/event", {"event": "user_authorization_revoke"})
        await until(lambda: world.call("GET", "/v1/bindings/alice"), 404)
        assert [(line["event"], line["by"]) for line in await history(world)] == [("removed", "forgotten")]
