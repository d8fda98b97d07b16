"""Whose address counts: what a key says of its visitor, what a trusted proxy says of a browser, nobody else's word."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesvc.domain.forwarding import UnreadableHop, address_of_node, hops
from codesvc.runtime.metrics import FORWARDED_UNREADABLE
from tests.world import OPERATOR_KEY

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


async def test_a_visitor_is_one_however_the_site_writes_the_address(new_world):
    """Back ends copy it from a header of their proxy."""
    forms = ["192.0.2.1:5000", " 192.0.2.1", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:443", "192.0.2.1\t"]
    async with new_world(sites__shop__limits=ONE_START) as world:
        assert (await world.start("a", ip="192.0.2.1")).status == 201
        for form in forms:
            assert (await world.start("b", ip=form)).problem == "rate-limited", form
        assert (await world.start("c", ip="[2001:db8::7]:443")).status == 201
        assert (await world.start("d", ip="2001:db8::8")).problem == "rate-limited"
        for several in ("192.0.2.9, 10.0.0.1", "192.0.2.9,192.0.2.9"):
            assert "more than one address" in (await world.start("e", ip=several)).text
        for none in ("unknown", "_hidden", "192.0.2.1:x", "[192.0.2.1", "192.0.2.256:80", "fe80::1%eth0", "a:1", ":80"):
            refused = await world.start("f", ip=none)
            assert (refused.status, refused["errors"][0]["pointer"]) == (400, "/client_ip"), none


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


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("X-Forwarded-For", "198.18.1.{n}:5000"),
        ("X-Forwarded-For", "[2001:db8:0:{n}::7]:443"),
        ("X-Forwarded-For", "2001:db8:0:{n}::7"),
        ("X-Forwarded-For", "::ffff:198.18.1.{n}"),
        ("X-Forwarded-For", "[2001:db8:0:{n}::7%25eth0]"),
        ("X-Forwarded-For", "2001:db8:0:{n}::7%eth0, "),
        ("Forwarded", "for=198.18.1.{n}"),
        ("Forwarded", 'proto=https;FOR="198.18.1.{n}:5000";by=_me'),
        ("Forwarded", 'for=unknown, For="[2001:db8:0:{n}::7]:443" ; proto=https, for=127.0.0.1'),
    ],
)
async def test_every_form_of_an_address_is_the_visitors(new_world, header, line):
    settings = {"service__trusted_proxies": ["127.0.0.0/8"], "service__forwarded_header": header}
    async with new_world(sites__shop__limits=TWO_GUESSES, **settings) as world:
        other = {"X-Forwarded-For": "203.0.113.1", "Forwarded": "for=203.0.113.1"}
        for n, problem in ((1, "wrong-code"), (1, "wrong-code"), (1, "guess-budget"), (2, "wrong-code")):
            started = await world.start(f"f-{guess.number}", ip=f"192.0.2.{guess.number}")
            guess.number += 1
            headers = other | {header: line.format(n=n)}
            assert (await world.page("POST", started, "/check", {"code": "000000"}, headers=headers)).problem == problem


@pytest.mark.parametrize(
    ("header", "line", "reason"),
    [
        ("X-Forwarded-For", "unknown", "unknown"),
        ("X-Forwarded-For", "203.0.113.1, _hidden", "obfuscated"),
        ("X-Forwarded-For", "203.0.113.1, 1.2.3", "malformed"),
        ("X-Forwarded-For", "[2001:db8::7", "malformed"),
        ("Forwarded", "for=203.0.113.1, proto=https", "no-address"),
        ("Forwarded", 'for="_a:_b"', "obfuscated"),
        ("Forwarded", 'for=203.0.113.1, for="198.18.1.1', "malformed"),
        ("Forwarded", "for=203.0.113.1, for", "malformed"),
    ],
)
async def test_what_a_trusted_proxy_writes_unreadably_is_a_warning_and_not_the_proxys_address(
    new_world, header, line, reason
):
    settings = {"service__trusted_proxies": ["127.0.0.0/8"], "service__forwarded_header": header}
    async with new_world(sites__shop__limits=TWO_GUESSES, **settings) as world:
        counted = FORWARDED_UNREADABLE.labels(reason)._value.get()
        for _ in range(4):
            started = await world.start(f"f-{guess.number}", ip=f"192.0.2.{guess.number}")
            guess.number += 1
            answer = await world.page("POST", started, "/check", {"code": "000000"}, headers={header: line})
            assert answer.problem == "wrong-code"
        assert FORWARDED_UNREADABLE.labels(reason)._value.get() == counted + 4
        ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
        assert [c["state"] for c in ready["components"] if c["component"] == "proxies"] == ["unreadable"]
        assert ready.status == 200


@given(lines=st.lists(st.text(max_size=60), max_size=3), header=st.sampled_from(["X-Forwarded-For", "Forwarded"]))
def test_every_line_is_an_address_or_has_a_reason(lines, header):
    for hop in hops(header, lines):
        with contextlib.suppress(UnreadableHop):
            address_of_node(hop or "")


REAL = ["for=198.51.100.7", 'proto=https;for="198.51.100.7:443"', 'for="198.51.100.7";by="[2001:db8::1]"']


@pytest.mark.parametrize("real", REAL)
@pytest.mark.parametrize(
    "sent", ['for="', 'for="a\\', 'by="\\"', 'for=\\"', 'for="1.2.3.4", "', '"', '\\"\\', ',"', 'for=1.2.3.4;"', '"";"']
)
@pytest.mark.parametrize("apart", [True, False])
def test_no_quote_of_a_client_hides_what_the_proxy_adds(real, sent, apart):
    """Proxies append to the header or add a line; a client without a readable address would have no limit by it."""
    found = next(hops("Forwarded", [sent, real] if apart else [f"{sent}, {real}"]))
    assert str(address_of_node(found or "")) == "198.51.100.7"


def test_a_name_that_stands_twice_in_an_element_is_unreadable():
    """RFC 7239 section 4: which of the two is the client's word is unknown."""
    (found,) = hops("Forwarded", ["for=203.0.113.1;for=198.51.100.7"])
    with pytest.raises(UnreadableHop, match="malformed"):
        address_of_node(found or "")


async def test_the_limit_by_address_holds_against_an_open_quote(new_world):
    settings = {"service__trusted_proxies": ["127.0.0.0/8"], "service__forwarded_header": "Forwarded"}
    async with new_world(sites__shop__limits=TWO_GUESSES, **settings) as world:
        seen = []
        for _ in range(3):
            started = await world.start(f"q-{guess.number}", ip=f"192.0.2.{guess.number}")
            guess.number += 1
            headers = {"Forwarded": 'for="x, for=198.51.100.7'}
            seen.append((await world.page("POST", started, "/check", {"code": "000000"}, headers=headers)).problem)
        assert seen == ["wrong-code", "wrong-code", "guess-budget"]
