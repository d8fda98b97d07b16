"""A hundred at once: each act is one atomic script, so exactly as many succeed as may (DESIGN rules 2 and 3)."""

import asyncio
from collections import Counter

import pytest

from codesvc.domain.codes import VerificationId
from codesvc.domain.verification import Status
from codesvc.store.outcomes import Outcome


async def together(calls):
    return Counter(result.outcome for result in await asyncio.gather(*calls))


@pytest.mark.parametrize("limit", ["site_starts", "address_starts"])
async def test_100_starts_on_a_limit_of_7(shop, limit):
    site = shop.limited(**{limit: [(7, 3600)]})
    outcomes = await together(shop.start(f"u-{n}", site=site) for n in range(100))
    assert outcomes == {Outcome.STARTED: 7, Outcome.LIMITED: 93}


async def test_100_starts_of_one_user_leave_three_live(shop):
    records = await asyncio.gather(*(shop.started() for _ in range(100)))
    states = Counter([(await shop.read(record)).status for record in records])
    assert states == {Status.PENDING: 3, Status.SUPERSEDED: 97}


async def test_100_starts_with_one_idempotency_key_are_one(shop, valkey):
    results = await asyncio.gather(*(shop.start(key="k1", body=b"same") for _ in range(100)))
    assert Counter(r.outcome for r in results) == {Outcome.STARTED: 1, Outcome.REPEATED: 99}
    assert len({r.shown.id for r in results}) == 1
    assert len(valkey.keys("cs:*:vf:*")) == 1


async def test_100_starts_with_one_key_and_many_bodies_are_one_too(shop, valkey):
    outcomes = await together(shop.start(key="k1", body=b"%d" % n) for n in range(100))
    assert outcomes == {Outcome.STARTED: 1, Outcome.MISMATCH: 99}
    assert len(valkey.keys("cs:*:vf:*")) == 1


async def test_100_right_codes_are_one_approval(shop):
    record = await shop.started()
    await shop.claim(record, "o_someone")
    assert await together(shop.check(record) for _ in range(100)) == {Outcome.APPROVED: 1, Outcome.ENDED: 99}


async def test_right_and_wrong_codes_at_once_never_approve_what_was_exhausted(shop):
    for user in range(8):
        record = await shop.started(f"u-{user}")
        await shop.claim(record, f"o_someone{user}")
        outcomes = await together((shop.guess if n % 2 else shop.check)(record) for n in range(40))
        ended = await shop.read(record)
        assert outcomes[Outcome.APPROVED] == (ended.status is Status.APPROVED)
        assert outcomes[Outcome.WRONG] <= 5
        assert ended.attempts_left == 5 - outcomes[Outcome.WRONG]


async def test_100_wrong_codes_take_five_attempts(shop):
    record = await shop.started()
    await shop.claim(record, "o_someone")
    assert await together(shop.guess(record) for _ in range(100)) == {Outcome.WRONG: 5, Outcome.ENDED: 95}
    assert (await shop.read(record)).status is Status.EXHAUSTED
    assert (await shop.check(record)).outcome is Outcome.ENDED


async def test_wrong_codes_on_many_verifications_at_once_stay_in_the_users_budget(shop):
    records = [await shop.started(ip=f"192.0.2.{n}") for n in range(40)]
    outcomes = await together(shop.guess(record) for record in records for _ in range(3))
    assert outcomes == {Outcome.WRONG: 10, Outcome.LIMITED: 110}
    assert sum([5 - (await shop.read(record)).attempts_left for record in records]) == 10


async def test_wrong_codes_for_many_users_at_once_stay_in_the_addresss_budget(shop):
    site = shop.limited(address_guesses=[(20, 3600)])
    records = [await shop.started(f"u-{n}") for n in range(60)]
    outcomes = await together(shop.guess(record, site=site) for record in records)
    assert outcomes == {Outcome.WRONG: 20, Outcome.LIMITED: 40}


async def test_100_people_scan_and_one_gets_the_code(shop):
    record = await shop.started()
    outcomes = await together(shop.claim(record, f"o_person{n}") for n in range(100))
    assert outcomes == {Outcome.CLAIMED: 1, Outcome.REFUSED: 99}
    claimer = (await shop.read(record)).sent_to
    assert (await shop.claim(record, claimer, push="again")).outcome is Outcome.CLAIMED


async def test_one_push_delivered_100_times_counts_one_word(shop, valkey):
    record = await shop.started()
    outcomes = await together(shop.claim(record, "o_someone") for _ in range(100))
    assert outcomes == {Outcome.CLAIMED: 100}
    assert valkey.strlen(shop.site.store_keys.openid_window("openid_words", "o_someone")) == 6


async def test_100_users_want_one_wechat(shop):
    bind = shop.here.bindings.bind_by_openid
    outcomes = await together(bind(shop.site, f"u-{n}", "o_someone", replace=False) for n in range(100))
    assert outcomes == {Outcome.BOUND: 1, Outcome.CONFLICT: 99}


async def test_100_wechats_want_one_user(shop, valkey):
    bind = shop.here.bindings.bind_by_openid
    outcomes = await together(bind(shop.site, "alice", f"o_person{n}", replace=False) for n in range(100))
    assert outcomes == {Outcome.BOUND: 1, Outcome.CONFLICT: 99}
    assert len(valkey.keys("cs:*:owners:*")) == 1


async def test_replacing_at_once_leaves_one_owner(shop, valkey):
    bind = shop.here.bindings.bind_by_openid
    outcomes = await together(bind(shop.site, "alice", f"o_person{n}", replace=True) for n in range(100))
    assert outcomes == {Outcome.BOUND: 100}
    [owners] = valkey.keys("cs:*:owners:*")
    bound = (await shop.here.bindings.get(shop.site, "alice")).binding.openid
    assert owners.decode().endswith(f":{bound}")
    assert valkey.smembers(owners) == {b"alice"}


@pytest.fixture
async def proof(shop):
    record = await shop.started()
    await shop.claim(record, "o_someone")
    return shop.here.views.verification_with_proof((await shop.check(record)).shown).proof


async def test_a_proof_is_spent_once(shop, proof):
    verify = shop.here.bindings.verify_proof
    assert await together(verify(shop.site, proof, consume=False) for _ in range(20)) == {Outcome.DONE: 20}
    outcomes = await together(verify(shop.site, proof, consume=True) for _ in range(100))
    assert outcomes == {Outcome.DONE: 1, Outcome.SPENT: 99}


async def test_a_proof_binds_one_of_many_users(shop, proof):
    bind = shop.here.bindings.bind_by_proof
    outcomes = await together(bind(shop.site, f"u-{n}", proof, replace=False) for n in range(100))
    assert outcomes[Outcome.BOUND] == 1
    assert outcomes[Outcome.SPENT] == 99


async def test_checks_and_cancel_at_once_end_it_once(shop):
    for _ in range(10):
        record = await shop.started()
        await shop.claim(record, "o_someone")
        identifier = VerificationId.parse(record.id)
        ends = [shop.here.verifications.cancel(shop.site, identifier) for _ in range(3)]
        outcomes = await together([shop.check(record), *ends, shop.check(record)])
        status = (await shop.read(record)).status
        assert status in {Status.APPROVED, Status.CANCELED}
        assert outcomes[Outcome.APPROVED] == (status is Status.APPROVED)
        assert outcomes[Outcome.DONE] == (3 if status is Status.CANCELED else 0)
