"""The tables of states: every status, every pair (DESIGN, "Life of a verification")."""

from itertools import product

import pytest

from codesvc.domain.verification import (
    DELIVERY_MOVES,
    UNFINISHED_DELIVERIES,
    VERIFICATION_MOVES,
    DeliveryStatus,
    Status,
)

DESIGN_DELIVERY = {
    "queued": {"sent", "unknown", "failed"},
    "unknown": {"sent", "failed"},
    "sent": {"delivered", "failed"},
    "failed": {"awaiting_scan"},
    "awaiting_scan": {"scanned", "failed"},
    "scanned": {"sent", "failed"},
    "delivered": set(),
}


@pytest.mark.parametrize(("source", "target"), list(product(Status, Status)))
def test_only_pending_moves_and_only_to_an_end(source, target):
    allowed = source is Status.PENDING and target is not Status.PENDING
    assert (target in VERIFICATION_MOVES[source]) == allowed


@pytest.mark.parametrize(("source", "target"), list(product(DeliveryStatus, DeliveryStatus)))
def test_a_delivery_moves_as_the_design_says(source, target):
    assert (target in DELIVERY_MOVES[source]) == (target in DESIGN_DELIVERY[source])


@pytest.mark.parametrize("table", [VERIFICATION_MOVES, DELIVERY_MOVES])
def test_every_status_has_its_row_and_none_moves_to_itself(table):
    assert set(table) == set(type(next(iter(table))))
    assert all(status not in targets for status, targets in table.items())


def test_every_status_can_be_reached_and_every_delivery_can_come_to_an_end():
    reached = {Status.PENDING} | VERIFICATION_MOVES[Status.PENDING]
    assert reached == set(Status)
    settled = set(DeliveryStatus) - UNFINISHED_DELIVERIES
    assert settled == {DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED}
    for status in UNFINISHED_DELIVERIES:
        assert DeliveryStatus.FAILED in DELIVERY_MOVES[status]
