"""The callback's checks: signatures, window, modes, hostile bodies, and replies."""

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from codesvc.wechat import callback_format, crypto
from codesvc.wechat.callback_format import CallbackKeys, parse, render_nothing, render_text, verify_url
from codesvc.wechat.errors import BadCallback, BadEnvelope, BadMessage, BadSignature, StaleCallback
from codesvc.wechat.events import Followed, Scanned, Text

NOW = 1_714_112_445
APPID = "wxba5fad812f8e6fb9"
OLD, NEW = "oldToken", "newToken"
KEY_OLD, KEY_NEW = "A" * 43, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ0"
KEYS = {
    mode: CallbackKeys(appid=APPID, tokens=(NEW, OLD), aes_keys=(KEY_NEW, KEY_OLD), mode=mode, original_id="gh_a")
    for mode in ("safe", "compatible", "plaintext")
}
SCAN = (
    f"<xml><ToUserName><![CDATA[gh_a]]></ToUserName><FromUserName><![CDATA[{OPENID}]]></FromUserName>"
    "<CreateTime>1714112440</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[SCAN]]></Event>"
    "<EventKey><![CDATA[vc_8f3a]]></EventKey><Ticket><![CDATA[gQH4]]></Ticket></xml>"
)


def query_for(*parts, token=NEW, timestamp=NOW, nonce="415670741", **more):
    name = "msg_signature" if parts else "signature"
    signed = crypto.signature(token, str(timestamp), nonce, *parts)
    return {"timestamp": str(timestamp), "nonce": nonce, name: signed, **more}


def sealed_push(message=SCAN, *, key=KEY_NEW, token=NEW, outside="", **more):
    sealed = crypto.encrypt(message.encode() if isinstance(message, str) else message, key, APPID)
    body = f"<xml><ToUserName><![CDATA[gh_a]]></ToUserName>{outside}<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return query_for(sealed, token=token, encrypt_type="aes", **more), body.encode()


# --- the console's GET


def test_published_verification():
    keys = CallbackKeys(appid=APPID, tokens=("AAAAA",))
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    assert verify_url(keys, query) == "4375120948345356249"
    for broken in ({**query, "nonce": "1"}, {**query, "signature": "é"}, {**query, "echostr": "<script>"}, {}):
        with pytest.raises(BadSignature):
            verify_url(keys, broken)


def test_an_empty_token_signs_nothing():
    keys = CallbackKeys(appid=APPID, tokens=("",))
    with pytest.raises(BadSignature):
        verify_url(keys, {**query_for(token=""), "echostr": "1"})


# --- what is looked at before a signature is checked


@pytest.mark.parametrize("mode", ["safe", "compatible", "plaintext"])
@pytest.mark.parametrize("sent", [{}, {"signature": "0" * 40}, {"msg_signature": "0" * 40}, {"encrypt_type": "aes"}])
def test_nothing_unsigned_is_parsed(mode, sent):
    query = {"timestamp": str(NOW), "nonce": "1", **sent}
    for body in (b"<xml>" + b"<a/>" * 14_000 + b"</xml>", b"no XML", sealed_push()[1], b""):
        with pytest.raises(BadSignature):
            parse(KEYS[mode], query, body, now=NOW)


def test_a_right_signature_of_the_query_is_looked_at_first():
    query, body = sealed_push()
    signature = query_for()["signature"]
    assert parse(KEYS["safe"], {**query, "signature": signature}, body, now=NOW).covered
    with pytest.raises(BadSignature):
        parse(KEYS["safe"], {**query, "signature": "0" * 40}, body, now=NOW)


# --- what XML forbids, and WeChat hands on

TEXT = SCAN.replace("event]", "text]").replace("<Event><![CDATA[SCAN]]></Event>", "<Content>{}</Content>")
FORBIDDEN = [chr(n) for n in (0, 1, 2, 8, 0xB, 0xC, 0xE, 0x10, 0x1D, 0x1F, 0xFFFE, 0xFFFF, 0xD800, 0xDFFF)]


