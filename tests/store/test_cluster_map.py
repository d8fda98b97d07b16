"""How nodes of a cluster name one another, and what we make of it."""

from types import SimpleNamespace

import pytest

from codesvc.store.cluster import SLOTS, _address, _listed

ASKED = SimpleNamespace(shown="10.0.0.7:6379")


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("10.0.0.1:6380", ("10.0.0.1", 6380)),
        ("node-3.example:6380", ("node-3.example", 6380)),
        ("fd00::1:6380", ("fd00::1", 6380)),
        # Whoever does not know its own name means the host that was asked.
        (":6380", ("10.0.0.7", 6380)),
    ],
)
def test_a_redirection_is_read(said, address):
    assert _address(said, ASKED) == address


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ([b"10.0.0.1", 6380, b"id"], ("10.0.0.1", 6380)),
        ([b"node-3.example", 6380, b"id", [b"ip", b"10.0.0.1"]], ("node-3.example", 6380)),
        ([b"", 6380, b"id"], ("10.0.0.7", 6380)),
        ([b"?", 6380, b"id"], ("10.0.0.7", 6380)),
        ([None, 6380, b"id"], ("10.0.0.7", 6380)),
    ],
)
def test_a_line_of_the_map_is_read(said, address):
    assert _listed(said, "10.0.0.7") == address


def test_each_partition_has_a_slot_of_its_own():
    assert len(set(SLOTS)) == len(SLOTS) == 16
    # As `CLUSTER KEYSLOT '{p00}'` and `'{p15}'` say it.
    assert (SLOTS[0], SLOTS[15]) == (11214, 2138)
