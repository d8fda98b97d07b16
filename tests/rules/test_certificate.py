"""When a certificate of the public address is wrong, and from when on it should have been renewed."""

from __future__ import annotations

import pytest

from codesvc.domain.certificate import MEANS, REMEDIES, Certificate, CertificateState

DAY = 86_400_000
NAME, UNTRUSTED, NONE = CertificateState.NAME, CertificateState.UNTRUSTED, CertificateState.NONE


def after(life, day, fault=None):
    return Certificate("code.example.com", 0, life * DAY, fault).state(int(day * DAY))


@pytest.mark.parametrize(
    ("life", "day", "state"),
    [
        (90, 59, "ok"),  # an ACME client renews now; it has two weeks to succeed
        (90, 75, "ok"),
        (90, 77, "ends soon"),
        (45, 37, "ok"),
        (45, 38, "ends soon"),
        (6, 4.9, "ok"),
        (6, 5.1, "ends soon"),
        (397, 380, "ok"),
        (397, 384, "ends soon"),
        (90, 90, "expired"),
        (90, 400, "expired"),
        (90, -1, "not yet valid"),
    ],
)
def test_its_times(life, day, state):
    assert after(life, day) == state


@pytest.mark.parametrize("fault", [NAME, UNTRUSTED])
def test_time_comes_before_the_other_faults(fault):
    assert after(90, 10, fault) is fault
    assert after(90, 89, fault) is fault
    assert after(90, 91, fault) is CertificateState.EXPIRED
    assert after(90, -1, fault) is CertificateState.EARLY


def test_what_shows_none_has_no_times():
    assert Certificate("code.example.com", 0, 0, NONE).state(DAY) is NONE


@pytest.mark.parametrize("state", [each for each in CertificateState if each is not CertificateState.OK])
def test_every_fault_says_what_it_means_and_what_to_do(state):
    assert MEANS[state].endswith(".")
    assert REMEDIES[state].endswith(".")


def test_the_words_of_one_that_is_over():
    means = Certificate("code.example.com", 0, DAY).means(2 * DAY)
    assert means.startswith("The certificate for code.example.com expired on 1970-01-02T00:00:00.000Z. Browsers")
    assert "Renew it" in means