@pytest.mark.parametrize("mode", ["safe", "compatible", "plaintext"])
@pytest.mark.parametrize("character", FORBIDDEN, ids=lambda c: f"U+{ord(c):04X}")
def test_characters_that_xml_forbids_are_dropped(mode, character):
    number = ord(character)
    for content in (
        f"<![CDATA[a{character}b{character}]]>",
        f"a{character}b",
        f"a&#{number};b",
        f"a&#x{number:x};b",
        f"a&#x{number:X};b",
        f"a&#000{number};b",
        f"&#{number};<![CDATA[ab]]>",
    ):
        message = TEXT.format(content).encode("utf-8", "surrogatepass")
        query, body = (query_for(), message) if mode == "plaintext" else sealed_push(message)
        event = parse(KEYS[mode], query, body, now=NOW).event
        assert isinstance(event, Text)
        assert event.content == "ab"


def test_what_a_person_typed_stays():
    for content, read in {
        "<![CDATA[&#2;]]>": "&#2;",
        "&#97;&#x1F600;&amp;#2;": "a\U0001f600&#2;",
        "<![CDATA[a\tb\x7f\x85\u200b]]>": "a\tb\x7f\x85\u200b",
        "&#99999999999999999999;&#x110000;&#0;x": "x",
    }.items():
        assert parse(KEYS["safe"], *sealed_push(TEXT.format(content)), now=NOW).event.content == read


def test_a_character_between_hides_no_document_type():
    with pytest.raises(BadMessage, match="document type"):
        parse(KEYS["safe"], *sealed_push("<!DOC\x02TYPE xml [<!ENTITY a 'b'>]>" + SCAN), now=NOW)


# --- what is believed


@pytest.mark.parametrize("mode", ["safe", "compatible"])
@pytest.mark.parametrize("token", [OLD, NEW])
@pytest.mark.parametrize("key", [KEY_OLD, KEY_NEW])
def test_sealed_push_with_current_and_previous_keys(mode, token, key):
    inbound = parse(KEYS[mode], *sealed_push(key=key, token=token), now=NOW)
    assert isinstance(inbound.event, Scanned)
    assert (inbound.event.openid, inbound.event.scene) == (OPENID, "vc_8f3a")
    assert inbound.covered
    assert (inbound.reply_context.aes_key, inbound.reply_context.token) == (key, token)


def test_nothing_outside_the_envelope_is_read():
    outside = SCAN.removeprefix("<xml>").removesuffix("</xml>").replace(OPENID, "oEVIL")
    outside = outside.replace("<ToUserName><![CDATA[gh_a]]></ToUserName>", "")
    inbound = parse(KEYS["compatible"], *sealed_push(outside=outside), now=NOW)
    assert inbound.event.openid == OPENID


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_a_plain_body_is_refused_where_encryption_is_expected(mode):
    with pytest.raises(BadEnvelope, match="not encrypted"):
        parse(KEYS[mode], query_for(), SCAN.encode(), now=NOW)
    _, body = sealed_push()
    with pytest.raises(BadSignature):
        parse(KEYS[mode], query_for(encrypt_type="aes"), body, now=NOW)


def test_plaintext_is_read_but_not_covered():
    inbound = parse(KEYS["plaintext"], query_for(openid=OPENID), SCAN.encode(), now=NOW)
    assert isinstance(inbound.event, Scanned)
    assert not inbound.covered
    assert not inbound.reply_context.encrypted


def test_plaintext_accepts_a_sealed_push_if_it_has_keys():
    assert parse(KEYS["plaintext"], *sealed_push(), now=NOW).covered
    bare = CallbackKeys(appid=APPID, tokens=(NEW,), mode="plaintext")
    with pytest.raises(BadEnvelope):
        parse(bare, *sealed_push(), now=NOW)


