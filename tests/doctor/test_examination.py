"""The doctor at work on real parts: sandbox and service over HTTP, an embedded store."""

import re
from dataclasses import replace

from codesvc.config import MessageTemplate, Secret, parse
from codesvc.doctor import store_probe
from codesvc.doctor.finding import Exit, Status, exit_status
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT, LEGACY_TEMPLATE_ID, NOTICE_TEMPLATE_ID
from codesvc.store.connection import connect
from codesvc.store.embedded import run_embedded
from codesvc.web.context import SERVICES
from tests.doctor.conftest import Ward
from tests.world import MASTER, document

APPID = DEFAULT_ACCOUNT.appid
NOWHERE = "http://127.0.0.1:1"
SECRETS = (MASTER, DEFAULT_ACCOUNT.secret, DEFAULT_ACCOUNT.token, DEFAULT_ACCOUNT.aes_key)


def no_secret_in(report):
    return not any(secret in report.text for secret in SECRETS)


async def test_a_sound_set_up(ward):
    report = await ward.examine()
    assert exit_status(report.findings) is Exit.FINE, report.text
    assert not report.faulty
    assert report.of("credentials").status is Status.OK
    assert report.of("messages.code: template").status is Status.OK
    assert report.of("quota of template messages").found == "100,000 of 100,000 left today"
    assert "used 1 of today's quota" in report.of("main: QR codes").found
    assert report.of("address check (GET)").status is Status.OK
    assert report.of("event (POST)").status is Status.OK
    assert report.of("networks").status is Status.OK
    assert report.of("store: persistence").found.startswith("append-only file, fsync every second")
    assert "the running service" in report.of("store: version").found
    assert report.of("store: clock").status is Status.OK
    assert report.of("WeChat's clock").status is Status.OK
    assert report.of("sites.shop.purposes.reset: odds").status is Status.OK
    assert report.of("mode").status is Status.WARN
    assert no_secret_in(report)


async def test_web_authorisation_needs_a_person(ward):
    found = (await ward.examine()).of("web-authorisation")
    assert found.status is Status.SKIPPED
    assert "127.0.0.1" in found.remedy
    assert f"/connect/oauth2/authorize?appid={APPID}&redirect_uri=http%3A%2F%2F" in found.remedy
    assert "&response_type=code&scope=snsapi_base#wechat_redirect" in found.remedy


async def test_the_address_that_has_to_be_listed(ward):
    await ward.world.control("PATCH", f"/accounts/{APPID}", {"ip_whitelist": ["203.0.113.9"]})
    report = await ward.examine()
    found = report.of("credentials")
    assert found.status is Status.FAIL
    assert "add 127.0.0.1 to the IP whitelist" in found.remedy
    assert report.of("templates, quotas").status is Status.SKIPPED
    assert exit_status(report.findings) is Exit.ACTION


async def test_wrong_secret(ward):
    wrong = "0" * 32
    report = await ward.examine(ward.with_account(secret=Secret(wrong)))
    assert "40125" in report.of("credentials").found
    assert "AppSecret" in report.of("credentials").remedy
    assert wrong not in report.text


async def test_wrong_appid(ward):
    report = await ward.examine(ward.with_account(appid="wx0000000000000000"))
    assert "40013" in report.of("credentials").found


async def test_an_administrator_has_to_confirm(ward):
    await ward.world.control("POST", "/faults", {"kind": "errcode", "path": "/cgi-bin/stable_token", "errcode": 89503})
    assert "administrator" in (await ward.examine()).of("credentials").remedy


async def test_wechat_out_of_reach(ward):
    report = await ward.examine(ward.with_account(api_url=NOWHERE))
    assert "resolve api_url" in report.of("credentials").remedy
    assert report.of("WeChat's clock").status is Status.FAIL


async def test_an_ordinary_token_is_shared_and_not_taken_away(ward):
    settings = ward.with_account(token_source="ordinary")
    for _ in range(2):
        assert (await ward.examine(settings)).of("credentials").status is Status.OK
    calls = (await ward.world.control("GET", "/calls"))["calls"]
    assert sum(call["path"] == "/cgi-bin/token" for call in calls) == 1


