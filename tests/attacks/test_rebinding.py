"""DNS rebinding over the wire: an attacker's name server, the system's resolver, real sockets; nothing is replaced."""

from __future__ import annotations

import pytest

from tests.attacks import rebinding
from tests.attacks.own_network import printed_by


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What became of each attempt, in a network and with a resolver of their own."""
    return printed_by(rebinding.__name__, tmp_path_factory.mktemp("resolver"))


def test_only_the_public_address_is_ever_called(seen):
    assert seen["called"] == [rebinding.PUBLIC]


def test_a_name_that_is_steady_is_served(seen):
    assert seen["results"]["steady.example"] == ["delivered"] * 3


@pytest.mark.parametrize("name", ["flips.example", "flips-to-metadata.example"])
def test_a_name_that_flips_is_refused_from_then_on(seen, name):
    assert seen["results"][name] == ["delivered", "private-address", "private-address"]


def test_of_several_addresses_only_the_public_one_is_called(seen):
    assert seen["results"]["both.example"] == ["delivered"] * 3


@pytest.mark.parametrize("name", ["alias.example", "mapped.example", "loopback6.example", "metadata.example"])
def test_what_is_private_by_any_way_is_refused(seen, name):
    # A system without IPv6 beside the loopback interface does not even resolve such names.
    only_ipv6 = name in {"mapped.example", "loopback6.example"}
    assert set(seen["results"][name]) <= {"private-address", *(["unreachable"] if only_ipv6 else [])}
