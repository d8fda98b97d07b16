"""`codesvc check` says which callbacks the running service has refused."""

from codesvc.doctor.finding import Status
from codesvc.web.context import SERVICES
from codesvc.wechat.errors import BadEnvelope, BadSignature


async def test_refused_callbacks_are_found_in_the_store(ward):
    assert (await ward.examine()).of("refused callbacks").status is Status.OK
    refusals = ward.world.app[SERVICES].readiness.refusals
    refusals.note("main", BadEnvelope("the body is JSON"), signed=True)
    await refusals.write()
    found = (await ward.examine()).of("accounts.main: refused callbacks")
    assert found.status is Status.WARN
    assert "1 refused, the latest at 20" in found.found
    assert "the body is JSON" in found.found
    assert "XML" in found.remedy
    refusals.note("main", BadSignature("the signature does not match"), signed=False)
    await refusals.write()
    found = [each for each in (await ward.examine()).findings if each.what == "accounts.main: refused callbacks"]
    assert [each.status for each in found] == [Status.WARN] * 2
    assert "token" in found[1].remedy


async def test_a_call_that_wechat_refuses_until_somebody_acts_fails_the_check(ward):
    assert (await ward.examine()).of("accounts.main: refused calls").status is Status.OK
    world = ward.world
    await world.fault("errcode", path="/cgi-bin/message/template/send", errcode=43116)
    await world.bound("alice")
    await world.delivery(await world.start("alice"), "awaiting_scan")
    await world.app[SERVICES].recorder.flush()
    found = (await ward.examine()).of("accounts.main: refused calls")
    assert found.status is Status.FAIL
    assert "errcode 43116" in found.found
    assert "console" in found.remedy
