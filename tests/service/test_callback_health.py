"""Callbacks are a component: refused by reason, missing, or the last good one; everywhere that an operator looks."""

import time
from dataclasses import replace

import pytest

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.wechat import crypto
from tests.service.test_admin import ADMIN, signed_in
from tests.world import OPERATOR_KEY

OTHER_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def query(*, token=DEFAULT_ACCOUNT.token, at=None, sealed=None):
    timestamp, nonce = str(int(at or time.time())), "831"
    found = f"?signature={crypto.signature(token, timestamp, nonce)}&timestamp={timestamp}&nonce={nonce}"
    return found + (f"&msg_signature={crypto.signature(token, timestamp, nonce, sealed)}" if sealed else "")


def push(*, key=DEFAULT_ACCOUNT.aes_key, appid=DEFAULT_ACCOUNT.appid, receiver=DEFAULT_ACCOUNT.original_id, **more):
    plain = f"<xml><ToUserName>{receiver}</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime></xml>"
    sealed = crypto.encrypt(plain.encode(), key, appid)
    return query(sealed=sealed, **more), f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()


CASES = {
    "signature": lambda: push(token="another token"),
    "time": lambda: push(at=time.time() - 4_000),
    "key": lambda: push(key=OTHER_KEY),
    "appid": lambda: push(appid="wx0123456789abcdef"),
    "form": lambda: (query(), b"a=1&b=2"),
}


async def component(world):
    ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
    return {c["state"]: c["means"] for c in ready["components"] if c["component"] == "callbacks:main"}


async def test_the_last_good_callback_is_named(world):
    assert "No callback has arrived" in (await component(world))["ok"]
    person = await world.person()
    await person.say("hello")
    assert "The last valid callback came at 20" in (await component(world))["ok"]


@pytest.mark.parametrize("reason", CASES)
async def test_a_refusal_is_named_by_its_reason_everywhere(new_world, reason):
    async with new_world(admin=ADMIN) as world, signed_in(world) as lan:
        where, body = CASES[reason]()
        assert (await world.call("POST", f"/wechat/main{where}", data=body, key=None)).status in {400, 403}
        state = "unsigned" if reason == "signature" else "refused"
        assert f"reason: {reason}" in (await component(world))[state]
        numbers = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
        assert f'codesvc_callbacks_total{{account="main",result="{reason}"}}' in numbers
        for path in ("/admin", "/admin/accounts"):
            text = (await lan.get(path))[2]
            assert f'data-callbacks="{reason}"' in text, path
            assert "一切正常" not in text


async def test_another_key_and_another_appid_answer_the_caller_alike(world):
    answers = []
    for reason in ("key", "appid"):
        where, body = CASES[reason]()
        answer = await world.call("POST", f"/wechat/main{where}", data=body, key=None)
        answers.append((answer.status, answer.json["detail"]))
    assert answers[0] == answers[1]


async def test_good_callbacks_after_the_refusals_end_them(world):
    where, body = CASES["key"]()
    await world.call("POST", f"/wechat/main{where}", data=body, key=None)
    await world.advance(700)
    person = await world.person()
    await person.say("hello")
    states = await component(world)
    assert set(states) == {"ok"}
    assert "1 refused" in states["ok"]


async def test_codes_shown_and_nothing_heard(world):
    for number in range(3):
        await world.scan_url(await world.start(f"u-{number}"))
    assert set(await component(world)) == {"ok"}
    await world.advance(301)
    states = await component(world)
    assert set(states) == {"missing"}
    assert states["missing"].startswith("3 QR codes have been shown since 20")
    assert (
        'codesvc_qr_codes_unheard{account="main"} 3.0' in (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
    )
    person = await world.person()
    await person.say("hello")
    assert set(await component(world)) == {"ok"}


async def test_a_case_whose_scan_was_refused_says_so(new_world):
    async with new_world(admin=ADMIN) as world, signed_in(world) as lan:
        person, started = await world.person(), await world.start("alice")
        url = await world.scan_url(started)
        account = next(iter(world.platform.accounts.values()))
        account.spec = replace(account.spec, token="changedInTheConsole")
        await person.scan(url)
        text = (await lan.get(f"/admin/verifications/{started['id']}"))[2]
        assert "这里没有出错" not in text
        assert 'data-callbacks="signature"' in text
