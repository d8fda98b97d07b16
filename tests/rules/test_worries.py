"""The banner of the operator's pages: one incident is one line."""

from __future__ import annotations

import pytest

from codesvc.domain.callback_health import Heard
from codesvc.domain.certificate import Certificate, CertificateState
from codesvc.service.operators.forecast import Outlook
from codesvc.service.statistics.series import SPANS, gathered
from codesvc.service.statistics.summary import Fault, faults
from codesvc.store.counts import Episode
from codesvc.web.admin.account_health import Health
from codesvc.web.admin.layout import Words
from codesvc.web.admin.worries import account_worries, certificate_in_the_way
from codesvc.wechat.errcodes import judge

EN = Words("en")


def said(*, left, endpoints=("template",), known=True):
    outlooks = [Outlook("main", "template", left, 100, None, left < 20, known=known)]
    faults = [Fault("45009", endpoints, 12, 1_000, judge(45009))]
    health = Health("main", "Tea", outlooks, faults, gathered(SPANS["1h"], 0, []), Heard(0), None)
    return list(account_worries(EN, health))


def test_a_spent_quota_is_said_once_with_its_count_and_its_beginning():
    [worry] = said(left=0)
    assert worry.text == "Tea: today's template messages are used up"
    assert "midnight Beijing time" in worry.hint
    assert (worry.tone, worry.count, worry.since) == ("bad", "12 failed", 1_000)


@pytest.mark.parametrize(
    "found", [{"left": 5}, {"left": 0, "known": False}, {"left": 0, "endpoints": ("template", "custom")}], ids=str
)
def test_calls_that_the_quota_does_not_explain_are_said_too(found):
    assert any("45009" in worry.text for worry in said(**found))


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        (Certificate("code.example.com", 0, 1_000), 1),
        (Certificate("code.example.com", 0, 3_000), 0),  # it was good until after the verification had ended
        (Certificate("code.example.com", 0, 9_000, CertificateState.NAME), 0),
        (Certificate("code.example.com", 0, 0, CertificateState.NONE), 0),
        (None, 0),
    ],
)
def test_a_verification_names_a_certificate_that_was_over_meanwhile(certificate, said):
    found = certificate_in_the_way(EN, certificate, 2_000)
    assert [each.since for each in found] == [1_000] * said


def heard_of(result, failed, fine, now):
    """The faults of an account whose call `template` failed and succeeded at these times, ms."""
    episodes = {f"call.template.{result}": Episode(failed, failed), "call.template.0": Episode(0, fine)}
    figures = gathered(SPANS["1h"], 0, [(0, {f"call.template.{result}": 3, "call.template.0": 9})])
    health = Health("main", "Tea", [], faults(figures, episodes, now), figures, Heard(0), None)
    return list(account_worries(EN, health))


@pytest.mark.parametrize("result", ["timeout", "40164"])
def test_a_fault_that_lasts_no_longer_is_not_said_to_last(result):
    """Until a quarter of an hour has passed it may come again; but nobody is sent to mend it."""
    [lasting] = heard_of(result, 1_000, 500, 2_000)
    assert lasting.tone == "bad"
    [recovered] = heard_of(result, 1_000, 1_500, 2_000)
    assert (recovered.tone, recovered.kind) == ("warn", "")
    assert "over, the same calls succeed again" in recovered.text
    assert not recovered.incident
    assert heard_of(result, 1_000, 1_500, 2_000_000) == []
