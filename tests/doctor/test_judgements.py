"""What the doctor makes of answers, without anybody being asked."""

import re
from pathlib import Path

import pytest

from codesvc.config import MessageTemplate
from codesvc.doctor import callback_probe, clocks, store_state, template_list
from codesvc.doctor.account_calls import judge_network, judge_quota
from codesvc.doctor.examination import guarded
from codesvc.doctor.finding import Exit, Status, exit_status, fail, ok, warn
from codesvc.wechat.answers import CallbackCheck, Pinged, Quota, Resolved, Template
from codesvc.wechat.errcode_advice import call_remedy, refused_address, remedy_for
from codesvc.wechat.errcodes import TABLE
from codesvc.wechat.errors import Garbled, TokenUnavailable, WeChatError, WeChatTimeout, WeChatUnreachable

ROOT = Path(__file__).parents[2]
INFO = {"redis_version": "7.4.0", "role": "master", "aof_enabled": 1, "maxmemory_policy": "noeviction"}
EVERYSEC = {"appendfsync": "everysec", "save": ""}


def of_store(what, config=EVERYSEC, *, live=False, moved_clock=False, **info):
    state = store_state.read_state("here", INFO | info, config, moved_clock=moved_clock)
    [found] = [f for f in store_state.findings(state, live=live) if what in f.what]
    return found


def test_exit_status():
    assert exit_status([ok("a", "b"), warn("a", "b", "c")]) is Exit.FINE
    assert exit_status([ok("a", "b"), fail("a", "b", "c")]) is Exit.ACTION


@pytest.mark.parametrize(
    ("info", "status"),
    [
        ({"redis_version": "6.0.16"}, Status.FAIL),
        ({"redis_version": "6.2.0"}, Status.OK),
        ({"redis_version": "7.2.4", "valkey_version": "7.2.5"}, Status.OK),
        ({"redis_version": "7.2.4", "valkey_version": "9.0.0"}, Status.OK),
    ],
)
def test_old_stores_are_refused(info, status):
    assert of_store("version", **info).status is status


@pytest.mark.parametrize(
    ("info", "config", "status"),
    [
        ({}, EVERYSEC, Status.OK),
        ({}, {"appendfsync": "always", "save": ""}, Status.OK),
        ({}, {"appendfsync": "no", "save": ""}, Status.WARN),
        ({}, None, Status.OK),
        ({"aof_enabled": 0}, {"appendfsync": "everysec", "save": "3600 1"}, Status.WARN),
        ({"aof_enabled": 0}, EVERYSEC, Status.FAIL),
        ({"aof_enabled": 0}, None, Status.SKIPPED),
        ({"aof_last_write_status": "err"}, EVERYSEC, Status.FAIL),
    ],
)
def test_persistence(info, config, status):
    assert of_store("persistence", config, **info).status is status


def test_eviction_and_memory():
    assert of_store("memory").status is Status.OK
    assert of_store("memory", maxmemory_policy="allkeys-lru").status is Status.FAIL
    assert of_store("memory", maxmemory=1000, used_memory=900).status is Status.WARN


@pytest.mark.parametrize(
    ("state", "remedy"),
    [("out of memory", "maxmemory"), ("cannot write to its disk", "log"), ("read only", "primary"), ("moving", "log")],
)
def test_a_store_that_takes_no_writes(state, remedy):
    found = store_state.judge_writing(state)
    assert found.status is Status.FAIL
    assert found.found == f"no: {state}"
    assert remedy in found.remedy
    assert store_state.judge_writing("ok").status is Status.OK


def test_a_store_that_lost_writes_within_a_day():
    [found] = store_state.judge_lost_writes("1000-61000")
    assert (found.status, "00:00:01.000Z and 1970-01-01T00:01:01.000Z" in found.found) == (Status.WARN, True)
    assert "store_truncated" in found.remedy
    assert list(store_state.judge_lost_writes("")) == []


def test_moved_clocks():
    assert of_store("test clock", live=True, moved_clock=True).status is Status.FAIL


@pytest.mark.parametrize(("waits", "status"), [("0", Status.WARN), ("1", Status.OK), (None, Status.SKIPPED)])
def test_a_primary_that_waits_for_no_replica(waits, status):
    config = EVERYSEC | ({"min-replicas-to-write": waits} if waits is not None else {})
    assert of_store("replicas", config, connected_slaves=2).status is status


def test_a_server_whose_scripts_ask_for_no_replica():
    found = of_store("replicas", EVERYSEC | {"min-replicas-to-write": "1"}, connected_slaves=2, redis_version="6.2.5")
    assert found.status is Status.WARN
    assert "redis 7.0" in found.remedy


@pytest.mark.parametrize(("ahead", "status"), [(0.3, Status.OK), (-5, Status.WARN), (90, Status.FAIL)])
def test_the_stores_clock(ahead, status):
    assert clocks.judge_store(ahead).status is status


@pytest.mark.parametrize(("ahead", "status"), [(-1, Status.OK), (60, Status.WARN), (-250, Status.FAIL)])
def test_wechats_clock(ahead, status):
    assert clocks.judge_wechat("main", ahead).status is status


def test_dates():
    assert clocks.read_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777
    assert clocks.read_date("soon") is None
    assert clocks.read_date(None) is None


