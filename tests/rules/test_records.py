"""What may be said of a verification (DESIGN rule 7): the same for all until it is approved or its owner scans."""

from itertools import product

import pytest

from codesvc.domain.record import UNDISCLOSED, DeliveryView
from codesvc.domain.verification import Basis, DeliveryStatus, Status
from tests.rules.records import NOW, a_record

HIDDEN = {"disclose_binding": "0", "scan": "bound"}
REASONS = ["", "no-binding", "limited", "muted", "unreachable"]


@pytest.mark.parametrize(("delivery", "reason"), list(product(DeliveryStatus, REASONS)))
@pytest.mark.parametrize("status", [s for s in Status if s is not Status.APPROVED])
def test_an_undisclosed_delivery_reads_the_same_whatever_it_is(delivery, reason, status):
    record = a_record(**HIDDEN, delivery=delivery, reason=reason, status=status, channel="template", sent_to="o1")
    assert record.delivery_view == UNDISCLOSED
    assert record.scannable == (status is Status.PENDING)


@pytest.mark.parametrize("basis", [Basis.OPEN, Basis.VOUCHED])
def test_a_strangers_claim_discloses_nothing(basis):
    assert a_record(**HIDDEN, claimed_by="o1", claimed_basis=basis, delivery="sent").delivery_view == UNDISCLOSED


@pytest.mark.parametrize("fields", [{"status": "approved", "basis": "bound"}, {"claimed_basis": "bound"}])
def test_approval_and_the_owners_scan_disclose(fields):
    record = a_record(**HIDDEN, channel="template", delivery="delivered", **fields)
    assert record.delivery_view == DeliveryView("template", "delivered", None)


@pytest.mark.parametrize("delivery", DeliveryStatus)
def test_an_ended_verification_leaves_no_delivery_unfinished(delivery):
    view = a_record(status="canceled", delivery=delivery).delivery_view
    if delivery in {DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED}:
        assert (view.status, view.reason) == (delivery, None)
    else:
        assert (view.status, view.reason) == ("failed", "expired")


def test_it_reads_as_expired_from_the_very_millisecond_on():
    assert a_record(now=NOW + 299_999).status is Status.PENDING
    assert a_record(now=NOW + 300_000).status is Status.EXPIRED
    assert a_record(now=NOW + 400_000, status="canceled", ended=NOW).status is Status.CANCELED


def test_a_proof_is_handed_out_for_ten_minutes():
    approved = {"status": "approved", "approved": NOW, "basis": "open"}
    assert a_record(now=NOW + 599_999, **approved).proof_available
    assert not a_record(now=NOW + 600_000, **approved).proof_available
    assert not a_record().proof_available


@pytest.mark.parametrize(
    ("scan", "delivery", "reason", "shown"),
    [
        ("open", "awaiting_scan", "", True),
        ("open", "failed", "no-binding", True),
        ("bound", "awaiting_scan", "limited", True),
        ("bound", "failed", "no-binding", False),
        ("bound", "sent", "", True),
        ("off", "sent", "", False),
    ],
)
def test_a_disclosed_scan_is_offered_where_it_may_bring_the_code(scan, delivery, reason, shown):
    assert a_record(scan=scan, delivery=delivery, reason=reason).scannable == shown


def test_a_repeated_start_reads_as_it_did_at_the_start():
    first = f"{NOW + 300_000} {NOW + 60_000} template queued "
    later = a_record(
        **HIDDEN, first=first, status="approved", approved=NOW + 9, basis="bound", claimed_basis="bound",
        claimed_by="o1", attempts_left=2, delivery="delivered", expires=NOW + 500_000,
    )  # fmt: skip
    then = later.as_started()
    assert (then.status, then.attempts_left, then.expires, then.approved) == (Status.PENDING, 5, NOW + 300_000, None)
    assert then.delivery_view == UNDISCLOSED
    assert not then.proof_available
    assert then.scannable