@pytest.mark.parametrize("timestamp", [NOW - 301, NOW + 301, 0])
@pytest.mark.parametrize("mode", ["safe", "plaintext"])
def test_an_old_or_future_push_is_stale(timestamp, mode):
    query, body = sealed_push(timestamp=timestamp) if mode == "safe" else (query_for(timestamp=timestamp), b"")
    with pytest.raises(StaleCallback):
        parse(KEYS[mode], query, body, now=NOW)


@pytest.mark.parametrize("timestamp", [NOW - 300, NOW + 300])
def test_the_window_includes_its_edges(timestamp):
    assert parse(KEYS["safe"], *sealed_push(timestamp=timestamp), now=NOW)


DAY = 86_400


def readings(signed_at, nonce, *, message=SCAN, mode="safe"):
    """The query of a callback, with what else its signature may be read as, and its body."""
    if mode == "safe":
        query, body = sealed_push(message, timestamp=signed_at, nonce=nonce)
    else:
        query, body = query_for(timestamp=signed_at, nonce=nonce), message.encode()
    joined = "".join(sorted((str(signed_at), nonce)))
    pairs = [(nonce, str(signed_at)), (f"00{nonce}", str(signed_at))]
    pairs += [(joined[:k], joined[k:]) for k in range(1, len(joined))]
    pairs += [(joined[k:], joined[:k]) for k in range(1, len(joined))]
    return query, {pair: {**query, "timestamp": pair[0], "nonce": pair[1]} for pair in pairs}, body


@pytest.mark.parametrize("mode", ["safe", "plaintext"])
@pytest.mark.parametrize(
    ("signed_at", "nonce"),
    [
        (NOW - DAY, str(NOW)),
        (NOW - DAY, str(NOW - 300)),
        (NOW - 6 * DAY, str(NOW + 300)),
        # The last digit of the time goes to a nonce of nine digits, or zeros at its end before one of ten.
        (1_714_002_441, str(NOW)[1:]),
        (1_714_002_400, str(NOW)),
    ],
)
def test_an_old_callback_is_not_new_where_its_nonce_reads_as_the_time(mode, signed_at, nonce):
    """WeChat signs the sorted parts without separators, so the signature fits other parts as well."""
    genuine, others, body = readings(
        signed_at, nonce, message=SCAN.replace("1714112440", str(signed_at - 2)), mode=mode
    )
    assert parse(KEYS[mode], genuine, body, now=signed_at + 1)
    for query in others.values():
        with pytest.raises((StaleCallback, BadSignature)):
            parse(KEYS[mode], query, body, now=NOW)


@pytest.mark.parametrize("lag", [0, 15, 3_600, 30 * DAY])
@pytest.mark.parametrize("nonce", ["415670741", str(NOW - 90 * DAY), str(NOW + 200), "1", "", "x" * 10, "9" * 10])
def test_wechats_own_callback_is_read_however_late_it_comes(lag, nonce):
    query, body = sealed_push(SCAN.replace("1714112440", str(NOW - lag)), nonce=nonce)
    assert parse(KEYS["safe"], query, body, now=NOW)


@pytest.mark.parametrize("nonce", ["415670741", str(NOW - 8 * DAY), str(NOW + 200), "1", "", "x" * 10, "9" * 10])
def test_in_plaintext_only_a_nonce_that_is_a_time_of_the_last_week_is_refused(nonce):
    assert parse(KEYS["plaintext"], query_for(nonce=nonce), SCAN.encode(), now=NOW)
    with pytest.raises(StaleCallback):
        parse(KEYS["plaintext"], query_for(nonce=str(NOW - 6 * DAY)), SCAN.encode(), now=NOW)


