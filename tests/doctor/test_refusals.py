"""`codesvc check` says which callbacks the running service has refused."""

import pytest

from codesvc.doctor.finding import Status
from codesvc.doctor.webhook_endpoints import judged
from codesvc.store.webhooks import Endpoint
from codesvc.web.context import SERVICES
from codesvc.wechat.errors import BadEnvelope, BadSignature
from tests.stores import until
from tests.webhooks.receiver import hook, receiving


async def test_refused_callbacks_are_found_in_the_store(ward):
    assert (await ward.examine()).of("refused callbacks").status is Status.OK
    refusals = ward.world.app[SERVICES].readiness.callbacks
    refusals.note("main", BadEnvelope("the body is JSON"), signed=True)
    await refusals.write()
    found = (await ward.examine()).of("accounts.main: refused callbacks")
    assert found.status is Status.WARN
    assert "1 refused, the last one at 20" in found.found
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


async def test_a_master_key_of_a_running_process_that_this_configuration_lacks(ward):
    what = "master keys of running processes"
    await ward.world.app[SERVICES].store.master_keys.note("abcd")
    found = (await ward.examine()).of(what)
    assert found.status is Status.FAIL
    assert "abcd" in found.found
    assert "previous_master_keys" in found.remedy


async def test_a_webhook_s_receiver_that_takes_nothing_is_named(admit):
    async with receiving() as receiver, admit(sites__shop__webhook=hook(receiver)) as ward:
        assert (await ward.examine()).of("sites.shop: webhook receiver").status is Status.OK
        receiver.answers = [410]
        await ward.world.bound("alice")
        await receiver.wait()
        await until(lambda: not receiver.answers)
        for _ in range(100):
            found = (await ward.examine()).of("sites.shop: webhook receiver")
            if found.status is not Status.OK:
                break
        assert found.status is Status.FAIL
        assert "disabled since 20" in found.found
        assert "codesvc webhooks enable --site shop" in found.remedy


@pytest.mark.parametrize(("failures", "status"), [(2, Status.OK), (3, Status.WARN), (40, Status.WARN)])
def test_a_receiver_that_fails_again_and_again_is_a_warning(failures, status):
    state = Endpoint(disabled=None, waiting=7, delivered=None, failed_at=1, result="http_500", failures=failures)
    found = judged("shop", state)
    assert found.status is status
    assert "events waiting: 7" in found.found
    assert ("http_500" in found.found) == (status is Status.WARN)


def test_a_receiver_at_an_address_that_is_not_called_has_a_way_out():
    state = Endpoint(disabled=None, waiting=7, delivered=None, failed_at=1, result="private-address", failures=3)
    found = judged("shop", state)
    assert "allow_private = true in [sites.shop.webhook] of the configuration file" in found.remedy
    assert "https at port 443" in found.remedy