async def test_a_template_that_is_not_listed_is_a_warning(ward):
    report = await ward.examine(ward.with_account(messages={"code": MessageTemplate(template_id="x" * 43)}))
    assert report.of("messages.code: template").status is Status.WARN


async def test_a_template_with_other_fields(ward):
    report = await ward.examine(ward.with_account(messages={"code": MessageTemplate(template_id=LEGACY_TEMPLATE_ID)}))
    assert report.of("messages.code: template").status is Status.FAIL


async def test_subscription_notices_have_their_own_list(ward):
    fields = {"character_string1": "{{ code }}", "thing2": "{{ site }}", "time3": "{{ expires_at }}"}
    notice = MessageTemplate(template_id=NOTICE_TEMPLATE_ID, channel="subscription", fields=fields)
    stray = MessageTemplate(template_id=CATEGORY_TEMPLATE_ID, channel="subscription", fields=fields)
    report = await ward.examine(ward.with_account(messages={"code_notice": notice, "code": stray}))
    assert report.of("code_notice: template").status is Status.OK
    assert report.of("messages.code: template").status is Status.FAIL


async def test_a_field_that_wechat_would_refuse_is_the_configurations_fault(ward):
    broken = MessageTemplate(template_id=CATEGORY_TEMPLATE_ID, fields={"character_string1": "验证码 {{ code }}"})
    report = await ward.examine(ward.with_account(messages={"code": broken}))
    assert report.faulty
    assert any(f.status is Status.FAIL and "no Chinese" in f.found for f in report.findings)


async def test_a_field_with_an_unknown_variable_is_the_configurations_fault(ward):
    broken = MessageTemplate(template_id=CATEGORY_TEMPLATE_ID, fields={"thing2": "{{ colour }}"})
    report = await ward.examine(ward.with_account(messages={"code": broken}))
    assert report.faulty
    assert any(f.status is Status.FAIL and "colour" in f.found for f in report.findings)


async def test_a_template_that_would_stop_the_service_is_told_with_its_line(ward, tmp_path):
    for name, text in (("texts/fr.po", "\nmsgid nothing\n"), ("pages/panel.html", "\n{{ colour }}")):
        directory = tmp_path / name.partition("/")[0]
        (directory / name).parent.mkdir(parents=True)
        (directory / name).write_text(text)
        service = replace(ward.settings.service, templates_dir=directory)
        report = await ward.examine(replace(ward.settings, service=service))
        assert report.faulty
        assert any(f.status is Status.FAIL and f"{name}, line 2" in f.found for f in report.findings)


async def test_a_field_that_is_cut(ward):
    fields = {"character_string1": "{{ code }}", "thing2": "{{ site }}的{{ purpose }}" + "很长" * 10}
    long = MessageTemplate(template_id=CATEGORY_TEMPLATE_ID, fields=fields)
    report = await ward.examine(ward.with_account(messages={"code": long}))
    assert any(f.status is Status.WARN and "is cut" in f.found for f in report.findings)


async def test_quotas_run_low_and_out(ward):
    for path in ("/cgi-bin/message/template/send", "/cgi-bin/qrcode/create"):
        await ward.world.control("PUT", f"/accounts/{APPID}/quotas", {"path": path, "daily": 1})
    client = (await ward.examine()).findings
    assert client  # the first run takes the last QR code, if the pool has not
    report = await ward.examine()
    assert report.of("quota of QR codes").status is Status.FAIL
    assert "45009" in report.of("main: QR codes").found
    await ward.world.control("PUT", f"/accounts/{APPID}/quotas", {"path": "/cgi-bin/message/template/send", "daily": 0})
    assert "banned" in (await ward.examine()).of("quota of template messages").found


async def test_a_callback_that_does_not_answer(ward):
    service = replace(ward.settings.service, public_url=NOWHERE)
    report = await ward.examine(replace(ward.settings, service=service))
    assert report.of("address check (GET)").status is Status.FAIL
    assert "Start the service" in report.of("event (POST)").remedy
    assert "signature=" not in report.text


async def test_a_callback_with_another_token(ward):
    report = await ward.examine(ward.with_account(token=Secret("othertoken")))
    assert "service's token" in report.of("address check (GET)").remedy
    assert report.of("event (POST)").status is Status.FAIL


