"""Refused callbacks are on `/readyz`, from whichever process refused them, without secrets and without noise."""

import time
from collections import Counter

import pytest
from structlog.testing import capture_logs

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.web.context import SERVICES
from codesvc.wechat import crypto
from codesvc.wechat.errors import BadEnvelope
from tests.service.test_metrics import numbers, value
from tests.world import OPERATOR_KEY

SECRET = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"


def signed():
    timestamp, nonce = str(int(time.time())), "831"
    signature = crypto.signature(DEFAULT_ACCOUNT.token, timestamp, nonce)
    return f"?signature={signature}&timestamp={timestamp}&nonce={nonce}"


async def refused(world):
    ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
    return [c for c in ready["components"] if c["component"].startswith("callbacks:") and c["state"] != "ok"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"ToUserName": "%s", "MsgType": "event"}' % SECRET.encode(), "JSON"),
        (b"<!doctype html><title>502</title>" + SECRET.encode(), "HTML page"),
        (b"<!DOCTYPE html><html><head/><body>502 " + SECRET.encode() + b"</body></html>", "HTML page"),
        (b"<?xml version='1.0'?>\n<!-- a --><!DOCTYPE html SYSTEM 'x'><html/>", "HTML page"),
        (b"<Error><Code>AccessDenied</Code><Id>" + SECRET.encode() + b"</Id></Error>", "it begins: <Error>"),
        (b"a=1&b=" + SECRET.encode(), "form"),
        (b"", "empty"),
    ],
)
async def test_what_came_and_how_often_is_said(world, body, word):
    for _ in range(3):
        answer = await world.call("POST", f"/wechat/main{signed()}", data=body, key=None)
        assert answer.status == 400
    [component] = await refused(world)
    assert (component["component"], component["state"]) == ("callbacks:main", "refused")
    assert word in component["means"]
    assert component["means"].startswith("3 refused since ")
    assert SECRET not in component["means"]


async def test_what_strangers_send_stands_apart_and_is_written_rarely(world, valkey):
    await world.call("POST", f"/wechat/main{signed()}", data=b"{}", key=None)
    await world.app[SERVICES].readiness.callbacks.write()
    for _ in range(40):
        assert (await world.call("POST", "/wechat/main?signature=x&timestamp=1&nonce=1", data=b"{}")).status == 403
    at = world.app[SERVICES].store.keys.refused_callbacks
    assert 0 < valkey.ttl(at) <= 2 * 86_400
    assert b'"count":40' not in (valkey.hget(at, "main unsigned") or b"")
    states = {component["state"]: component["means"] for component in await refused(world)}
    assert set(states) == {"refused", "unsigned"}
    assert states["unsigned"].startswith("40 refused since ")
    assert states["refused"].startswith("1 refused, ")


async def test_another_process_shows_it_and_a_day_later_it_is_gone(world):
    here = world.app[SERVICES]
    here.readiness.callbacks.note("main", BadEnvelope("the body is JSON"), signed=True)
    [component] = await refused(world)
    assert "the body is JSON" in component["means"]
    await world.advance(86_401)
    assert await refused(world) == []
    here.readiness.callbacks.note("main", BadEnvelope("again"), signed=True)
    [component] = await refused(world)
    assert component["means"].startswith("1 refused, the last one at ")


async def test_what_is_well_is_not_shown(world):
    person = await world.person()
    await person.say("hello")
    assert await refused(world) == []


async def test_strangers_write_few_lines_and_none_is_forgotten(new_world):
    """Anybody can send what is refused, hundreds of times a second; the metric and the lines' sum stay exact."""
    with capture_logs() as written:
        moved = await garbage(new_world)
    lines = [line for line in written if line["event"] == "callback_refused"]
    by_error = Counter()
    for line in lines:
        by_error[line["error"]] += line["count"]
    assert by_error == {"BadSignature": 60, "BadEnvelope": 1}
    assert len(lines) < 20
    assert moved == 60


async def garbage(new_world):
    """Sixty callbacks of strangers, and one of WeChat's that cannot be read; what the metric says of the sixty."""
    async with new_world() as world:
        before = value(await numbers(world), "codesvc_callbacks_total", account="main", result="signature")
        for _ in range(60):
            await world.call("POST", "/wechat/main?signature=x&timestamp=1&nonce=1", data=b"{}", key=None)
        await world.call("POST", f"/wechat/main{signed()}", data=b"", key=None)
        after = value(await numbers(world), "codesvc_callbacks_total", account="main", result="signature")
    return after - before
