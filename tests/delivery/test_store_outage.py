"""An outage of the store is two lines in the log, however long it lasts and however many partitions it concerns."""

from __future__ import annotations

from structlog.testing import capture_logs

from codesvc.delivery.store_outage import StoreOutage
from codesvc.domain.errors import StoreUnavailable


def test_an_outage_is_logged_when_it_begins_and_when_it_is_over():
    now = 100.0
    outage = StoreOutage(clock=lambda: now)
    with capture_logs() as lines:
        outage.answered("read", 3)
        for second in range(40):
            now = 100.0 + second / 2
            for loop in ("read", "rescue"):
                outage.failed(loop, 3, StoreUnavailable("no answer"))
            outage.failed("read", 9, StoreUnavailable("no answer"))
        now = 120.0
        outage.answered("read", 9)
        outage.answered("read", 3)
        assert [line["event"] for line in lines] == ["outbox_unavailable"]
        outage.answered("rescue", 3)
        outage.answered("read", 3)
    assert [(line["event"], line.get("seconds")) for line in lines] == [
        ("outbox_unavailable", None),
        ("outbox_available", 20.0),
    ]
