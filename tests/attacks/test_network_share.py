"""One machine with a network of its own makes a website's public form begin what it likes: others still start."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.relay.conftest import new_relay, stub  # noqa: F401  fixtures
from tests.service.test_metrics import numbers, value

LIMITS = {"site_starts": ["48/minute"], "address_starts": "none"}
SYSTEM = "token-of-an-identity-system"
LIMITED = ("network_share", "site_starts")


def of_one_network(number):
    """An address of an IPv6 /48, each in another /64."""
    return f"2001:db8:77:{number:x}::1"


def of_one_block(number):
    """An address of an IPv6 /32, each in another /48."""
    return f"2001:db8:{number:x}::1"


def of_one_network_by_v4(number):
    return f"198.51.100.{number}"


def of_one_block_by_v4(number):
    return f"198.51.{number}.1"


async def flood(world, make, times=60):
    """Begin so many verifications by the form: how many were taken, and the last answer."""
    answers = [await world.start(f"attempt-{make(n)}", ip=make(n)) for n in range(1, times + 1)]
    return sum(answer.status == 201 for answer in answers), answers[-1]


async def people_start(world, address):
    """Everything that counts in `site_starts`, for a person at this address: the statuses."""
    calls = [
        ("/v1/verifications", {"purpose": "register", "user": "attempt-of-a-person"}),
        ("/v1/verifications", {"purpose": "reset", "user": "alice"}),
        ("/v1/logins", {}),
        ("/v1/bind-intents", {"user": "u-7"}),
    ]
    return [(await world.call("POST", path, body | {"client_ip": address})).status for path, body in calls]


@pytest.mark.parametrize(
    ("make", "most"),
    [(of_one_network, 30), (of_one_network_by_v4, 30), (of_one_block, 36), (of_one_block_by_v4, 36)],
)
async def test_no_network_and_no_block_keeps_others_out(new_world, make, most):
    async with new_world(sites__shop__limits=LIMITS) as world:
        taken, refused = await flood(world, make)
        assert 24 <= taken <= most
        assert (refused.status, refused["type"].rsplit("/", 1)[-1], refused["limit"]) == (
            429, "rate-limited", "site_starts",
        )  # fmt: skip
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        for address in ("203.0.113.7", "2a02:1::1"):
            assert await people_start(world, address) == [201] * 4
        # It is the network that is refused, whatever it asks for.
        assert await people_start(world, make(90)) == [429] * 4


async def test_machines_in_many_blocks_leave_something_to_people_elsewhere(new_world):
    async with new_world(sites__shop__limits={"site_starts": ["300/minute"], "address_starts": "none"}) as world:
        taken = Counter()
        for n in range(1, 101):
            for block in range(4):
                taken[block] += (await world.start(f"attempt-{n}", ip=f"2001:db{block}:{n:x}::1")).status == 201
        # Four blocks that twice what is free is open to leave a ninth, and of the first minute's quarter less.
        assert 300 - sum(taken.values()) >= 25
        assert await people_start(world, "203.0.113.7") == [201] * 4


async def test_messages_of_an_identity_system_and_starts_without_an_address_go_on(new_relay):  # noqa: F811
    """Its calls come from its own address, which is nobody's; what it says of the person's is counted as theirs."""
    inbound = {"own": {"adapter": "generic", "secrets": [SYSTEM]}}
    async with new_relay(sites__shop__limits=LIMITS, sites__shop__inbound=inbound) as world:
        await flood(world, of_one_network)

        async def message(number, **more):
            body = {"recipient": f"+86138001380{number}", "code": "482913"} | more
            headers = {"Authorization": SYSTEM}
            async with world.http.post(f"{world.service}/inbound/generic/shop", json=body, headers=headers) as answer:
                return answer.status

        assert [await message(n) for n in range(10, 20)] == [200] * 10
        assert await message(20, client_ip="203.0.113.7") == 200
        assert await message(21, client_ip=of_one_network(99)) == 429


async def test_a_site_that_sends_no_addresses_has_its_whole_limit(new_world):
    async with new_world(sites__shop__limits=LIMITS, sites__shop__client_ip="none") as world:
        answers = [(await world.start(f"attempt-{n}", ip=None)).status for n in range(50)]
        assert answers == [201] * 48 + [429] * 2


async def test_the_metrics_say_that_a_network_was_refused_and_not_the_site(new_world):
    async with new_world(sites__shop__limits=LIMITS) as world:

        async def refused():
            told = await numbers(world)
            return [value(told, "codesvc_refused_total", site="shop", limit=each) for each in LIMITED]

        before = await refused()
        taken, _ = await flood(world, of_one_network)
        await world.call("POST", "/v1/bind-intents", {"user": "u-7", "client_ip": of_one_network(90)})
        assert [now - then for then, now in zip(before, await refused(), strict=True)] == [61 - taken, 0]


async def test_a_quiet_site_keeps_no_networks(new_world, valkey):
    async with new_world(sites__shop__limits=LIMITS) as world:
        taken, _ = await flood(world, of_one_network, 12)
        assert taken == 12
        assert not [key for key in valkey.keys("*") if b"_share" in key]