def template(*keys):
    lines = "".join(f"行：{{{{{key}.DATA}}}}\n" for key in keys)
    return Template(template_id="T" * 43, title="验证码通知", content=lines)


@pytest.mark.parametrize(
    ("listed", "status", "word"),
    [
        ([template("character_string1", "thing2")], Status.OK, "character_string1, thing2"),
        ([], Status.WARN, "not on the account's list"),
        ([template("character_string1", "thing2", "time3")], Status.FAIL, "time3"),
        ([template("character_string1", "thing2", "remark")], Status.WARN, "blank"),
        ([template("character_string1")], Status.WARN, "not shown"),
        ([template("first", "keyword1")], Status.FAIL, "but the message fills"),
        ([template()], Status.WARN, "without fields"),
    ],
)
def test_templates(listed, status, word):
    message = MessageTemplate(template_id="T" * 43)
    found = template_list.judge("m", message, ["character_string1", "thing2"], listed)
    assert found.status is status
    assert word in found.found


def test_a_missing_notice_is_no_mere_warning():
    message = MessageTemplate(template_id="T" * 43, channel="subscription")
    assert template_list.judge("m", message, ["thing1"], []).status is Status.FAIL


def test_the_official_samples_blanks_in_braces_are_understood():
    assert template_list.keys_of("验证码:{ {character_string1.DATA} }\n{{time2.DATA}}") == [
        "character_string1",
        "time2",
    ]


@pytest.mark.parametrize(
    ("left", "status"), [(Quota(daily_limit=100, used=10, remain=90), Status.OK),
                         (Quota(daily_limit=100, used=90, remain=10), Status.WARN),
                         (Quota(daily_limit=100, used=100, remain=0), Status.FAIL),
                         (Quota(daily_limit=0, used=0, remain=0), Status.FAIL)],
)  # fmt: skip
def test_quotas(left, status):
    assert judge_quota("q", left).status is status


def test_the_network_as_wechat_sees_it():
    there, lost = Resolved(ip="192.0.2.1"), Pinged(package_loss="100%")
    assert judge_network("n", CallbackCheck()).status is Status.FAIL
    assert judge_network("n", CallbackCheck(dns=(there,), ping=(lost,))).status is Status.WARN
    reached = Pinged(package_loss="0%")
    assert judge_network("n", CallbackCheck(dns=(there,), ping=(lost, reached))).status is Status.OK


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [(None, "ClientConnectorError", "Start the service"), (403, "", "service's token"), (404, "", "proxy"),
     (502, "", "between"), (200, "hello", "between")],
)  # fmt: skip
def test_callbacks_that_answer_otherwise(status, body, word):
    found = callback_probe.judge(
        "main", "https://x", "GET", callback_probe.CallbackAnswer(status, body), wanted="success"
    )
    assert found.status is Status.FAIL
    assert word in found.remedy
    assert body not in found.found or not body or status is None


def test_a_callback_that_is_not_found_below_a_path():
    gone = callback_probe.CallbackAnswer(404, "")
    found = callback_probe.judge("main", "https://x.example/a/auth/wechat/main", "GET", gone, wanted="success")
    assert "remove /a/auth and forward the rest unchanged" in found.remedy
    found = callback_probe.judge("main", "https://x.example/wechat/main", "GET", gone, wanted="success")
    assert "forward /wechat/ unchanged" in found.remedy


@pytest.mark.parametrize(
    ("errcode", "word"),
    [(40013, "AppID"), (40125, "AppSecret"), (40001, "AppSecret"), (40243, "frozen"), (89503, "administrator"),
     (89507, "hour"), (48001, "verified"), (45009, "midnight"), (-1, "busy"), (43106, "console"), (40035, "errcode")],
)  # fmt: skip
def test_every_refusal_says_what_to_do(errcode, word):
    assert word in remedy_for(TokenUnavailable(f"errcode {errcode}: …", errcode=errcode), token=True)


def test_the_address_to_add_is_named():
    fault = WeChatError(40164, "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist")
    assert refused_address(fault) == "203.0.113.9"
    assert "203.0.113.9" in remedy_for(fault, token=True)


@pytest.mark.parametrize("fault", [WeChatUnreachable("x"), WeChatTimeout("x"), Garbled("x"), TokenUnavailable("x")])
def test_silence_says_what_to_do_as_well(fault):
    assert remedy_for(fault)


async def test_a_check_that_breaks_is_a_finding_without_its_text():
    async def breaks():
        raise RuntimeError("holds a secret")

    [found] = await guarded("something", breaks())
    assert found.status is Status.FAIL
    assert "RuntimeError" in found.found
    assert "secret" not in found.found + found.remedy


def test_every_errcode_that_troubleshooting_explains_has_its_own_remedy():
    """An operator reads it on /readyz, where "look it up" is no help."""
    text = (ROOT / "docs" / "en" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{5}[\d, ]*) \|", text, re.MULTILINE)
    codes = {int(code) for row in rows for code in row.split(", ")}
    acting = {code for code in codes if code in TABLE and TABLE[code].alarm}
    assert {47003, 40037, 43116, 45082} <= acting
    assert [code for code in acting if "WeChat's documentation" in call_remedy(code)] == []
