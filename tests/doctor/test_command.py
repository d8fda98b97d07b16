"""`codesvc check` and `codesvc send` as commands, against a service that runs."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from codesvc.cli import send as following
from codesvc.cli.follow import Snapshot
from codesvc.cli.send import Exit, describe, judge
from codesvc.config.api_keys import hash_line
from codesvc.domain.verification import DeliveryStatus, Status
from tests.command_line import codesvc
from tests.doctor.conftest import toml
from tests.world import KEY, MASTER, OTHER_KEY, discloses, document

SECRET = "5d41402abc4b2a76b9719d911017c592"


@pytest.fixture
def config(tmp_path):
    """A maker of configuration files that fit a ward."""

    def write(ward, data_dir=None, **changes):
        where = str(data_dir or ward.settings.store.data_dir)
        tables = document(ward.world.service, ward.world.sandbox, store__data_dir=where, **changes)
        path = tmp_path / "config.toml"
        path.touch(mode=0o600)
        path.write_text(toml(tables), encoding="utf-8")
        return str(path)

    return write


async def test_check_of_a_sound_set_up(ward, config):
    status, out, err = await codesvc("check", "--config", config(ward))
    assert status == 0, out + err
    assert "ok    accounts.main: credentials" in out
    assert "0 fail" in out
    assert MASTER not in out + err
    assert SECRET not in out + err


async def test_check_as_json(ward, config):
    await ward.world.control("PATCH", "/accounts/wx3f1c5a9e7b2d4860", {"ip_whitelist": []})
    status, out, _ = await codesvc("check", "--json", "--config", config(ward))
    answer = json.loads(out)
    assert (status, answer["exit"]) == (1, 1)
    assert {"status", "what", "found", "remedy"} == set(answer["findings"][0])
    assert any(f["what"] == "accounts.main: credentials" and f["status"] == "fail" for f in answer["findings"])


async def test_check_of_a_faulty_configuration_names_every_fault(ward, config):
    status, out, _ = await codesvc("check", "--config", config(ward, accounts__main__appid="wx1", servce={}))
    assert status == 2
    assert "accounts.main.appid" in out
    assert 'did you mean "service"' in out


async def test_check_of_messages_that_cannot_be_sent(ward, config):
    fields = {"character_string1": "验证码{{ code }}"}
    changed = config(ward, accounts__main__messages__code={"template_id": "x" * 43, "fields": fields})
    status, out, _ = await codesvc("check", "--config", changed)
    assert status == 2
    assert "no Chinese" in out


async def test_check_of_a_missing_file(tmp_path):
    status, out, _ = await codesvc("check", "--config", str(tmp_path / "none.toml"))
    assert status == 2
    assert "cannot read" in out


def send(config, user, purpose="reset", *more):
    return ("send", "--config", config, "--site", "shop", "--purpose", purpose, "--user", user, *more)


async def test_send_follows_a_push_to_its_receipt(ward, config):
    person = await ward.world.bound("alice")
    sending = asyncio.create_task(codesvc(*send(config(ward), "alice"), CODESVC_API_KEY=KEY))
    codes = []
    while not codes and not sending.done():  # the command's process may need long to start
        codes = await person.pushed_codes()
        await asyncio.sleep(0.01)
    await ward.world.control("POST", "/settle")
    status, out, err = await sending
    assert status == 0, out + err
    assert "delivered: WeChat reports that it reached the phone" in out
    assert not discloses(out, codes[-1])
    assert KEY not in out + err
    assert person.openid not in out


async def test_send_tells_of_a_scan_and_sees_the_reply(ward, config):
    sending = asyncio.create_task(codesvc(*send(config(ward), "bob", "register"), CODESVC_API_KEY=KEY))
    person = await ward.world.person()
    while not sending.done():
        for code in (await ward.world.control("GET", "/qrcodes"))["qrcodes"]:
            await person.scan(code["url"])
        await asyncio.sleep(0.01)
    status, out, err = await sending
    assert status == 0, out + err
    assert "waiting for a scan or the keyword" in out
    lines = out.splitlines()
    [above] = [place for place, line in enumerate(lines) if line.endswith("send this keyword to the account:")]
    assert lines[above + 1].split()[-1].isalnum()
    assert "sent by reply" in out
    assert not discloses(out, await person.code_in_chat())


async def test_send_without_a_receipt(ward, config):
    await ward.world.bound("alice")
    await ward.world.control("PATCH", "/settings", {"receipt_hold": True})
    arguments = send(config(ward), "alice", "register", "--wait", "0.5")
    status, out, _ = await codesvc(*arguments, CODESVC_API_KEY=KEY)
    assert status == 3
    assert "no receipt yet" in out


async def test_send_where_the_store_is_out_of_reach(ward, config, tmp_path):
    await ward.world.bound("alice")
    path = config(ward, tmp_path / "elsewhere")
    status, out, _ = await codesvc(*send(path, "alice", "reset", "--wait", "0.5"), CODESVC_API_KEY=KEY)
    assert status == 3
    assert "hides undisclosed deliveries" in out
    assert "pending: the API does not disclose more" in out


async def test_send_with_the_wrong_means(ward, config):
    path = config(ward)
    assert (await codesvc(*send(path, "alice"), CODESVC_API_KEY=OTHER_KEY))[0] == 2
    status, _, err = await codesvc(*send(path, "no user!"), CODESVC_API_KEY=KEY)
    assert status == 1
    assert "400" in err
    status, _, err = await codesvc(*send(path, "alice", "reset", "--url", "http://127.0.0.1:1"), CODESVC_API_KEY=KEY)
    assert status == 1
    assert hash_line(KEY) not in err


async def test_send_sees_what_the_api_hides(ward, config):
    status, out, _ = await codesvc(*send(config(ward), "nobody"), CODESVC_API_KEY=KEY)
    assert status == 1
    assert "failed (no-binding)" in out


async def test_send_follows_a_fallback_to_the_scan(ward, config):
    await ward.world.bound("alice")
    await ward.world.control("POST", "/faults", {"kind": "errcode", "path": "/cgi-bin/message/template/send",
                                                 "errcode": 43116})  # fmt: skip
    status, out, _ = await codesvc(*send(config(ward), "alice", "reset", "--wait", "2"), CODESVC_API_KEY=KEY)
    assert status == 3
    assert "waiting for a scan or the keyword (template-banned)" in out
    assert "http://weixin.qq.com/q/" in out


async def test_send_notices_that_another_store_is_looked_at(ward, config):
    path = config(ward, store__prefix="other")
    status, _, err = await codesvc(*send(path, "alice"), CODESVC_API_KEY=KEY)
    assert status == 1
    assert "another service answered" in err


async def test_send_to_something_that_is_not_the_service(ward, config):
    arguments = send(config(ward), "alice", "reset", "--url", f"{ward.world.service}/wechat")
    status, _, err = await codesvc(*arguments, CODESVC_API_KEY=KEY)
    assert status == 1
    assert "404" in err


def seen(delivery, channel="template", status=Status.PENDING, reason=""):
    return Snapshot(status=status, delivery=delivery, channel=channel, reason=reason, age_seconds=1.0, scannable=True)


@pytest.mark.parametrize(
    ("sighting", "end", "words"),
    [
        (seen(DeliveryStatus.QUEUED), None, "queued"),
        (seen(DeliveryStatus.UNKNOWN, reason="timeout"), None, "same client_msg_id"),
        (seen(DeliveryStatus.SENT), None, "no receipt yet"),
        (seen(DeliveryStatus.SENT, "customer_service"), Exit.ARRIVED, "this channel has no receipts"),
        (seen(DeliveryStatus.DELIVERED), Exit.ARRIVED, "reached the phone"),
        (seen(DeliveryStatus.FAILED, reason="quota"), Exit.FAILED, "failed (quota)"),
        (seen(DeliveryStatus.SENT, status=Status.EXPIRED), Exit.FAILED, "is expired"),
        (seen(DeliveryStatus.SENT, status=Status.APPROVED), Exit.ARRIVED, "is approved"),
        (seen(None, "auto"), None, "does not disclose more"),
    ],
)
def test_every_state_has_words_and_an_end_or_none(sighting, end, words):
    assert judge(sighting) == end
    assert words in describe(sighting)


async def test_send_takes_the_key_that_init_wrote(ward, config):
    path = config(ward)
    secrets = Path(path).parent / "secrets"
    secrets.mkdir()
    (secrets / "api-key-shop").touch(mode=0o600)
    (secrets / "api-key-shop").write_text(KEY + "\n")
    status, out, err = await codesvc(*send(path, "nobody"), CODESVC_API_KEY="")
    assert (status, "failed (no-binding)" in out) == (1, True), out + err
    assert KEY not in out + err


async def test_send_works_for_sites_and_keys_of_the_store(ward, config, tmp_path):
    path, site = config(ward), tmp_path / "club.json"
    _, told, _ = await codesvc("keys", "add", "shop", "second", "--scopes", "verify", "--config", path)
    key = re.search(r"csk_shop_\S+", told)[0]
    site.write_text(json.dumps({"name": "Club", "account": "main"}))
    assert (await codesvc("sites", "put", "club", str(site), "--config", path))[0] == 0
    to_club = ("send", "--config", path, "--site", "club", *send(path, "nobody")[5:])
    for arguments, given in ((send(path, "nobody"), key), (to_club, "")):
        status, out, err = await codesvc(*arguments, CODESVC_API_KEY=given)
        assert (status, "failed (no-binding)" in out) == (1, True), out + err
    status, _, err = await codesvc(*to_club, CODESVC_API_KEY=key)
    assert (status, "it is a key of sites.shop" in err) == (2, True), err
    status, _, err = await codesvc(*send(path, "nobody"), CODESVC_API_KEY="csk_shop_" + "z" * 43)
    assert (status, "it is neither in the configuration nor in the store" in err) == (2, True), err
    # Without the store, only the service knows the key, and nobody here knows the site.
    away = config(ward, tmp_path / "elsewhere")
    status, out, err = await codesvc(*send(away, "nobody", "reset", "--wait", "0"), CODESVC_API_KEY=key)
    assert (status, "started vf_" in out) == (3, True), out + err
    status, _, err = await codesvc(*to_club, CODESVC_API_KEY=key)
    assert (status, "in the store, which this machine cannot reach" in err) == (2, True), err


@pytest.mark.parametrize("stale", [False, True])
async def test_send_makes_a_key_for_one_run_and_takes_it_away(ward, config, stale):
    path = config(ward)
    if stale:  # the key that init wrote was replaced since
        (Path(path).parent / "secrets").mkdir()
        (Path(path).parent / "secrets" / "api-key-shop").touch(mode=0o600)
        (Path(path).parent / "secrets" / "api-key-shop").write_text(OTHER_KEY)
    status, out, err = await codesvc(*send(path, "nobody"), CODESVC_API_KEY="")
    assert (status, "failed (no-binding)" in out) == (1, True), out + err
    _, listed, _ = await codesvc("keys", "list", "--site", "shop", "--config", path)
    assert "codesvc-send" not in listed
    _, audit, _ = await codesvc("audit", "--config", path)
    assert audit.count("codesvc-send") >= 2  # added and removed


async def test_send_says_which_ways_there_are_to_a_key(ward, config, tmp_path):
    path = config(ward, tmp_path / "elsewhere")
    status, _, err = await codesvc(*send(path, "alice"), CODESVC_API_KEY="")
    assert status == 2
    for way in ("--key", "CODESVC_API_KEY", "secrets/api-key-shop", "codesvc serve"):
        assert way in err


async def test_send_explains_what_no_binding_means(ward, config):
    _, out, _ = await codesvc(*send(config(ward), "nobody"), CODESVC_API_KEY=KEY)
    assert "-> no WeChat account is bound to this user of this site" in out
    assert "--purpose register" in out
    _, out, _ = await codesvc(*send(config(ward), "newcomer", "register", "--wait", "0.5"), CODESVC_API_KEY=KEY)
    assert "-> nothing was pushed: no WeChat account is bound to this user yet, as with every new user" in out


async def test_what_to_send_stays_the_last_line(capsys):
    awaiting = seen(DeliveryStatus.AWAITING_SCAN)
    looks = [awaiting] * 5 + [replace(awaiting, status=Status.APPROVED)]

    class Watch:
        async def look(self):
            return looks.pop(0)

    async def show():
        following._say("    1234")

    assert await following._follow(60, Watch(), show, poll_seconds=0, repeat_seconds=-1) == Exit.ARRIVED
    *_, keyword, end = capsys.readouterr().out.splitlines()
    assert keyword == "    1234"
    assert "approved" in end
