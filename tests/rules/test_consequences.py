"""Which line of the banner follows from which, and since when each holds."""

from __future__ import annotations

from dataclasses import replace

from codesvc.domain.callback_health import Heard
from codesvc.domain.certificate import Certificate
from codesvc.domain.store_speed import StoreSpeed
from codesvc.service.operators.account_state import TokenTrouble
from codesvc.service.operators.forecast import Outlook, backlog
from codesvc.service.statistics.gauges import QueueStanding
from codesvc.service.statistics.series import SPANS, gathered
from codesvc.service.statistics.summary import Fault
from codesvc.web.admin.account_health import Health
from codesvc.web.admin.accounts import of_account
from codesvc.web.admin.consequences import in_order
from codesvc.web.admin.layout import Words
from codesvc.web.admin.worries import Worry, account_worries, certificate_worries, worries
from codesvc.wechat.errcodes import judge

EN = Words("en")
NOW = 10_000_000
FINE = ("ok", 0.0, None)
STUCK = [backlog(QueueStanding(0, 5, 300, 0, 0)), backlog(QueueStanding(1, 2, 200, 0, 0))]
EMPTY = Outlook("main", "pool", 0, 20, 0.0, low=True)


def health(account="main", *, outlooks=(), faults=(), token=None):
    return Health(account, account.title(), outlooks, faults, gathered(SPANS["1h"], 0, []), Heard(0), token)


def said(accounts=(), queues=(), store=FINE, others=()):
    return in_order(EN, [*worries(EN, accounts, queues, store, guessed=0, now=NOW), *others])


def pairs(found):
    return [(worry.kind, worry.cause) for worry in found]


def test_what_waits_in_the_outbox_follows_from_a_token_that_is_missing():
    cause, *rest = said([health(outlooks=[EMPTY], token=TokenTrouble("40125", 9_000_000, NOW))], STUCK)
    assert cause.kind == "token"
    assert pairs(rest) == [("outbox", cause.text), ("pool", cause.text)]
    [outbox] = [worry for worry in rest if worry.kind == "outbox"]
    assert outbox.text == "7 codes are waiting in the outbox"
    assert outbox.since == NOW - 300_000
    assert outbox.hint


def test_an_outbox_without_a_known_cause_says_what_to_look_at():
    [outbox] = said(queues=STUCK)
    assert (outbox.cause, outbox.since) == ("", NOW - 300_000)
    assert "log" in outbox.hint


def test_a_store_that_is_slow_says_since_when():
    found = said(queues=STUCK, store=("slow", 0.3, 8_000_000))
    assert found[0].since == 8_000_000
    assert pairs(found[1:]) == [("outbox", found[0].text)]


def test_another_account_is_no_cause():
    other = TokenTrouble("40125", 9_000_000, NOW)
    found = said([health(outlooks=[EMPTY]), health("other", token=other)])
    assert {worry.kind: worry.cause for worry in found} == {"token": "", "pool": ""}


def test_callbacks_that_do_not_come_follow_from_a_certificate_that_is_over():
    missing = Worry("bad", "no callback arrives", "look at the address", callbacks="missing", kind="callbacks")
    refused = Worry("bad", "wrong signature", "compare", callbacks="signature", kind="callbacks")
    certificate = list(certificate_worries(EN, Certificate("code.example.com", 0, 1_000), NOW))
    found = in_order(EN, [missing, refused, *certificate])
    assert [worry.text for worry in found] == ["wrong signature", certificate[0].text, "no callback arrives"]
    assert [worry.cause for worry in found] == ["", "", certificate[0].text]
    assert found[-1].hint != "look at the address"


def test_a_refusal_has_a_headline_and_says_what_to_do_and_that_codes_still_come():
    faults = [Fault("43116", ["template"], 12, 1_000, judge(43116))]
    [worry] = account_worries(EN, health(faults=faults))
    assert worry.text == "Main: The template is banned (errcode 43116)"
    assert worry.hint.startswith("Choose another one in the console.")
    assert "scan or keyword" in worry.hint
    [plain] = account_worries(EN, health(faults=[Fault("40037", ["user"], 2, 1_000, judge(40037))]))
    assert "scan or keyword" not in plain.hint


def test_a_spent_quota_says_until_when_and_what_can_be_done():
    now = NOW * 1_000
    gone = Outlook("main", "template", 0, 100, None, low=True)
    [worry] = in_order(EN, worries(EN, [health(outlooks=[gone])], [], FINE, guessed=0, now=now))
    assert worry.until is not None
    assert 0 < worry.until - now <= 86_400_000
    assert "clear" in worry.hint


def test_the_pace_of_the_store_knows_since_when():
    speed = StoreSpeed()
    for at in range(50):
        speed.note(float(at), 0.001)
    for at in range(50, 110):
        speed.note(float(at), 0.3)
    assert speed.late(110.0) == 0.3
    assert speed.late_since == 50.0 - 0.3
    for at in range(110, 180):
        speed.note(float(at), 0.001)
    assert speed.late(180.0) is None
    speed.note(200.0, 0.5)
    assert speed.late_since == 199.5


def test_without_a_token_it_says_how_codes_still_come():
    [worry] = account_worries(EN, health(token=TokenTrouble("40125", 9_000_000, NOW)))
    assert worry.hint.startswith("The AppSecret is wrong")
    assert "codes come by keyword" in worry.hint


def test_the_page_of_accounts_names_the_certificate_beside_callbacks_that_do_not_come():
    certificate, well = Certificate("code.example.com", 0, 1_000), health()
    silent = replace(well, heard=Heard(NOW, unheard=5, unheard_since=NOW - 3_600_000))
    kinds = [worry.kind or worry.callbacks for worry in of_account(EN, silent, certificate)]
    assert kinds[0] == "certificate"
    assert list(of_account(EN, well, certificate)) == []