async def test_a_callback_with_another_aes_key(ward):
    report = await ward.examine(ward.with_account(aes_key=Secret("A" * 43)))
    assert report.of("address check (GET)").status is Status.OK
    assert report.of("event (POST)").status is Status.FAIL


async def test_the_checks_event_changes_nothing(ward):
    redis = ward.world.app[SERVICES].store.at(0)
    ours = re.compile(rb":(vf|binding|owners|gone|seen|scene|word|window|spoke|intent|notice):")
    await ward.examine()
    assert [key for key in await redis.keys("*") if ours.search(key)] == []


async def test_plaintext_is_pointed_out(admit):
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    async with admit(account=account) as ward:
        report = await ward.examine()
        assert report.of("callback mode").status is Status.WARN
        assert report.of("event (POST)").status is Status.OK


async def test_a_store_that_forgets(new_world, store_url):
    async with new_world(store__url=store_url) as world:
        report = await Ward(world, world.app[SERVICES].settings).examine()
        assert "a restart loses every binding" in report.of("store: persistence").found
        assert exit_status(report.findings) is Exit.ACTION


async def test_a_store_that_does_not_answer(ward):
    store = replace(ward.settings.store, url=Secret("redis://:hidden-password@127.0.0.1:1/0"))
    report = await ward.examine(replace(ward.settings, store=store))
    assert [f.status for f in report.findings if f.what == "store"] == [Status.FAIL]
    assert "hidden-password" not in report.text
    assert "127.0.0.1:1" in report.text


async def test_an_ordinary_token_is_not_asked_for_without_the_store(ward):
    store = replace(ward.settings.store, url=Secret("redis://127.0.0.1:1/0"))
    report = await ward.examine(replace(ward.with_account(token_source="ordinary"), store=store))
    assert report.of("credentials").status is Status.SKIPPED


async def test_an_embedded_store_before_the_first_start(ward, tmp_path):
    new = tmp_path / "not yet" / "data"
    store = replace(ward.settings.store, data_dir=new)
    report = await ward.examine(replace(ward.settings, store=store))
    assert "tried in a temporary directory" in report.of("store: version").found
    assert not new.exists()


async def test_live_mode_wants_a_proxy_and_a_public_port(ward):
    service = replace(ward.settings.service, public_url="https://code.example.com:8443")
    settings = replace(ward.settings, mode="live", service=service)
    report = await ward.examine(settings)
    assert report.of("mode").status is Status.OK
    assert report.of("trusted_proxies").status is Status.WARN
    assert report.of("callback address").status is Status.WARN
    assert "without a port" in report.of("web-authorisation").found


async def test_lifted_limits_are_told_as_odds(admit):
    lifted = dict.fromkeys(("user_guesses", "user_pushes", "site_starts", "site_guesses"), "none")
    async with admit(sites__shop__limits=lifted) as ward:
        found = (await ward.examine()).of("sites.shop.purposes.reset: odds")
        assert found.status is Status.WARN
        assert "one user's code 1 in 1," in found.found


async def test_a_full_store_is_not_said_to_be_writable(valkey, store_url, tmp_path):
    settings = parse(document(NOWHERE, NOWHERE, store__url=store_url), env={}, directory=tmp_path)

    async def writable():
        async with store_probe.reached(settings.store) as place:
            [found] = [each for each in await store_probe.findings(place, settings) if each.what == "store: writable"]
            return found

    assert (await writable()).status is Status.OK
    valkey.config_set("maxmemory", 1)
    try:
        found = await writable()
    finally:
        valkey.config_set("maxmemory", 0)
    assert found.status is Status.FAIL
    assert "out of memory" in found.found
    assert "maxmemory" in found.remedy


async def test_an_embedded_store_that_refuses_everything_is_still_the_one_in_use(tmp_path):
    """A full disk makes it refuse even PING; another one on an empty directory would be said to be well."""
    data_dir = tmp_path / "data"
    async with run_embedded(data_dir) as embedded:
        settings = parse(document(NOWHERE, NOWHERE, store__data_dir=str(data_dir)), env={}, directory=tmp_path)
        servers = await connect(embedded.url, timeout=5)
        try:
            await servers.anyone().redis.execute_command("ACL", "SETUSER", "default", "-ping")
            assert await store_probe.running_embedded(settings.store) is not None
        finally:
            await servers.aclose()
