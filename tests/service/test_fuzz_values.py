"""Whatever stands in a header, a query, a cookie or a form, every route answers, and never with a 500.

`values_read` finds in the source which values are read. One that no strategy here sends fails a test, so a route that
reads a new value cannot go without.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, urlsplit

import aiohttp
import msgspec
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from codesvc.domain.signed_links import Subject, Use
from codesvc.web.admin.links import person_route
from codesvc.web.api.inputs import Input
from codesvc.web.context import SERVICES
from codesvc.web.inbound.adapter_list import ADAPTERS
from codesvc.web.problem_types import PROBLEMS
from tests.oidc.parties import provider
from tests.people.asks import reply
from tests.people.browsers import WITH_CHAT, links_in
from tests.relay.conftest import send as send_message
from tests.relay.conftest import settings as relaying
from tests.relay.conftest import stub_server
from tests.relay.forms import FORMS as INBOUND
from tests.service.test_admin import ADMIN, Operator
from tests.service.values_read import ROOT, values_read
from tests.webhooks.receiver import hook, receiving
from tests.world import KEY

HEADERS = (
    "accept", "accept-encoding", "accept-language", "authorization", "connection", "content-encoding", "content-type",
    "cookie", "forwarded", "host", "idempotency-key", "if-none-match", "origin", "sec-ch-ua", "sec-fetch-dest",
    "sec-fetch-mode", "sec-fetch-site", "sec-purpose", "traceparent", "transfer-encoding", "user-agent", "webhook-id",
    "webhook-signature", "webhook-timestamp", "x-api-key",
    "x-authgear-body-signature", "x-codesvc-part", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "x-token",
    "zitadel-signature",
)  # fmt: skip
OIDC = (
    "access_token", "claims", "client_id", "client_secret", "code_challenge", "code_challenge_method", "code_verifier",
    "grant_type", "login_hint", "max_age", "post_logout_redirect_uri", "prompt", "redirect_uri", "request",
    "response_mode", "response_type", "scope", "ui_locales",
)  # fmt: skip
"""Parameters of the OpenID Provider, which come in a query or in a form."""
QUERIES = (
    *OIDC,
    "act", "after", "again", "before", "code", "cursor", "done", "echostr", "encrypt_type", "event", "handle", "key",
    "limit", "msg_signature", "nonce", "only", "openid", "openid_handle", "purpose", "resent", "scan", "signature",
    "sent", "site", "span", "state", "status", "timestamp", "unionid", "lang", "new_secret", "return_key", "skip",
)  # fmt: skip
FORMS = (
    *OIDC,
    "act", "back", "code", "event", "language", "name", "password", "query", "reason", "site", "token",
)  # fmt: skip
COOKIES = (
    "codesvc_admin", "codesvc_admin_language", "codesvc_known", "codesvc_visit_vvvvvvvvvvvv", "codesvc_oidc_vvvvvvvv",
    "codesvc_person_shop", "codesvc_return_vvvvvvvvvvvv",
)  # fmt: skip
COMPUTED = {
    "web/admin/cookies.py cookie _cookie_name(request)": {("cookie", "codesvc_admin")},
    "web/admin/cookies.py cookie _cookie_name(request, _KNOWN)": {("cookie", "codesvc_known")},
    "web/api/administration.py query name": {("query", "new_secret")},
    "web/api/webhooks.py query name": {("query", "status"), ("query", "event")},
    "web/authentication.py header header": {("header", "forwarded"), ("header", "x-forwarded-for")},
    "web/browser.py cookie here.address.cookie_name(visit_name(subject))": {("cookie", "codesvc_visit_vvvvvvvvvvvv")},
    "web/browser.py cookie services(request).address.cookie_name(name)": {("cookie", "codesvc_oidc_vvvvvvvv")},
    "web/browser.py cookie services(request).address.cookie_name(PERSON_COOKIE + site)": {
        ("cookie", "codesvc_person_shop")
    },
    "web/inbound/authentication.py header header": {
        ("header", "x-authgear-body-signature"),
        ("header", "zitadel-signature"),
    },
    "web/inbound/authentication.py header source.options.get('header', 'X-API-Key')": {
        ("header", "x-api-key"),
        ("header", "x-token"),  # as tests/relay/forms.py configures it
    },
    "web/pages/verification_view.py cookie services(request).address.cookie_name(_return_name(record))": {
        ("cookie", "codesvc_return_vvvvvvvvvvvv")
    },
    "web/middleware.py header header": {("header", "content-encoding"), ("header", "transfer-encoding")},
}
"""Reads whose names are computed, and the names."""
SENT = (
    {("header", name) for name in HEADERS}
    | {("query", name) for name in QUERIES}
    | {("form", name) for name in FORMS}
    | {("cookie", name) for name in COOKIES}
)


def below(shape):
    """A type and all that inherit from it."""
    return {shape}.union(*map(below, shape.__subclasses__()))


MEMBERS = sorted({field.encode_name for shape in below(Input) for field in msgspec.structs.fields(shape)})
"""Members of bodies; a new input brings its own."""


def test_every_value_that_is_read_is_sent_by_a_fuzzer():
    found, computed = values_read()
    assert computed == set(COMPUTED), "name the values of this read in COMPUTED"
    missing = found.union(*COMPUTED.values()) - SENT
    assert missing == set(), "a route reads these, and no strategy here sends them"


def test_forms_are_read_in_one_place():
    places = {path.name for path in (ROOT / "web").rglob("*.py") if ".post()" in path.read_text(encoding="utf-8")}
    assert places == {"forms.py"}


def test_the_finder_finds():
    """Guards the test above: known values are found."""
    found, _ = values_read()
    assert {("header", "accept-language"), ("query", "state"), ("form", "code"), ("cookie", COOKIES[1])} <= found
    assert len(found) > 40


PLAUSIBLE = (
    b"", b"*", b"zh", b"EN;q=0.5, *;q=0", b"main", b"shop", b"register", b"alice", b"wiki", b"openid", b"S256", b"none",
    b"https://wiki.example/callback", b"123456", b"1", b"0", b"-1",
    b"true", b"vf_x", b"wh_" + b"0" * 32, b"pending", b"https://shop.example", b"null", b"same-origin", b"cross-site",
    b"198.18.1.7:5000", b"for=_x;proto=https", b"2026-11-29", b"1764414000000", b"9" * 40, b"A" * 3000,
    b"application/json", b"application/x-www-form-urlencoded", b"application/x-www-form-urlencoded; charset=nonsense",
    b"application/json; charset=utf-16", b"application/x-www-form-urlencoded; charset=utf-16", b"multipart/form-data",
    b"text/html", b"text/event-stream", b"gzip, identity", b"chunked", b"close", b"keep-alive, upgrade", b'"x", W/"y"',
    b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", b"MicroMessenger", b"2h", b"/admin?a=b", b"//evil.example",
    b"Bearer " + KEY.encode(), b"Basic eDp5", b"Bearer \xff\xfe",
    b"codesvc_visit=x; codesvc_admin=\xff", b"\xff\xfe", b"\xed\xa0\x80",
    "张三".encode(), "\u202e".encode(), b"a\tb", b"%", b"%zz", b"%00", b"';--", b"{{7*7}}", b"\x7f", b"\x01",
)  # fmt: skip
FORM = b"application/x-www-form-urlencoded"
anything = st.sampled_from(PLAUSIBLE) | st.binary(max_size=24)
in_header = anything.map(lambda value: value.translate(None, b"\r\n"))


@st.composite
def requests(draw):
    """A route's number, and what is sent to it."""
    query = draw(st.lists(st.tuples(st.sampled_from(QUERIES), anything), max_size=4))
    form = draw(st.lists(st.tuples(st.sampled_from(FORMS), anything), max_size=4))
    headers = draw(st.lists(st.tuples(st.sampled_from(HEADERS), in_header), max_size=5))
    cookies = draw(st.lists(st.tuples(st.sampled_from(COOKIES), in_header), max_size=2))
    members = draw(st.dictionaries(st.sampled_from(MEMBERS), anything, max_size=4))
    body = draw(st.sampled_from(["form", "json", "raw"]))
    raw = draw(anything)
    own = draw(st.booleans())
    return draw(st.integers(0, 10_000)), query, form, headers, cookies, members, body, raw, own


