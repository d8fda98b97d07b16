"""What keeps the requests of strangers cheap; `bench.refusals` weighs them."""

import ast
import asyncio
import json
import re
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import helpers

from codesvc.config.hosts import in_punycode
from codesvc.domain import typed_text
from codesvc.domain.chat_text import attempts_keyword, plain_word, read_command, read_keyword
from codesvc.domain.codes import CodeFormat, read_code
from codesvc.domain.errors import Invalid
from codesvc.domain.recipient import email
from codesvc.domain.typed_text import visible
from codesvc.service import oidc_grants
from codesvc.service.oidc_protocol import ProtocolError
from codesvc.web import headers, media_type
from codesvc.web.oidc.exchange import _pairs_of
from codesvc.web.plain_addresses import leads_out
from codesvc.web.uris import as_uri, origin_of
from codesvc.wechat import crypto
from codesvc.wechat.callback_format import CallbackKeys, parse
from codesvc.wechat.errors import BadCallback, BadMessage, BadSignature
from codesvc.wechat.xml import read
from tests.attacks.test_raw_requests import sent
from tests.world import KEY

WEB = Path(__file__).parents[2] / "codesvc" / "web"
NOW = 1_714_112_445


@pytest.mark.parametrize(
    "inside",
    [
        b"<a/>" * 2_000,
        b"<a></a>" * 2_000,
        b"<a>" * 2_000,
        b"<!---->" * 2_000,
        b"<?a?>" * 2_000,
        b"&#1;" * 5_000,
        b"&amp;" * 5_000,
        b"<![CDATA[]]>" * 2_000,
        b"<![CDATA[" * 2_000,
        b"<a><![CDATA[" + b"]]" * 2_000 + b"]]></a>",
        b"<a " + b" ".join(b"a%d=''" % number for number in range(2_000)) + b"/>",
        b"<a " + b" ".join(b"a%d =\n'>'" % number for number in range(2_000)) + b"/>",
    ],
)
def test_xml_of_many_parts_is_refused_before_it_is_parsed(inside):
    # That the end is no XML is not found out.
    with pytest.raises(BadMessage, match="too many"):
        read(b"<xml>" + inside + b"</not-xml", BadMessage)


def test_what_people_write_is_no_markup():
    text = "<a href='b'>&amp;&#1;</a>" * 300
    root = read(f"<xml><Content><![CDATA[{text}]]></Content></xml>".encode(), BadMessage)
    assert root.findtext("Content") == text


@pytest.mark.parametrize("mode", ["safe", "compatible"])
@pytest.mark.parametrize("rest", [b"<unclosed", b"<a/>" * 400 + b"</xml>"])
def test_who_has_read_an_address_cannot_have_xml_parsed(mode, rest):
    """The query's signature is genuine; it covers no body. That of the message is looked for before the XML is read."""
    keys = CallbackKeys(appid="wx1", tokens=("sometoken",), aes_keys=("A" * 43,), mode=mode)
    query = {"timestamp": str(NOW), "nonce": "1", "signature": crypto.signature("sometoken", str(NOW), "1")}
    with pytest.raises(BadSignature):
        parse(keys, query | {"msg_signature": "0" * 40}, b"<xml><Encrypt>QUJD</Encrypt>" + rest, now=NOW)


def test_an_envelope_that_a_person_wrote_does_not_hide_the_genuine_one():
    """In compatible mode the text stands beside the envelope."""
    keys = CallbackKeys(appid="wx1", tokens=("sometoken",), aes_keys=("A" * 43,), mode="compatible")
    inner = "<xml><FromUserName>o1</FromUserName><ToUserName>gh</ToUserName><CreateTime>1</CreateTime>"
    inner += "<MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>"
    sealed = crypto.encrypt(inner.encode(), "A" * 43, "wx1")
    written = "<Encrypt>QUJD</Encrypt>" * 9
    query = {"timestamp": str(NOW), "nonce": "1", "encrypt_type": "aes"}
    query["signature"] = crypto.signature("sometoken", str(NOW), "1")
    query["msg_signature"] = crypto.signature("sometoken", str(NOW), "1", sealed)
    for outside in (
        f"<Content><![CDATA[{written}]]></Content><Encrypt><![CDATA[{sealed}]]></Encrypt>",
        f"<Encrypt><![CDATA[{sealed}]]></Encrypt><Content><![CDATA[{written}]]></Content>",
    ):
        assert parse(keys, query, f"<xml>{outside}</xml>".encode(), now=NOW).covered
    with pytest.raises(BadCallback):
        parse(keys, query, f"<xml><Content><![CDATA[{written}]]></Content></xml>".encode(), now=NOW)


