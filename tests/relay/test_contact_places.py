"""Who has no WeChat has no scan to fall back on: strangers cannot use up all that they may be sent, or may type."""

import pytest

from tests.relay.conftest import PHONE, at_gateway
from tests.relay.test_contacts import basis, check, outbox, start
from tests.stores import until

HOME = "203.0.113.7"
LIMITS = {"sites__shop__limits": {"address_starts": "none"}}


async def sent(world, stub, valkey, user, address, *, purpose="reset"):
    """Whether a start at this address makes the gateway bring a code to PHONE."""
    await until(lambda: outbox(valkey) == 0)
    before = len(stub.requests)
    started = await start(world, user, purpose, client_ip=address)
    await until(lambda: outbox(valkey) == 0)
    await world.advance(6)  # two starts in a moment are a double click
    return started if len(stub.requests) > before else None


async def proved_at(world, stub, valkey, address, user="alice"):
    """Type a code from the gateway at this address."""
    started = await sent(world, stub, valkey, user, address)
    assert await basis(world, started, (await at_gateway(stub))[-1]["code"]) == "contact"


async def flood(world, stub, valkey, count, user="alice"):
    """Starts in as many providers' blocks, and how many of them brought a code."""
    brought = 0
    for number in range(count):
        brought += bool(await sent(world, stub, valkey, user.format(number), f"10{number % 10}.{number}.0.1"))
    return brought


@pytest.mark.parametrize("user", ["alice", "attempt-{}"])
async def test_strangers_in_any_number_of_networks_leave_the_person_a_third(new_relay, stub, valkey, user):
    """By the form of a reset, or by that of a sign-up, which names the number under ever new users."""
    async with new_relay(skip=False, **LIMITS) as world:
        await proved_at(world, stub, valkey, HOME)
        await world.advance(86_401)
        brought = 0
        for _ in range(3):
            brought += await flood(world, stub, valkey, 6, user)
            await world.advance(3_601)
        assert brought == 7
        # Another address of the network at home. The limit of the phone is what it was.
        mine = [bool(await sent(world, stub, valkey, "alice", "203.0.113.99")) for _ in range(5)]
        assert sum(mine) == 3
        assert mine[0]
        assert not await sent(world, stub, valkey, "alice", "203.0.114.7")


async def test_one_provider_has_half(new_relay, stub, valkey):
    async with new_relay(skip=False, **LIMITS) as world:
        one = [bool(await sent(world, stub, valkey, "alice", f"198.51.{number}.1")) for number in range(6)]
        assert one == [True] * 3 + [False] * 3
        # The person is in a network that nobody has seen.
        assert await sent(world, stub, valkey, "alice", HOME)


async def test_wrong_codes_of_strangers_leave_the_person_a_third(new_relay, stub, valkey):
    limits = LIMITS["sites__shop__limits"] | {"address_guesses": "none"}
    async with new_relay(skip=False, sites__shop__limits=limits) as world:
        await proved_at(world, stub, valkey, HOME)
        await world.advance(86_401)
        refused = 0
        for number in range(4):
            started = await start(world, "alice", "reset", client_ip=f"10{number}.1.0.1")
            await world.advance(6)
            refused += sum([(await check(world, started, "000000")).status == 429 for _ in range(3)])
        assert refused == 12 - 7
        mine = await sent(world, stub, valkey, "alice", HOME)
        assert (await check(world, mine, (await at_gateway(stub))[-1]["code"])).status == 200


async def test_a_place_is_known_only_by_a_code_that_no_wechat_had(new_relay, stub, valkey):
    """Who names another person's number and reads the code in their own WeChat account has proved nothing."""
    async with new_relay(skip=False, **LIMITS) as world:
        attacker = await world.person()
        started = await sent(world, stub, valkey, "attempt-1", "198.51.100.9", purpose="register")
        await attacker.scan(await world.scan_url(started))
        assert await basis(world, started, await attacker.code_in_chat()) == "either"
        assert not list(valkey.scan_iter("*known-places*"))
        await world.advance(3_601)
        assert await flood(world, stub, valkey, 6, "attempt-1{}") == 4
        assert not await sent(world, stub, valkey, "attempt-2", "198.51.100.9")


async def test_what_is_kept_names_neither_number_nor_network_and_ends(new_relay, stub, valkey):
    async with new_relay(skip=False, **LIMITS) as world:
        for number in range(12):
            await proved_at(world, stub, valkey, f"203.0.{number}.7")
            await world.advance(86_401)
        [at] = valkey.scan_iter("*known-places*")
        kept = valkey.get(at).decode()
        assert len(kept.split()) == 8
        for secret in (PHONE[1:], "203.0.11", "alice"):
            assert secret not in at.decode() + kept
        assert 0 < valkey.pttl(at) <= 91 * 86_400_000


async def test_without_addresses_and_for_people_whom_the_site_knows_the_whole_limit_is_open(new_relay, stub, valkey):
    async with new_relay(skip=False, sites__shop__client_ip="none", **LIMITS) as world:
        assert sum([bool(await sent(world, stub, valkey, "alice", None)) for _ in range(7)]) == 5
        await world.advance(86_401)
        vouched = [await start(world, f"u-{number}", "reset", client_ip=HOME, vouched=True) for number in range(7)]
        await until(lambda: outbox(valkey) == 0)
        assert len(vouched) == 7
        assert len(stub.requests) == 10


