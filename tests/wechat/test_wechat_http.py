"""What can happen to one exchange, against a real server; and that nothing secret comes out of it."""

import asyncio
import logging
import socket
import traceback

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from codesvc.runtime.sending_trace import sending_trace
from codesvc.wechat.errors import (
    Garbled,
    NameNotResolved,
    NotSent,
    OutcomeUnknown,
    ServerFault,
    WeChatError,
    WeChatTimeout,
    WeChatUnreachable,
)
from codesvc.wechat.http import HttpExchange

TOKEN = "57_" + "tokenTOKEN" * 8
OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ0"
CODE = "482913"
BODY = {"touser": OPENID, "data": {"character_string1": {"value": CODE}, "thing2": {"value": "登录验证"}}}


async def ask(http, url, *, seconds=5.0, body=BODY):
    return await HttpExchange(http, timeout=seconds).exchange(
        "POST", f"{url}/x", params={"access_token": TOKEN}, body=body
    )


def assert_hides_secrets(fault, caplog):
    assert fault.__context__ is None
    assert fault.__cause__ is None
    shown = repr(fault) + str(fault) + repr(vars(fault)) + caplog.text
    shown += "".join(traceback.format_exception(fault))
    for secret in (TOKEN, OPENID, CODE, "access_token="):
        assert secret not in shown


async def refused(http, url, expected, caplog, **more):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(expected) as caught:
        await ask(http, url, **more)
    assert type(caught.value) is expected
    assert_hides_secrets(caught.value, caplog)
    return caught.value


async def test_json_goes_out_as_raw_utf8_and_comes_back_whatever_its_label(peer, http):
    async def plain_text(_request):
        return web.Response(
            body=b'\xef\xbb\xbf{"nickname":"a\x01b","msgid":3557254367693750277}', content_type="text/plain"
        )

    peer.answers = [plain_text]
    assert await ask(http, peer.url) == {"nickname": "a\x01b", "msgid": 3557254367693750277}
    (asked,) = peer.asked
    assert "登录验证".encode() in asked.body
    assert b"\\u" not in asked.body
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.query == {"access_token": TOKEN}


ERRMSGS = [
    ("require subscribe rid: 64e5d2d0-18b1978d-6abec211", "require subscribe", "64e5d2d0-18b1978d-6abec211"),
    (
        "invalid openid hint: [ABCdef123] rid: 617682e0-09059ac5-34a8e2ea",
        "invalid openid hint: [ABCdef123]",
        "617682e0-09059ac5-34a8e2ea",
    ),
    ("invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist", None, None),
    ("argument invalid! data.thing1.value invalid", None, None),
    ("bad token " + TOKEN + " of " + OPENID, "bad token *** of ***", None),
    ("value " + CODE + " refused", "value *** refused", None),
    ("a\nb\x00", "a b", None),
    ("x " * 500, ("x " * 500)[:200], None),
    (17, "", None),
    (None, "", None),
]


@pytest.mark.parametrize("row", ERRMSGS)
async def test_errmsg_is_for_people(peer, http, caplog, row):
    errmsg, text, rid = row
    peer.answers = [{"errcode": 43004, "errmsg": errmsg}]
    fault = await refused(http, peer.url, WeChatError, caplog)
    assert (fault.errcode, fault.errmsg, fault.rid) == (43004, errmsg if text is None else text, rid)


async def test_errcode_may_be_text_or_zero(peer, http, caplog):
    peer.answers = [{"errcode": "0", "errmsg": "ok"}, {"errcode": "-1", "errmsg": "system error"}]
    assert await ask(http, peer.url)
    assert (await refused(http, peer.url, WeChatError, caplog)).errcode == -1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b'{"errcode":0,"msg',
        b"[]",
        b"null",
        b"<html>",
        b'{"errcode":null}',
        b'{"errcode":true}',
        b'{"errcode":"x"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"errcode":' + b"9" * 5000 + b"}",
        b"\xff\xfe",
    ],
)
async def test_an_answer_that_is_none(peer, http, caplog, raw):
    async def answer(_request):
        return web.Response(body=raw)

    peer.answers = [answer]
    await refused(http, peer.url, Garbled, caplog)


@pytest.mark.parametrize("status", [204, 302, 404, 500, 502])
async def test_http_errors_and_redirects_are_no_answers(peer, http, caplog, status):
    async def answer(_request):
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    peer.answers = [answer]
    fault = await refused(http, peer.url, ServerFault if status >= 500 else Garbled, caplog)
    assert str(status) in str(fault)
    assert len(peer.asked) == 1


async def test_an_endless_body_is_cut_off(peer, http, caplog):
    async def answer(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65536)
        except ConnectionError:
            return response

    peer.answers = [answer]
    fault = await refused(http, peer.url, Garbled, caplog)
    assert "1 MiB" in str(fault)


async def test_a_slow_answer_leaves_the_outcome_unknown(peer, http, caplog):
    peer.answers = [peer.never]
    fault = await refused(http, peer.url, WeChatTimeout, caplog, seconds=0.1)
    assert isinstance(fault, OutcomeUnknown)


@pytest.mark.parametrize("after", [0, 10])
async def test_a_reset_after_sending_leaves_the_outcome_unknown(peer, http, caplog, after):
    async def answer(request):
        if after:
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"{" * after)
        request.transport.abort()
        return web.Response()

    peer.answers = [answer]
    await refused(http, peer.url, WeChatTimeout, caplog)
    assert len(peer.asked) == 1


async def test_nobody_listening(http, caplog):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    fault = await refused(http, url, WeChatUnreachable, caplog)
    assert isinstance(fault, NotSent)


async def test_tls_that_fails(peer, http, caplog):
    await refused(http, peer.url.replace("http:", "https:"), WeChatUnreachable, caplog)


async def test_a_name_that_does_not_resolve(caplog):
    class Nowhere(AbstractResolver):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            raise OSError(f"no such name: {host} {port} {family}")

        async def close(self):
            pass

    connector = aiohttp.TCPConnector(resolver=Nowhere())
    async with aiohttp.ClientSession(connector=connector) as session:
        await refused(session, "http://api.example", NameNotResolved, caplog)


BOTH_EXPIRED = 1e-6
"""Seconds after which the time for the connection and that for the exchange have both expired, as after a stall."""


@pytest.mark.parametrize("seconds", [0.1, BOTH_EXPIRED])
async def test_no_free_connection_means_nothing_was_sent(peer, caplog, seconds):
    peer.answers = [peer.never]
    only_one = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=only_one, trace_configs=[sending_trace()]) as session:
        first = asyncio.create_task(ask(session, peer.url))
        await peer.waiting.wait()
        await refused(session, peer.url, WeChatUnreachable, caplog, seconds=seconds)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    assert len(peer.asked) == 1


async def test_halves_of_surrogate_pairs_are_replaced_not_raised(peer, http):
    peer.answers = [{"errcode": 0}]
    assert await ask(http, peer.url, body={"a": "\ud800"}) == {"errcode": 0}
    assert peer.asked[0].json == {"a": "?"}


async def test_a_query_inside_the_address_is_a_secret_too(peer, http):
    peer.answers = [{"errcode": 1, "errmsg": "key k3ykey is wrong"}]
    with pytest.raises(WeChatError, match=r"key \*\*\* is wrong"):
        await HttpExchange(http).exchange("GET", f"{peer.url}/tokens?key=k3ykey")
    assert peer.asked[0].query == {"key": "k3ykey"}