def test_one_signature_is_one_stamp():
    swapped = query_for(timestamp=NOW, nonce=str(NOW + 200))
    swapped |= {"timestamp": swapped["nonce"], "nonce": swapped["timestamp"]}
    stamps = [
        parse(KEYS["plaintext"], query, SCAN.encode(), now=NOW).stamp
        for query in (query_for(nonce=str(NOW + 200)), query_for(nonce="415670741"))
    ]
    assert len(set(stamps)) == 2
    with pytest.raises(StaleCallback):
        parse(KEYS["plaintext"], swapped, SCAN.encode(), now=NOW)


@pytest.mark.parametrize("name", ["timestamp", "nonce", "msg_signature"])
@pytest.mark.parametrize("value", ["", "1714112446", "é", "\ud800", "9" * 400, "-5"])
def test_tampering_with_the_query(name, value):
    query, body = sealed_push()
    with pytest.raises(BadSignature):
        parse(KEYS["safe"], {**query, name: value}, body, now=NOW)
    del query[name]
    with pytest.raises(BadSignature):
        parse(KEYS["safe"], query, body, now=NOW)


def test_another_envelope_under_the_same_signature():
    query, _ = sealed_push()
    _, other = sealed_push(SCAN.replace(OPENID, "oEVIL"))
    with pytest.raises(BadSignature):
        parse(KEYS["safe"], query, other, now=NOW)


def test_a_message_to_another_account_is_refused():
    with pytest.raises(BadMessage, match="another account"):
        parse(KEYS["safe"], *sealed_push(SCAN.replace("gh_a", "gh_b")), now=NOW)


def test_the_published_safe_push_is_json_and_so_opens_but_is_no_message():
    keys = CallbackKeys(appid=APPID, tokens=("AAAAA",), aes_keys=("A" * 43,))
    body = f"<xml><Encrypt>{PUBLISHED}</Encrypt></xml>".encode()
    query = {
        "timestamp": "1714112445",
        "nonce": "415670741",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }
    with pytest.raises(BadMessage, match="not well-formed"):
        parse(keys, query, body, now=NOW)


PUBLISHED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR"
    "8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3"
    "2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)

# --- hostile bodies

BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"
HOSTILE = {
    "empty": b"",
    "blank": b" \n",
    "truncated": SCAN.encode()[:-20],
    "not xml": b'{"ToUserName":"gh_a"}',
    "another root": SCAN.replace("xml>", "html>").encode(),
    "entity bomb": (BOMB + SCAN.replace("vc_8f3a", "&b;")).encode(),
    "document type": ("<!DOCTYPE xml>" + SCAN).encode(),
    "external entity": (f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{SCAN}').encode(),
    "too large": SCAN.replace("vc_8f3a", "x" * 70_000).encode(),
    "too deep": SCAN.replace("</xml>", "<a>" * 5000 + "</a>" * 5000 + "</xml>").encode(),
    "too many": SCAN.replace("</xml>", "<a/>" * 600 + "</xml>").encode(),
    "not utf-8": SCAN.encode().replace(b"vc_8f3a", b"\xff\xfe"),
    "undefined entity": SCAN.replace("<![CDATA[vc_8f3a]]>", "&nbsp;").encode(),
    "two senders": SCAN.replace("</xml>", "<FromUserName>oEVIL</FromUserName></xml>").encode(),
    "no sender": SCAN.replace("FromUserName", "FromUser").encode(),
    "blank in sender": SCAN.replace(OPENID, "o x").encode(),
    "long sender": SCAN.replace(OPENID, "o" * 65).encode(),
    "no type": SCAN.replace("MsgType", "Type").encode(),
    "no receiver": SCAN.replace("ToUserName", "ToUser").encode(),
    "no time": SCAN.replace("CreateTime", "Time").encode(),
    "negative time": SCAN.replace("1714112440", "-1").encode(),
}


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"not utf-8"}))
def test_hostile_messages(name):
    with pytest.raises(BadMessage):
        parse(KEYS["plaintext"], query_for(), HOSTILE[name], now=NOW)
    if name != "too large":
        with pytest.raises(BadMessage):
            parse(KEYS["safe"], *sealed_push(HOSTILE[name]), now=NOW)