async def guesses(world, started, count=5):
    """How many of so many wrong codes are looked at; the others are refused by the budget."""
    answers = [await check(world, started, "000000") for _ in range(count)]
    assert {answer.status for answer in answers} <= {422, 429, 409}
    assert {answer["limit"] for answer in answers if answer.status == 429} <= {"user_guesses"}
    return sum(answer.status == 422 for answer in answers)


@pytest.fixture
async def guessed(new_relay):
    limits = {"address_starts": "none", "address_guesses": "none", "user_pushes": ["1000/hour"]}
    async with new_relay(skip=False, sites__shop__limits=limits) as world:
        yield world


async def test_a_contact_has_the_guesses_of_a_user_under_ever_new_users(guessed):
    """Each sign-up has another user, so wrong codes counted for nobody: 35 a day, without an end."""
    looked_at = []
    for number in range(4):
        started = await start(guessed, f"attempt-{number}", "register", client_ip=f"10{number}.1.0.1")
        looked_at.append(await guesses(guessed, started))
        left = (await check(guessed, started, "000000")).headers.get("RateLimit", "")
        assert looked_at[-1] == 5 or "r=0" in left, left
        await guessed.advance(6)
    # Strangers leave a third of ten in an hour. An hour later they have as many again.
    assert looked_at == [5, 2, 0, 0]
    await guessed.advance(3_601)
    assert await guesses(guessed, await start(guessed, "attempt-9", "register", client_ip="109.1.0.1")) == 5
    # Another number has its own.
    await guessed.advance(6)
    other = {"contact": {"phone": "+8613900000001"}}
    assert await guesses(guessed, await start(guessed, "attempt-10", "register", client_ip="110.1.0.1", **other)) == 5


async def test_in_the_long_run_a_contact_has_a_hundred_in_thirty_days(guessed):
    looked_at = 0
    for number in range(24):
        for half in range(2):
            address = f"1{number:02}.{half}.0.1"
            started = await start(guessed, f"attempt-{number}-{half}", "register", client_ip=address)
            looked_at += await guesses(guessed, started)
            await guessed.advance(6)
        await guessed.advance(3_601)
    assert looked_at == 67


async def test_who_owns_the_number_is_not_kept_out_by_guesses_of_strangers(guessed, stub, valkey):
    """At home, where the number was proved, and everywhere by a scan; one provider's block has half."""
    await proved_at(guessed, stub, valkey, HOME, user="attempt-mine")
    await guessed.advance(3_601)
    one = [await start(guessed, f"a-{n}", "register", client_ip=f"198.51.{n}.1") for n in range(2)]
    assert sum([await guesses(guessed, started) for started in one]) == 5
    await guessed.advance(6)
    assert await guesses(guessed, await start(guessed, "a-3", "register", client_ip="104.1.0.1")) == 2
    await guessed.advance(6)
    away = await start(guessed, "attempt-away", "register", client_ip="105.1.0.1")
    person = await guessed.person()
    assert (await check(guessed, away, "000000")).status == 429
    await person.scan(await guessed.scan_url(away))
    assert (await check(guessed, away, await person.code_in_chat())).status == 200
    mine = await sent(guessed, stub, valkey, "attempt-again", HOME, purpose="register")
    assert await guesses(guessed, mine, 1) == 1
    assert await basis(guessed, mine, (await at_gateway(stub))[-1]["code"]) == "contact"


async def test_support_lifts_the_guesses_of_a_contact_by_its_latest_attempt(guessed):
    for number in range(2):
        started = await start(guessed, f"attempt-{number}", "register", client_ip=f"10{number}.1.0.1")
        await guesses(guessed, started)
        await guessed.advance(6)
    assert await guesses(guessed, await start(guessed, "attempt-2", "register", client_ip="103.1.0.1"), 1) == 0
    assert (await guessed.call("DELETE", "/v1/users/attempt-2/guesses")).status == 204
    await guessed.advance(6)
    assert await guesses(guessed, await start(guessed, "attempt-3", "register", client_ip="104.1.0.1")) == 5


async def test_nobody_is_kept_out_by_wrong_codes_at_other_verifications(new_relay, stub, valkey):
    """One machine used up both budgets by its own verifications, and who has no WeChat got 429 for a day."""
    limits = dict.fromkeys(["address_starts", "address_guesses"], "none") | {"site_guesses": ["3/day"]}
    short = {"disclose_binding": True, "code_length": 4, "long_code_length": 4}
    async with new_relay(skip=False, sites__shop__limits=limits, sites__shop__purposes__register=short) as world:
        own = [await world.start(f"attempt-{number}", "register") for number in range(9)]
        seen = [(await check(world, each, "0000")).status for each in own]
        assert seen == [422] * 7 + [429] * 2
        mine = await sent(world, stub, valkey, "attempt-mine", HOME, purpose="register")
        code = (await at_gateway(stub))[-1]["code"]
        assert len(code) == 10
        assert await basis(world, mine, code) == "contact"
