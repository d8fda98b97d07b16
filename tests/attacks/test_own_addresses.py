"""A public address of the service's own machine: no firewall sees who connects to it from there."""

from __future__ import annotations

import pytest

from tests.attacks import own_addresses
from tests.attacks.own_addresses import CONTAINING_OWN, OWN, ROUTED
from tests.attacks.own_network import printed_by

REFUSED, DELIVERED = "private-address", "delivered"


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What became of each attempt, on a machine with public addresses."""
    return printed_by(own_addresses.__name__, tmp_path_factory.mktemp("resolver"))


@pytest.mark.parametrize("when", ["own", "own, nonlocal bind"])
def test_every_own_address_is_known_and_no_other(seen, when):
    """With `ip_nonlocal_bind`, as keepalived and HAProxy are set up, any address can be bound."""
    assert seen[when] == [*OWN, ROUTED, *CONTAINING_OWN]


def test_a_service_at_an_own_address_is_not_called(seen):
    assert seen["http"] == [REFUSED] * 4
    assert seen["mail"] == [REFUSED, "unreachable"]
    assert seen["asked"] == ["PrivateAddress", "ConnectionRefusedError"]


def test_the_configuration_file_can_allow_it(seen):
    assert seen["allowed"] == DELIVERED


def test_of_several_addresses_those_of_other_machines_are_called(seen):
    assert seen["both"] == DELIVERED


def test_a_website_at_an_own_address_is_called_by_its_name(seen):
    assert seen["website"] == DELIVERED
    assert seen["other name"] == "bad-certificate"
    assert seen["other port"] == REFUSED
    assert seen["http at the website's port"] == REFUSED


def test_nothing_else_was_called(seen):
    """The one event that was allowed, the website's, and that of the other machine."""
    assert seen["called"] == [1, 1, 1]