@dataclass
class Stage:
    """A service with one of everything, its routes with real ids in their paths, and an operator who is signed in."""

    host: str
    routes: list[tuple[str, str]]
    session: str
    token: str
    broken: list[str]

    async def answer(self, method, target, headers, body):
        """The head of the answer and, unless it is a stream, its body; None if the connection was dropped."""
        parts = urlsplit(self.host)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            lines = [f"{method} ".encode() + target + b" HTTP/1.1", *(n.encode() + b": " + v for n, v in headers)]
            writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            async with asyncio.timeout(60):  # also on a machine that is busy
                head = await reader.readuntil(b"\r\n\r\n")
                if b"text/event-stream" in head or method == "HEAD":
                    return head, b""
                length = re.search(rb"(?i)content-length: (\d+)", head)
                return head, await reader.readexactly(int(length[1])) if length else b""
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        finally:
            writer.close()


SOURCES = {form.adapter: form.source | {"secrets": [*form.source["secrets"], KEY]} for form in INBOUND}
"""One of each identity system. Those that present their secret as it is may have the key of the site."""
NOT_SENT = {("POST", "/test/clock"), ("POST", "/admin/logout")}
"""They would end what the stage stands on; `test_fuzz` sends bodies to the clock."""


@pytest_asyncio.fixture
async def stage(new_world):
    more = {
        **WITH_CHAT,
        "service__trusted_proxies": ["127.0.0.1"],
        "service__body_timeout": 0.3,
        "admin": ADMIN,
        **provider(),
    }
    async with (
        receiving() as receiver,
        stub_server() as gateway,
        new_world(
            **more, **relaying(gateway.url), sites__shop__inbound=SOURCES, sites__shop__webhook=hook(receiver)
        ) as world,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        here = world.app[SERVICES]
        await world.bound("alice")
        started = await world.start("alice", "reset")
        [link] = links_in(await reply(await world.person(), "绑定账号"))
        ticket = link.rpartition("/")[2]
        body = {"user": "bob", "client_ip": "192.0.2.1"}
        bind = await world.call("POST", "/v1/bind-intents", body)
        login = await world.call("POST", "/v1/logins", {"client_ip": "192.0.2.1"})
        handed_over = await send_message(world)
        [event] = await receiver.of("binding.created")
        ask = here.signed_links.sign(Use.ASK, Subject("shop", bind["id"]))
        message = here.signed_links.sign(Use.MESSAGE, Subject("main", started["id"]))
        lan = Operator(world, http)
        assert (await lan.sign_in())[0] == 303
        [cookie] = [each.value for each in http.cookie_jar if each.key == "codesvc_admin"]
        filled = {
            "{user}": ["alice", "%ff", "%E7%88%B1"], "{account}": ["main"], "{kind}": ["svg", "png"],
            "{act}": ["check"], "{name}": ["not-found", "admin.css"], "{language}": ["zh", "EN-us", "%ff"],
            "{version}": ["x"], "{person}": [person_route(here.keyring, "shop", "alice").rpartition("/")[2], "x"],
            "{site}": ["shop"], "{key}": ["server"], "{tag}": ["x"],
            "{section}": ["verifications", "x", "%ff"], "{path}": ["", "a/"], "{client}": ["wiki", "x"],
            "{adapter}": [*ADAPTERS, "x"], "{word}": ["register", "x"],
        }  # fmt: skip
        by_path = {
            "/v1/verifications/{id}": started["id"], "/v1/bind-intents/{id}": bind["id"],
            "/v1/logins/{id}": login["id"], "/v1/messages/{id}": handed_over["id"],
            "/v1/webhooks/deliveries/{id}": event.id, "/t/{token}": ticket,
            "/admin/verifications/{id}": started["id"], "/wechat/{account}/ask/{token}": ask,
            "/wechat/{account}/message/{token}": message,
        }  # fmt: skip
        pages = [started["page_token"], bind["page_token"], login["page_token"], "x"]
        routes = []
        for route in world.app.router.routes():
            path = route.resource.canonical
            if (route.method, path) in NOT_SENT:
                continue
            ways = [path]
            for start, value in by_path.items():
                ways = [re.sub(r"\{(id|token)\}", value, way) if way.startswith(start) else way for way in ways]
            ways = [way.replace("{token}", token, 1) for way in ways for token in (pages if "{token}" in way else [""])]
            for name, values in filled.items():
                ways = [way.replace(name, value) for way in ways for value in (values if name in way else [""])]
            assert not any("{" in way for way in ways), ways
            routes += [(route.method, way) for way in ways]
        token = await lan.token("/admin/verifications")
        yield Stage(world.service, sorted(set(routes)), cookie, token, [])


def pairs(given, own_token):
    return "&".join(
        f"{name}={own_token if name == 'token' and value == b'1' else quote_from_bytes(value)}" for name, value in given
    ).encode()


def composed(stage, sent, method, path):
    """Headers and body of a request."""
    _, _, form, headers, cookies, members, body, raw, own = sent
    given = dict(headers)
    crumbs = [f"{name}=".encode() + value for name, value in cookies if not (own and name == "codesvc_admin")]
    if own and path.startswith("/admin"):
        crumbs.append(b"codesvc_admin=" + stage.session.encode())
        form = [*(pair for pair in form if pair[0] != "token"), ("token", stage.token.encode())]
    elif own:
        given["authorization"] = b"Bearer " + KEY.encode()
    if crumbs:
        given["cookie"] = b"; ".join(crumbs)
    content = raw
    if body == "form":
        content = pairs(form, stage.token)
        given.setdefault("content-type", FORM)
    elif body == "json":
        content = json.dumps({name: value.decode("utf-8", "replace") for name, value in members.items()}).encode()
        given.setdefault("content-type", b"application/json")
    given.setdefault("host", urlsplit(stage.host).netloc.encode())
    if method in {"GET", "HEAD", "OPTIONS"} and body != "raw":
        content = b""
    if given.get("transfer-encoding") == b"chunked":
        content = f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n"
    elif "transfer-encoding" not in given:
        given["content-length"] = str(len(content)).encode()
    return given, content


async def send(stage, sent, only=""):
    number, query, *_ = sent
    routes = [route for route in stage.routes if route[1].startswith(only)]
    method, path = routes[number % len(routes)]
    given, content = composed(stage, sent, method, path)
    target = path.encode() + (b"?" + pairs(query, stage.token) if query else b"")
    answer = await stage.answer(method, target, given.items(), content)
    told = (method, target, given, content)
    assert answer is not None, ("dropped", told)
    head, text = answer
    status = int(head.split(b" ", 2)[1])
    # While the store is slow, identity systems hear so.
    assert status < 500 or (status == 503 and path.startswith("/inbound/")), (told, head, text[:500])
    if b"application/problem+json" in head and method != "HEAD":
        problem = json.loads(text)
        assert problem["status"] == status
        assert problem["type"].rpartition("/")[2] in PROBLEMS
    # A request that aiohttp's parser refuses never reaches a route.
    if status >= 400 and method != "HEAD" and not head.startswith(b"HTTP/1.0 400"):
        # Errors of the OpenID Provider have the form of RFC 6749 section 5.2, those to an identity system its own.
        theirs = {"oidc": [b"application/json"], "inbound": [b"application/json", b"text/plain"]}
        ways = [b"application/problem+json", b"text/html", *theirs.get(path.split("/")[1], [])]
        assert any(way in head for way in ways), (told, head)


briefly = settings(
    max_examples=int(os.environ.get("CODESVC_FUZZ_EXAMPLES", "60")),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@briefly
@given(sent=requests())
async def test_any_value_for_any_route(stage, sent):
    await send(stage, sent)


@briefly
@given(sent=requests())
async def test_any_value_for_an_operator_who_is_signed_in(stage, sent):
    *rest, _ = sent
    await send(stage, (*rest, True), "/admin")


@briefly
@given(sent=requests())
async def test_any_value_for_links_from_the_chat(stage, sent):
    await send(stage, sent, "/t/")


async def test_every_route_takes_each_plausible_value_of_each_header(stage):
    """Not by chance: each header once with each value, spread over all routes."""
    number = 0
    for name in HEADERS:
        for value in PLAUSIBLE:
            clean = value.translate(None, b"\r\n")
            for body in ("form", "raw"):
                number += 1
                await send(stage, (number, [], [], [(name, clean)], [], {}, body, b"code=1&\xff=%ff", number % 2 == 0))


async def test_every_form_takes_any_charset_and_bytes(stage):
    for number, (method, _) in enumerate(stage.routes):
        if method != "POST":
            continue
        for kind in (FORM + b"; charset=nonsense", FORM + b"; charset=utf-16", FORM + b"; charset=\xff", FORM):
            for raw in (b"code=%ff&token=\xff", b"\x00" * 3, b"=&=&&=%"):
                await send(stage, (number, [], [], [("content-type", kind)], [], {}, "raw", raw, True))


def test_the_clients_members_are_known():
    """Inputs are structs; a body that is read in another way would not be in MEMBERS."""
    assert {"code", "user", "client_ip", "locale", "return_url", "metadata"} <= set(MEMBERS)
