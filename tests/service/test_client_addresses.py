"""Whose address counts: what a key says of its visitor, what a trusted proxy says of a browser, nobody else's word."""

import pytest

ONE_START = {"address_starts": ["1/hour"]}
TWO_GUESSES = {"address_guesses": ["2/hour"], "user_guesses": "none"}


async def guess(world, forwarded=None, **body):
    """A wrong guess on a page of its own; the name of the problem."""
    started = await world.start(f"u-{guess.number}", ip=f"192.0.2.{guess.number}")
    guess.number += 1
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return (await world.page("POST", started, "/check", {"code": "000000", **body}, headers=headers)).problem


guess.number = 1


async def test_a_key_says_whose_visitor_it_is_and_no_header_does(new_world):
    async with new_world(sites__shop__limits=ONE_START, service__trusted_proxies=["127.0.0.1"]) as world:
        header = {"X-Forwarded-For": "203.0.113.9"}
        assert (await world.start("a", ip="192.0.2.1", headers=header)).status == 201
        assert (await world.start("b", ip="192.0.2.2", headers=header)).status == 201
        assert (await world.start("c", ip="192.0.2.1")).problem == "rate-limited"


async def test_without_trusted_proxies_a_browser_is_where_it_connects_from(new_world):
    async with new_world(sites__shop__limits=TWO_GUESSES) as world:
        for spoofed in ("203.0.113.1", "203.0.113.2"):
            assert await guess(world, spoofed) == "wrong-code"
        assert await guess(world, "203.0.113.3") == "guess-budget"


@pytest.mark.parametrize(
    "line",
    ["{spoofed}, {real}", "{spoofed}, 10.9.9.9, {real}, 127.0.0.1", "nonsense, {spoofed},{real}", " , {real}"],
)
async def test_behind_one_it_is_the_rightmost_that_no_trusted_proxy_wrote(new_world, line):
    async with new_world(sites__shop__limits=TWO_GUESSES, service__trusted_proxies=["127.0.0.0/8"]) as world:
        for number in (1, 2):
            said = line.format(spoofed=f"203.0.113.{number}", real="198.51.100.7")
            assert await guess(world, said) == "wrong-code"
        assert await guess(world, line.format(spoofed="203.0.113.3", real="198.51.100.7")) == "guess-budget"
        assert await guess(world, line.format(spoofed="203.0.113.3", real="198.51.100.8")) == "wrong-code"


async def test_a_browser_cannot_name_an_address_itself(world):
    assert await guess(world, client_ip="203.0.113.1") == "invalid"


async def test_a_check_by_key_may_name_whoever_types(new_world):
    async with new_world(sites__shop__limits=TWO_GUESSES) as world:
        for number in range(2):
            started = await world.start(f"a-{number}")
            assert (await world.check(started, "000000", client_ip="198.51.100.7")).problem == "wrong-code"
        started = await world.start("a-9")
        assert (await world.check(started, "000000", client_ip="198.51.100.7")).problem == "guess-budget"
        assert (await world.check(started, "000000", client_ip="198.51.100.8")).problem == "wrong-code"
