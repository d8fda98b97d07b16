"""The store's clock was ahead for a while and is put right: what was written meanwhile neither blocks nor lives on."""

import pytest

from codesvc.store.outcomes import Outcome
from tests.people.asks import binding
from tests.service.inside import code_of

AHEAD = 2 * 86_400_000
HOUR = 3_600_000


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("made_ahead", [1, 3])
async def test_a_window_refuses_no_longer_than_its_length(shop, made_ahead):
    site = shop.limited(address_starts=[(3, 60)])
    shop.move(AHEAD)
    for _ in range(made_ahead):
        assert (await shop.start(site=site)).outcome is Outcome.STARTED
    shop.set_back(AHEAD)
    results = [await shop.start(site=site) for _ in range(4)]
    refused = [each for each in results if each.outcome is Outcome.LIMITED]
    assert len(refused) >= 1
    assert all(0 < each.denial.wait_ms <= 60_000 for each in refused)
    shop.move(refused[-1].denial.wait_ms)
    assert (await shop.start(site=site)).outcome is Outcome.STARTED


@pytest.mark.usefixtures("form")
async def test_what_was_counted_while_ahead_counts_from_the_first_event_after_it(shop):
    site = shop.limited(address_starts=[(3, 60)])
    shop.move(AHEAD)
    for _ in range(3):
        await shop.start(site=site)
    shop.set_back(AHEAD)
    assert (await shop.start(site=site)).outcome is Outcome.STARTED
    assert (await shop.start(site=site)).outcome is Outcome.LIMITED


async def test_a_code_from_before_the_clock_was_set_back_is_no_code(shop):
    started = await shop.started()
    await shop.claim(started, "o-anybody")
    shop.set_back(86_400_000)
    assert (await shop.read(started)).status == "expired"
    assert (await shop.check(started)).outcome is Outcome.ENDED


async def test_a_code_survives_a_small_correction(shop):
    started = await shop.started()
    await shop.claim(started, "o-anybody")
    shop.set_back(5_000)
    assert (await shop.check(started)).outcome is Outcome.APPROVED


async def test_a_proof_from_before_the_clock_was_set_back_is_no_proof(shop):
    started = await shop.started()
    await shop.claim(started, "o-anybody")
    assert (await shop.check(started)).outcome is Outcome.APPROVED
    shop.set_back(86_400_000)
    assert not (await shop.read(started)).proof_available
    names = shop.site.store_keys
    answer = await shop.script("spend_proof", {"record": names.record(started.id)}, consume=1)
    assert answer.outcome is Outcome.STALE_PROOF


async def test_a_user_who_was_unbound_while_the_clock_was_ahead_can_be_bound_and_approved_at_once(shop):
    world = shop.world
    person = await world.bound("alice")
    openid = (await binding(world, "alice"))["openid"]
    shop.move(AHEAD)
    assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
    shop.set_back(AHEAD)
    assert (await world.call("PUT", "/v1/bindings/alice", {"openid": openid})).status == 201
    started = await world.start("alice", "reset")
    assert (await world.check(started, await person.wait_for_push())).status == 200


async def test_what_began_before_a_loss_stays_void_after_the_clock_was_set_back(shop):
    world = shop.world
    await world.bound("alice")
    openid = (await binding(world, "alice"))["openid"]
    before = await world.start("alice", "reset")
    shop.move(AHEAD)
    within = await world.start("alice", "reset")
    assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
    shop.set_back(AHEAD)
    assert (await world.call("PUT", "/v1/bindings/alice", {"openid": openid})).status == 201
    assert (await world.start("alice", "reset")).status == 201
    for each in (before, within):
        assert (await world.check(each, code_of(world, each))).status != 200
