"""What is known of a delivery: our own record and WeChat's receipt, in either order and twice (DESIGN rule 4)."""

import msgspec
import pytest

from codesvc.domain.codes import VerificationId
from codesvc.store.outcomes import Outcome

MSGID = 7_777_777


@pytest.fixture
async def queued(quiet_shop):
    """A push that nobody makes."""
    await quiet_shop.bind("alice", "o_alice")
    record = await quiet_shop.started("alice")
    assert record.delivery == "queued"
    return Push(quiet_shop, record, "o_alice")


class Push:
    def __init__(self, shop, record, openid):
        self.shop, self.record, self.openid = shop, record, openid
        self.keys = shop.site.store_keys

    async def sent(self, status="sent", *, number=None, msgid=MSGID, reason=""):
        number = str(number or self.record.number)
        result = (self.record.id, number, status, "template", reason, "", str(msgid), "")
        results = msgspec.msgpack.encode([result])
        raw = await self.shop.raw("record_deliveries", {"outbox": self.keys.outbox}, results=results)
        return Outcome(raw[2][0][0].decode())

    async def receipt(self, status="delivered", *, openid=None, msgid=MSGID, reason="", forgeable=0):
        keys = {"receipt": self.keys.receipt(msgid)}
        args = {
            "msgid": msgid,
            "status": status,
            "reason": reason,
            "openid": openid or self.openid,
            "forgeable": forgeable,
        }
        return (await self.shop.script("record_receipt", keys, **args)).outcome

    async def now(self):
        record = await self.shop.read(self.record)
        return record.channel, record.delivery.value, record.reason


async def test_sent_then_delivered(queued):
    assert await queued.sent() is Outcome.DONE
    assert await queued.receipt() is Outcome.DONE
    assert await queued.now() == ("template", "delivered", "")


async def test_the_receipt_comes_first(queued):
    assert await queued.receipt() is Outcome.EARLY_RECEIPT
    assert await queued.now() == ("template", "queued", "")
    assert await queued.sent() is Outcome.DONE
    assert await queued.now() == ("template", "delivered", "")


@pytest.mark.parametrize("order", ["srr", "rsr", "rrs", "ssr", "rss", "srs"])
async def test_in_any_order_and_twice_it_ends_the_same(queued, order):
    for act in order:
        await (queued.sent() if act == "s" else queued.receipt())
    assert await queued.now() == ("template", "delivered", "")


@pytest.mark.parametrize("order", ["sr", "rs", "srr", "rrs"])
async def test_a_failed_receipt_falls_back_to_the_scan_and_keeps_its_reason(queued, order):
    for act in order:
        await (queued.sent() if act == "s" else queued.receipt("failed", reason="user-block"))
    assert await queued.now() == ("scan", "awaiting_scan", "user-block")


@pytest.mark.parametrize(("forgeable", "known"), [(0, True), (1, False)])
@pytest.mark.parametrize("order", ["sr", "rs"])
async def test_only_a_signed_receipt_says_that_wechat_did_not_take_it(queued, valkey, order, forgeable, known):
    """Else the code may have been read in WeChat (`is_in_wechat`)."""
    for act in order:
        await (queued.sent() if act == "s" else queued.receipt("failed", reason="user-block", forgeable=forgeable))
    assert await queued.now() == ("scan", "awaiting_scan", "user-block")
    kept = msgspec.msgpack.decode(valkey.get(queued.keys.record(queued.record.id)))
    assert ("taken" not in (kept[0] or {})) is known


async def test_a_receipt_for_another_person_changes_nothing(queued):
    await queued.sent()
    assert await queued.receipt("failed", openid="o_somebody_else") is Outcome.STALE
    assert await queued.now() == ("template", "sent", "")


async def test_a_receipt_for_a_delivery_that_was_replaced_changes_nothing(queued):
    await queued.sent()
    queued.shop.move(60_000)
    await queued.shop.here.verifications.resend(queued.shop.site, VerificationId.parse(queued.record.id))
    assert await queued.receipt("failed") is Outcome.STALE
    assert (await queued.now())[1] == "queued"


async def test_a_late_result_of_a_replaced_delivery_is_stale(queued):
    assert await queued.sent(number=2) is Outcome.STALE
    assert (await queued.now())[1] == "queued"


async def test_unknown_becomes_sent_by_the_retry_and_the_receipt_that_came_between_is_not_lost(queued):
    assert await queued.sent("unknown", msgid="", reason="timeout") is Outcome.DONE
    assert await queued.now() == ("template", "unknown", "timeout")
    assert await queued.receipt() is Outcome.EARLY_RECEIPT
    assert await queued.sent() is Outcome.DONE
    assert await queued.now() == ("template", "delivered", "")


@pytest.mark.parametrize("status", ["queued", "scanned", "awaiting_scan"])
async def test_what_the_table_does_not_hold_is_stale_and_moves_nothing(queued, status):
    assert await queued.sent(status) is Outcome.STALE
    assert await queued.now() == ("template", "queued", "")


async def test_nothing_moves_after_delivered(queued):
    await queued.sent()
    await queued.receipt()
    for status in ("sent", "unknown", "failed"):
        assert await queued.sent(status) is Outcome.STALE
    assert await queued.receipt("failed") is Outcome.STALE
    assert await queued.now() == ("template", "delivered", "")


async def test_a_failure_after_the_end_does_not_wait_for_a_scan(queued):
    await queued.sent()
    await queued.shop.here.verifications.cancel(queued.shop.site, VerificationId.parse(queued.record.id))
    assert await queued.receipt("failed", reason="user-block") is Outcome.DONE
    assert await queued.now() == ("template", "failed", "user-block")
