"""The head of a request: read by aiohttp's parser, and then by whatever looks into a header."""

from __future__ import annotations

import asyncio
import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import parse_qsl

from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.http_parser import HttpRequestParser
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Request
from multidict import CIMultiDict

from codesvc.config.api_keys import hash_line
from codesvc.domain import device
from codesvc.domain.forwarding import UnreadableHop, address_of_node, hops
from codesvc.domain.language_tags import nearest
from codesvc.domain.traceparent import trace_of
from codesvc.web import middleware, origins
from codesvc.web.authentication import bearer
from codesvc.web.headers import UnfitHeader, cookie_in, require_fit
from codesvc.web.languages import asked_by
from codesvc.web.problem import Problem
from codesvc.web.uris import as_uri, origin_of, with_parameters
from tests.fuzz.target import Target

LANGUAGES = ("zh", "zh_Hant", "en")
_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_LOOP = asyncio.new_event_loop()


class _Connection:
    """What aiohttp's parser tells that it has read enough."""

    _reading_paused = False

    def pause_reading(self):
        self._reading_paused = True

    def resume_reading(self):
        self._reading_paused = False


def read_head(data):
    """A request line and headers."""
    parser = HttpRequestParser(_Connection(), _LOOP, 2**16, max_line_size=8190, max_field_size=8190)
    messages, _, _ = parser.feed_data(data.replace(b"\n", b"\r\n") + b"\r\n\r\n")
    for message, _ in messages:
        # aiohttp's own function for a request without a connection cannot hold octets that are not UTF-8.
        request = make_mocked_request(message.method, "/")
        request = Request(message, EMPTY_PAYLOAD, request.protocol, request._payload_writer, request.task, _LOOP)
        look(middleware._readable(request))


def look(request):
    """Everything that reads a header before a key is known."""
    given = request.headers
    for name, value in given.items():
        assert f"{name}{value}".encode(), "no surrogates are left"
    try:
        middleware._require_plain_body(request)
    except Problem:
        given = CIMultiDict(given)
    assert _ID.fullmatch(middleware.begin_request(given.get("X-Request-Id")))
    trace = trace_of(given.get("traceparent"))
    assert trace is None or re.fullmatch(r"[0-9a-f]{32}", trace)
    assert nearest(asked_by(request), LANGUAGES, "zh") in LANGUAGES
    assert device.family(given.get("User-Agent", "")) in {"", *device.FAMILIES}
    device.is_wechat(given.get("User-Agent", ""))
    hash_line(bearer(request))
    cookie = cookie_in(given, "codesvc_visit")
    assert cookie in given.get("Cookie", "")
    origins._parsed(given.get("Origin", ""))
    for header in ("X-Forwarded-For", "Forwarded"):
        for hop in hops(header, given.getall(header, [])):
            look_at_hop(hop)
    parse_qsl(request.query_string)
    look_at_address(given.get("Referer", ""))
    look_at_answer(given)


def look_at_hop(hop):
    try:
        found = address_of_node(hop or "")
    except UnreadableHop:
        return
    assert isinstance(found, IPv4Address | IPv6Address)


def look_at_address(text):
    """A URL that a site gives and a header must hold."""
    try:
        uri = as_uri(text)
        origin_of(text)
        more = with_parameters(text, state="a b")
    except ValueError:
        return
    for each in (uri, more):
        assert each.isascii()
        assert each.isprintable()
        assert " " not in each
    assert as_uri(uri) == uri, "encoded once is encoded for good"


def look_at_answer(given):
    """Headers that are sent hold no line break, whatever was put into them."""
    try:
        require_fit(CIMultiDict(given))
    except UnfitHeader:
        return
    assert "\n" not in "".join(given.values())


def read_address(data):
    look_at_address(data.decode("utf-8", "replace"))


def _heads():
    lines = (
        "Host: code.example", "X-Request-Id: abc12345", "Accept-Language: zh-TW,en;q=0.8,*;q=0",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Cookie: a=b; codesvc_visit=abc",
        "X-Forwarded-For: 192.0.2.1, [2001:db8::1]:80", 'Forwarded: for="[2001:db8::1%25eth0]:80";by=_x, for=unknown',
        "Authorization: Bearer csk_shop_x", "Origin: https://code.example:443", "Content-Encoding: gzip",
        "Transfer-Encoding: chunked", "User-Agent: Mozilla/5.0 (iPhone) MicroMessenger", "Sec-Fetch-Site: none",
        "Referer: https://münchen.example/a b?c=%#d", "Content-Type: application/json; charset=utf-16",
    )  # fmt: skip
    first = "POST /v1/verifications?a=%ff HTTP/1.1\n"
    return [(first + lines[0] + "\n" + line).encode() for line in lines[1:]] + [
        (first + "\n".join(lines[:10])).encode()
    ]


TARGETS = (
    Target(
        "head",
        read_head,
        (BadHttpMessage,),
        _heads,
        steps_per_byte=200,
        words=(
            "q=0.5",
            "for=",
            "unknown",
            "_x",
            "%25",
            "zh-Hant",
            "*",
            "gzip",
            "\r\n",
            "Bearer ",
            "::ffff:1.2.3.4",
            "00-",
        ),
    ),
    Target(
        "address",
        read_address,
        (),
        lambda: [b"https://shop.example/a?b=c#d", "https://münchen.example:80/ü?ß".encode(), b"//x@y", b"/p/x?state=1"],
        steps_per_byte=200,
        words=("https://", "?", "#", "%", "[::1]", "@", "xn--", "state="),
    ),
)
