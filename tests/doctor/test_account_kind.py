"""`codesvc check` finds the kind of an account out, judges by it, and says what a higher kind would bring."""

import pytest

from codesvc.doctor.finding import Status
from tests.kinds import BY_KEYWORD, KINDS, deny


@pytest.mark.parametrize("kind", KINDS)
async def test_the_right_kind_is_confirmed(ward, kind):
    await deny(ward.world, kind)
    report = await ward.examine(ward.with_account(kind=kind, **({"messages": {}} if kind in BY_KEYWORD else {})))
    found = report.of("accounts.main: kind")
    assert found.status is Status.OK, report.text
    assert ("would bring" in found.found) is (kind in BY_KEYWORD)
    assert ("template messages that push" in found.found) is (kind in BY_KEYWORD)
    assert not [f for f in report.findings if f.status is Status.FAIL], report.text
    assert bool([f for f in report.findings if "quota" in f.what]) is (kind not in BY_KEYWORD)
    assert bool([f for f in report.findings if "web-authorisation" in f.what]) is (kind not in BY_KEYWORD)


@pytest.mark.parametrize("kind", BY_KEYWORD)
async def test_a_kind_that_says_too_much(ward, kind):
    await deny(ward.world, kind)
    found = (await ward.examine()).of("accounts.main: kind")
    assert found.status is Status.FAIL
    assert "the token works, but calls fail with errcode 48001" in found.found
    assert f'kind = "{kind}"' in found.remedy


async def test_a_kind_that_says_too_little(ward):
    found = (await ward.examine(ward.with_account(kind="unverified_subscription", messages={}))).of("main: kind")
    assert found.status is Status.WARN
    assert 'kind = "verified_service"' in found.remedy
    assert "QR codes" in found.found


async def test_an_answer_that_says_nothing(ward):
    await ward.world.fault("reset", path="/cgi-bin/qrcode/create")
    assert (await ward.examine()).of("accounts.main: kind").status is Status.SKIPPED