def test_a_message_whose_bytes_are_no_text_is_read():
    """The signature is right, and a refusal would let WeChat say that the service is broken."""
    for way in ((query_for(), HOSTILE["not utf-8"]), sealed_push(HOSTILE["not utf-8"])):
        mode = "plaintext" if way[1] is HOSTILE["not utf-8"] else "safe"
        assert parse(KEYS[mode], *way, now=NOW).event.scene == "\ufffd\ufffd"


@pytest.mark.parametrize(
    "name", ["empty", "truncated", "entity bomb", "too large", "too deep", "not utf-8", "another root"]
)
def test_hostile_envelopes(name):
    with pytest.raises(BadEnvelope):
        parse(KEYS["safe"], query_for(), HOSTILE[name], now=NOW)


@given(body=st.binary(max_size=400))
def test_any_bytes_are_refused_with_our_own_errors(body):
    for mode, query in (("plaintext", query_for()), ("safe", query_for("x"))):
        with pytest.raises(BadCallback):
            parse(KEYS[mode], query, body, now=NOW)


@given(
    junk=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    start=st.integers(0, 300),
    cut=st.integers(0, 60),
)
def test_any_damage_to_a_signed_message_is_read_or_refused(junk, start, cut):
    try:
        parse(KEYS["plaintext"], query_for(), (SCAN[:start] + junk + SCAN[start + cut :]).encode(), now=NOW)
    except BadCallback as refused:
        assert OPENID not in str(refused)  # noqa: PT017 - nothing need be raised at all


# --- replies


@pytest.mark.parametrize("text", ["482913", "a]]>b", "]]>]]>", "<a href='x'>&amp;</a>\nline", "验证码 482913"])
def test_a_sealed_reply_opens_with_the_key_that_the_push_came_with(text):
    inbound = parse(KEYS["safe"], *sealed_push(key=KEY_OLD, token=OLD), now=NOW)
    outer = fromstring(render_text(inbound, text, now=NOW + 1.5))
    sealed = outer.findtext("Encrypt")
    assert outer.findtext("TimeStamp") == str(NOW + 1)
    assert crypto.matches(
        outer.findtext("MsgSignature"), OLD, outer.findtext("TimeStamp"), outer.findtext("Nonce"), sealed
    )
    message, key = crypto.decrypt(sealed, [KEY_NEW, KEY_OLD], APPID)
    assert key == KEY_OLD
    assert_reply(message, text)


def test_a_plain_reply():
    inbound = parse(KEYS["plaintext"], query_for(), SCAN.encode(), now=NOW)
    assert_reply(render_text(inbound, "a]]>\x00b", now=NOW + 1), "a]]>b")


def assert_reply(message, text):
    reply = fromstring(message)
    assert [(e.tag, e.text) for e in reply] == [
        ("ToUserName", OPENID),
        ("FromUserName", "gh_a"),
        ("CreateTime", str(NOW + 1)),
        ("MsgType", "text"),
        ("Content", text),
    ]


def test_the_published_reply_envelope():
    sealed = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    body = callback_format._envelope(sealed, token="AAAAA", timestamp="1713424427", nonce="415670741")
    assert fromstring(body).findtext("MsgSignature") == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"


def test_saying_nothing():
    assert render_nothing() == b"success"


# --- what may be seen


def test_no_secret_and_no_openid_in_a_repr():
    text = SCAN.replace("event]", "text]").replace("</xml>", "<Content>482913</Content></xml>")
    inbound = parse(KEYS["safe"], *sealed_push(text), now=NOW)
    assert isinstance(inbound.event, Text)
    shown = repr((KEYS["safe"], inbound, Followed(openid=OPENID, at=1, dedupe="e:1", scene="vc_1")))
    for secret in (OLD, NEW, KEY_OLD, KEY_NEW, OPENID, "482913", "vc_1", "gQ"):
        assert secret not in shown
    assert "oABC…" in shown
