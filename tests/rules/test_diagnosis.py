"""What an operator is told of a verification follows from its trail and its state; what runs out, from what is left."""

from __future__ import annotations

import pytest

from codesvc.domain.quota import Api
from codesvc.domain.timeline import Step, StepKind, read_step, read_timeline
from codesvc.domain.verification import DeliveryStatus, Status
from codesvc.service.operators.diagnosis import Arrived, diagnose
from codesvc.service.operators.forecast import backlog, outlooks, until_midnight
from codesvc.service.statistics.fields import Count, Fact, counts_of
from codesvc.service.statistics.gauges import AccountStanding, QueueStanding, QuotaStanding
from tests.rules.records import a_record

NOON_IN_BEIJING = 1_799_971_200 + 4 * 3_600
PENDING, EXPIRED = Status.PENDING, Status.EXPIRED


def case(delivery, trail, status=PENDING, **more):
    return diagnose(a_record(status=status.value, delivery=DeliveryStatus(delivery).value, trail=trail, **more))


@pytest.mark.parametrize(
    ("found", "arrived", "key", "reason", "cause"),
    [
        (("delivered", "0:queued/template 300:sent/template 900:delivered"), "yes", "delivered", "", ""),
        (("sent", "0:queued/template 300:sent/template"), "probably", "sent", "", ""),
        (("queued", "0:queued/template"), "not_yet", "on_its_way", "", ""),
        (("queued", "0:queued/template 50:trouble/busy.-1"), "not_yet", "stuck", "busy", "-1"),
        (("queued", "0:queued/template", EXPIRED), "no", "never_left", "", ""),
        (("unknown", "0:queued/template 9000:unknown/timeout"), "probably", "unknown", "timeout", ""),
        (("awaiting_scan", "0:awaiting_scan/no-binding"), "not_yet", "wants_scan", "no-binding", ""),
        (("awaiting_scan", "0:awaiting_scan/no-binding", EXPIRED), "no", "never_scanned", "no-binding", ""),
        (
            ("awaiting_scan", "0:queued/template 9:failed/not-following.43004 9:awaiting_scan/not-following.43004"),
            "not_yet", "fell_back", "not-following", "43004",
        ),
        (("awaiting_scan", "0:awaiting_scan/limited.user_pushes", EXPIRED), "no", "fell_back_unscanned", "limited",
         "user_pushes"),
        (("failed", "0:failed/no-binding"), "no", "failed", "no-binding", ""),
        (("awaiting_scan", "0:awaiting_scan/no-binding 80:turned_away/not-entitled"), "no", "turned_away",
         "no-binding", ""),
        (("awaiting_scan", "0:awaiting_scan/no-binding", Status.SUPERSEDED), "no", "superseded", "no-binding", ""),
        (("sent", "0:queued/template 5:sent/template 9:approved/open", Status.APPROVED), "yes", "approved", "", ""),
    ],
)  # fmt: skip
def test_the_verdict(found, arrived, key, reason, cause):
    told = case(*found)
    assert (told.arrived, told.key, told.reason, told.cause) == (Arrived(arrived), key, reason, cause)


def test_a_reply_in_the_chat_has_arrived_when_it_stood_there():
    told = case("sent", "0:awaiting_scan/no-binding 7000:scanned/reply 7000:sent/reply", channel="reply")
    assert (told.arrived, told.key, told.after_ms) == (Arrived.YES, "replied", 7000)


def test_only_trouble_is_trouble():
    assert not case("awaiting_scan", "0:awaiting_scan/no-binding").went_wrong
    assert case("awaiting_scan", "0:awaiting_scan/muted").went_wrong


def test_a_trail_is_read_as_it_was_written():
    assert read_timeline("0:queued/template 812:failed/quota.45009") == [
        Step(0, StepKind.QUEUED, "template"),
        Step(812, StepKind.FAILED, "quota.45009"),
    ]
    assert read_timeline("") == []
    step = read_step("failed/quota.45009")
    assert (step.reason, step.cause) == ("quota", "45009")


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ("queued/template", [Count(Fact.PUSHED)]),
        ("awaiting_scan/no-binding", [Count(Fact.UNBOUND)]),
        ("awaiting_scan/not-following.43004", [Count(Fact.FALLEN_BACK, "not-following")]),
        ("awaiting_scan/limited.user_pushes",
         [Count(Fact.FALLEN_BACK, "limited"), Count(Fact.REFUSED, "user_pushes")]),
        ("sent/reply", [Count(Fact.SENT, "reply")]),
        ("wrong", []),
        ("trouble/busy.-1", []),
    ],
)  # fmt: skip
def test_what_a_first_step_counts_as(told, counted):
    assert counts_of(read_step(told)) == counted


def standing(left, *, pool=16, token_left=7000.0):
    quotas = {api: QuotaStanding(left, 100_000, known=True) for api in Api}
    return AccountStanding("main", pool, 16, quotas, 10.0, token_left)


def outlook(what, found, used=0):
    calls = {"call.template.0": used}
    return next(one for one in outlooks(found, calls, NOON_IN_BEIJING) if one.what == what)


def test_a_quota_that_lasts_until_midnight_is_no_worry():
    assert until_midnight(NOON_IN_BEIJING) == 12 * 3_600
    fine = outlook("template", standing(50_000), used=4_000)
    assert (fine.ends_in_seconds, fine.low) == (None, False)
    short = outlook("template", standing(50_000), used=5_000)
    assert (short.ends_in_seconds, short.low) == (10 * 3_600, True)


def test_what_is_nearly_gone_is_low():
    assert outlook("template", standing(19_999)).low
    assert not outlook("template", standing(20_000)).low
    assert outlook("pool", standing(50_000, pool=0)).low
    assert not outlook("pool", standing(50_000, pool=1)).low
    assert outlook("token", standing(50_000, token_left=30)).low
    assert backlog(QueueStanding(3, 5, 121, 0, 0)).low
    assert not backlog(QueueStanding(3, 5, 119, 0, 0)).low
