"""Whose events a limit counts, and how a limit is told."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesvc.config import Rate
from codesvc.domain.addresses import bucket, masked, masked_bucket, parse_address
from codesvc.domain.errors import Invalid
from codesvc.domain.limits import LimitReached, encode

subscriber = st.integers(0, 2**64 - 1)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_counted_by_itself_in_whatever_clothes(address):
    assert bucket(address) == str(address)
    assert parse_address(str(address)) == address
    assert parse_address(f"::ffff:{address}") == address


@given(st.integers(0, 2**64 - 1), subscriber, subscriber)
def test_an_ipv6_address_is_counted_with_its_whole_64(network, one, other):
    buckets = {bucket(IPv6Address(network << 64 | host)) for host in (one, other)}
    assert len(buckets) == 1
    assert bucket(IPv6Address(network << 64)) != bucket(IPv6Address((network ^ 1) << 64))


@given(st.ip_addresses())
def test_a_bucket_can_stand_inside_a_key_and_is_never_the_absent_address(address):
    assert not set(bucket(address)) & set(":{}% ")
    assert bucket(address) != "-"


@given(st.ip_addresses())
def test_a_shown_address_tells_no_more_than_its_beginning(address):
    shown = masked(address)
    assert masked_bucket(bucket(address)) == shown
    if isinstance(address, IPv4Address):
        first, second, *rest = shown.split(".")
        assert [first, second] == str(address).split(".")[:2]
        assert rest == ["*", "*"]
    else:
        first, second, star = shown.split(":")
        assert star == "*"
        assert int(first, 16) << 16 | int(second, 16) == int(address) >> 96


@pytest.mark.parametrize("text", ["", "1.2.3", "01.2.3.4", "1.2.3.4/8", "localhost", "1.2.3.4 ", "٣.1.1.1", "::g", "-"])
def test_anything_else_is_no_address(text):
    with pytest.raises(Invalid) as refused:
        parse_address(text)
    assert refused.value.pointer == "/client_ip"


@pytest.mark.parametrize(("wait", "seconds"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (3_599_001, 3600)])
def test_retry_after_is_never_too_early(wait, seconds):
    assert LimitReached("user_guesses", wait, ()).retry_after == seconds


def test_rates_are_told_to_the_scripts_in_milliseconds():
    assert encode([Rate(5, 3600), Rate(10, 86400)]) == "5/3600000 10/86400000"
    assert encode([]) == ""


def test_an_address_with_a_zone_is_counted_like_one_without():
    assert bucket(ip_address("fe80::1%eth0")) == bucket(ip_address("fe80::1"))