def test_no_handler_has_all_cookies_parsed():
    """aiohttp's `request.cookies` takes 3 ms for 8 kB; `cookie_in` reads one."""
    for path in WEB.rglob("*.py"):
        found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
        assert not [node.lineno for node in found if node.attr == "cookies"], path


@pytest.mark.parametrize(
    ("sent_header", "value"),
    [
        ("a=1", "1"),
        ("b=2; a=1", "1"),
        ("b=2;a=1 ", "1"),
        ('a="1"', "1"),
        ("aa=2; a=1; aa=3", "1"),
        ("a=1; a=3", ""),
        ("a=1; b=2; a=1", ""),
        ("b=a=2; a=1==", "1=="),
        ("aa=2", ""),
        ("a", ""),
        ("", ""),
        ("; ".join(f"c{number}=v" for number in range(2_000)) + "; a=1", "1"),
    ],
)
def test_one_cookie_is_read(sent_header, value):
    assert headers.cookie_in({"Cookie": sent_header}, "a") == value


def test_white_space_of_unicode_belongs_to_a_cookies_name_and_value():
    """A browser lets any host of the domain set a cookie whose name begins with it, also before `__Host-`."""
    spaces = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace() and chr(code) not in " \t"]
    assert len(spaces) > 20
    for space in spaces:
        planted = {"Cookie": f"\t__Host-a=1; {space}__Host-a=2; __Host-a{space}=3; b={space}4"}
        assert headers.cookie_in(planted, "__Host-a") == "1"
        assert headers.cookies_in({"Cookie": f"{space}__Host-a=2"}, "__Host-") == []
        assert not headers.is_ambiguous(planted, "__Host-a")
        assert headers.cookie_in(planted, "b") == f"{space}4"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/verifications"),
        ("PUT", "/v1/bindings/alice"),
        ("POST", "/v1/wechat/events"),
        ("POST", "/v1/proofs/verify"),
        ("PUT", "/admin/v1/sites/x"),
        ("DELETE", "/v1/bindings/alice"),
    ],
)
@pytest.mark.parametrize("key", [b"", b"Authorization: Bearer csk_shop_wrong\xff\r\n"])
async def test_who_has_no_key_is_refused_before_the_body_is_read(world, method, path, key):
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode() + key
    if key and path.endswith("/events"):
        pytest.skip("this key belongs to the account that the body names")
    # The body never comes: whoever waited for it would answer 408 after a long time.
    answer = await sent(world, head + b"Content-Length: 60000\r\n\r\n[", until=b"}")
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_an_address_of_thousands_of_parts_is_not_looked_up(world):
    """aiohttp's router would cut it from its end, part by part, and copy the rest each time."""
    cuts = 0

    def count(_frame, kind, called):
        nonlocal cuts
        cuts += kind == "c_call" and getattr(called, "__name__", "") == "rpartition"

    for path in ("/" * 8_000, "/a" * 4_000, "/v1" + "/a" * 3_900, "/.well-known/openid-configuration" + "/a" * 3_900):
        sys.setprofile(count)
        try:
            answer = await sent(world, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        finally:
            sys.setprofile(None)
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"/problems/not-found" in answer
    assert cuts < 100
    deepest = "/inbound/twilio/shop/2010-04-01/Accounts/AC1/Messages.json"
    assert (await world.call("POST", deepest, {}, key=None)).status == 401


async def test_who_has_a_key_is_still_asked_for_the_scope(world):
    answer = await world.call("PUT", "/admin/v1/sites/x", {}, key=KEY)
    assert (answer.status, answer.problem) == (401, "unauthenticated")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_the_contract_is_not_sent_again_to_who_has_it(world, path):
    first = await world.call("GET", path, key=None)
    tag = first.headers["ETag"]
    again = await world.call("GET", path, key=None, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status, again.text, again.headers["ETag"]) == (304, "", tag)
    if path == "/docs":
        assert re.search(r"style-src 'sha256-", again.headers["Content-Security-Policy"])
    else:
        assert json.loads(first.text)["openapi"]
    weak = await world.call("GET", path, key=None, headers={"If-None-Match": f"W/{tag}"})
    assert weak.status == 304
    other = await world.call("GET", path, key=None, headers={"If-None-Match": 'W/"a", ' * 1_000})
    assert other.status == 200


def steps(act):
    """How many Python calls an act makes: what it costs, whatever else the machine does."""
    count = 0

    def seen(_, event, __):
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(seen)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("character", ["\ufdfa", "\ufdfb", "\u3316", "\ufdf2", "\u2474", "\U0001d7d8", "\u0300", "1 "])
def test_a_code_of_expanding_characters_is_as_cheap_as_any(character):
    """NFKC makes 18 letters of U+FDFA: a page's form field of 1,000 took 40 ms."""
    typed = character * (1_000 // len(character))
    assert len(visible(typed)) <= 2_100
    assert len(visible("验" * 1_000)) == 1_000
    assert steps(lambda: read_code(CodeFormat(), typed, "KX")) < 20_000


@pytest.mark.parametrize(
    "text", ["口令" * 1_000, "口令是" * 682, "keyword " * 255, "口令：。" * 500, "ab3d " * 400, "ab3d-5fgh " * 204]
)
def test_a_chat_message_of_many_labels_costs_no_square(text):
    """2,000 letters of labels took 0.6 s: after each of them the whole rest was read."""
    assert steps(lambda: (read_keyword(text), attempts_keyword(text), read_command(text))) < 40_000


def longest_reordered(monkeypatch, act):
    """The most marks in one run that an act has put in order: Unicode's normal forms take a square of them."""
    runs, whole = [0], unicodedata.normalize

    def normalize(form, text):
        marked = ("M" if unicodedata.combining(each) else " " for each in whole("NFKD", text))
        runs.extend(map(len, "".join(marked).split()))
        return whole(form, text)

    with monkeypatch.context() as patched:
        patched.setattr(unicodedata, "normalize", normalize)
        act()
    return max(runs)


@pytest.mark.parametrize("marks", ["\u0301\u0323", "\uff9e\u0301", "\u0344\u0323", "\u3099\u0f73"])
@pytest.mark.parametrize("read", [read_keyword, attempts_keyword, read_command, plain_word])
def test_a_chat_message_of_marks_costs_no_square(monkeypatch, marks, read):
    """2,048 marks of two classes took 6 ms each time that they were put in order: 40 ms for one message."""
    assert longest_reordered(monkeypatch, lambda: read("a" + marks * (2_000 // len(marks)))) <= 150
    assert longest_reordered(monkeypatch, lambda: read("a" + marks * 10_000)) <= 150


def test_marks_that_people_write_are_read_as_before():
    assert visible("e\u0323\u0302") == visible("\u1ec7") == "\u1ec7"
    assert visible("a" + "\u0301" * 40 + "b") == "\u00e1b"
    assert visible("\uff76\uff9e") == "\u30ac"
    assert plain_word("！" * 40 + "x") == "!" * 40 + "x"


def test_every_character_that_begins_with_a_mark_counts_as_one():
    """Else marks between which it stands would be one run after all."""
    marks = [
        each for each in map(chr, range(0x110000)) if unicodedata.combining(unicodedata.normalize("NFKD", each)[0])
    ]
    assert len(marks) > 900
    assert [each for each in marks if not typed_text.RUN_OF_MARKS.fullmatch(each * typed_text.MOST_MARKS)] == []


@pytest.mark.parametrize(
    "label", ["\ufdfa" * 240, "\u3300" * 240, "".join(map(chr, range(0x4E00, 0x4EF0))), "\ufdf2." * 120]
)
def test_a_host_that_is_too_long_once_it_is_normalised_is_not_encoded(label):
    """240 letters that stand for 18 each took 14 ms; a label of 2,000 ideographs in a return URL took half a second."""

    def refused():
        with pytest.raises(Invalid):
            email(f"a@{label}.com")
        for read_host in (origin_of, as_uri):
            with pytest.raises(ValueError, match="not a host"):
                read_host(f"https://{label}.com/")
        assert in_punycode(f"{label}.com") == ""

    assert steps(refused) < 2_000


@pytest.mark.parametrize(
    "part", [b"%ff%41", b"a%41", b"%", b"%4", b"%zz", b"\xff", b"a&", b"=%", b"&%%%%%%%%%%%%%%%%="]
)
def test_a_form_of_a_relying_party_takes_no_step_for_each_encoded_octet(part):
    """16 kB of percent signs took 4 ms, of encoded octets 1.3 ms: before the client was looked at."""

    def read_it():
        with suppress(ProtocolError):
            _pairs_of(b"a=" + part * (16_000 // len(part)))

    assert steps(read_it) < 2_000


@pytest.mark.parametrize("part", ["%ff%41", "%", "%4"])
def test_credentials_and_addresses_take_no_step_for_each_encoded_octet(part):
    text = part * (8_000 // len(part))
    assert steps(lambda: oidc_grants._unquoted(text)) < 100
    assert steps(lambda: leads_out("/" + text)) < 100


def test_a_code_of_ever_new_characters_is_not_read():
    """Each new character costs a look into Unicode's tables, and 4,096 of them are remembered."""
    assert steps(lambda: read_code(CodeFormat(), "".join(map(chr, range(0x4E00, 0x4E00 + 1_000))), "KX")) < 100
    assert (
        read_code(CodeFormat(), "验证码：" + "".join(map(chr, range(0x4E00, 0x4E00 + 200))) + "514465", "KX")
        == "514465"
    )


@pytest.mark.parametrize("character", ["验", "1 ", "\u0300", "٣", "\u200b"])
def test_a_code_of_one_character_takes_no_step_for_each(character):
    assert steps(lambda: read_code(CodeFormat(), character * (1_000 // len(character)), "KX")) < 100


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("sent_as", "read_as"),
    [
        (FORM, FORM),
        ("text/xml; charset=utf-8;", "text/xml; charset=utf-8"),
        ("Application/JSON ; a=b; Charset='UTF-8'", "Application/JSON; charset=UTF-8"),
        ("application/json; encoding=utf-8", "application/json"),
        ("", media_type.UNKNOWN),
        ("json", media_type.UNKNOWN),
        ("(" * 8_000, media_type.UNKNOWN),
        (FORM + ";" * 7_000, FORM),
        (FORM + ";a=b" * 1_900, FORM),
        (FORM + ";a*0*=%41" * 800, FORM),
    ],
)
def test_a_content_type_is_read_without_its_parameters(sent_as, read_as):
    assert media_type.plain(sent_as) == read_as
    assert media_type.plain(read_as) == read_as
    assert media_type.is_plain(read_as)


async def posted(world, path, kind):
    """The status of a POST whose body comes when the service waits for it."""
    address = urlsplit(world.service)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
    writer.write(f"{head}Authorization: Bearer x\r\nContent-Type: {kind}\r\nContent-Length: 3\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"a=b")
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


ROUTES = ["/p/forged/check", "/wechat/main", "/inbound/supabase/shop", "/oidc/shop/token"]


@pytest.mark.parametrize("path", ROUTES)
async def test_a_content_type_of_brackets_is_no_fault_of_the_service(world, path):
    assert 400 <= await posted(world, path, "(" * 3_000) < 500


@pytest.mark.parametrize("path", ROUTES)
async def test_a_content_type_is_not_read_as_it_was_sent(world, path):
    kind = f"{FORM}; {path}=x{';a=b' * 100}"
    assert 400 <= await posted(world, path, kind) < 500
    # aiohttp keeps what it has read. Had it read this one, it would not have to read it now.
    before = helpers.parse_content_type.cache_info().misses
    helpers.parse_content_type(kind)
    assert helpers.parse_content_type.cache_info().misses == before + 1
