"""The operator's pages: shut by default, open to operators only, believing only their own forms."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager

import aiohttp
import pytest
import pytest_asyncio

from codesvc.config import Limits
from codesvc.domain.audit import AuditAct
from codesvc.domain.passwords import password_line
from codesvc.domain.timeline import StepKind
from codesvc.domain.verification import Status
from codesvc.domain.visible_text import hidden_in
from codesvc.service.operators.diagnosis import Arrived
from codesvc.service.statistics.series import SPANS
from codesvc.web.admin.layout import LANGUAGES, speeches
from codesvc.web.context import SERVICES
from codesvc.wechat.call_labels import ENDPOINTS, OTHER, UNANSWERED
from codesvc.wechat.errcodes import TABLE
from tests.webhooks.receiver import SECRET
from tests.world import READERS, discloses

PASSWORD = "correct horse battery"
LINE = password_line(PASSWORD, bytes(range(16)))
ADMIN = {"operators": {"lan": {"password": LINE}}, "keys": READERS}
TOKEN = re.compile(r'name="token" value="([0-9a-f]{32})"')


class Operator:
    """A browser at the operator's pages."""

    def __init__(self, world, http):
        self.world, self.http = world, http

    async def get(self, path="/admin", **headers):
        async with self.http.get(self.world.service + path, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.text()

    async def post(self, path, fields, **headers):
        async with self.http.post(
            self.world.service + path, data=fields, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers, await answer.text()

    async def token(self, path):
        return TOKEN.search((await self.get(path))[2])[1]

    async def sign_in(self, name="lan", password=PASSWORD):
        token = await self.token("/admin/login")
        return await self.post("/admin/login", {"token": token, "name": name, "password": password})

    async def find(self, text, site="shop"):
        """Where a search leads."""
        token = await self.token("/admin/verifications")
        status, headers, _ = await self.post("/admin/verifications", {"token": token, "site": site, "query": text})
        assert status == 303
        return headers["Location"]


@asynccontextmanager
async def signed_in(world):
    """A browser at the operator's pages of a world with `ADMIN`, signed in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        operator = Operator(world, http)
        assert (await operator.sign_in())[0] == 303
        yield operator


@pytest_asyncio.fixture
async def open_world(new_world):
    async with new_world(admin=ADMIN) as world:
        yield world


@pytest_asyncio.fixture
async def stranger(open_world):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Operator(open_world, http)


@pytest_asyncio.fixture
async def lan(stranger):
    assert (await stranger.sign_in())[0] == 303
    return stranger


async def test_there_is_nothing_without_operators(world):
    for path in ("/admin", "/admin/login", "/admin/audit"):
        assert (await world.call("GET", path, key=None)).status == 404


PAGES = ["/admin", "/admin/verifications", "/admin/verifications/x", "/admin/people/x", "/admin/accounts",
         "/admin/webhooks", "/admin/audit"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_gets_in_without_a_session(stranger, path):
    status, headers, text = await stranger.get(path)
    assert (status, headers["Location"]) == (303, "/admin/login")
    assert text == ""


async def test_pages_are_shut_in_by_their_headers(lan):
    status, headers, _ = await lan.get("/admin")
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


async def test_the_cookie_is_for_this_site_only_and_no_script_reads_it(stranger):
    _, headers, _ = await stranger.sign_in()
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert PASSWORD not in cookie


@pytest.mark.parametrize(("name", "password"), [("lan", "wrong wrong wrong"), ("li", PASSWORD), ("", ""), ("lan", "")])
async def test_a_wrong_password_opens_nothing(stranger, name, password):
    status, _, text = await stranger.sign_in(name, password)
    assert status == 422
    assert "用户名或密码不正确" in text
    assert (await stranger.get())[0] == 303


async def test_passwords_cannot_be_tried_fast(stranger):
    for _ in range(5):
        assert (await stranger.sign_in(password="wrong wrong wrong"))[0] == 422
    status, headers, _ = await stranger.sign_in()
    assert status == 429
    assert 0 < int(headers["Retry-After"]) <= 900
    await stranger.world.advance(901)
    assert (await stranger.sign_in())[0] == 303


async def test_a_form_needs_its_token_and_our_own_page(lan):
    token = await lan.token("/admin/verifications")
    for fields, headers in [
        ({}, {}),
        ({"token": "0" * 32}, {}),
        ({"token": "é" * 32}, {}),
        ({"token": token}, {"Origin": "https://evil.example"}),
        ({"token": token}, {"Sec-Fetch-Site": "cross-site"}),
    ]:
        status, _, text = await lan.post("/admin/logout", fields, **headers)
        assert status == 403
        assert "没有执行任何操作" in text
    assert (await lan.get())[0] == 200


async def test_signing_out_ends_the_session_for_good(lan):
    [kept] = [f"{cookie.key}={cookie.value}" for cookie in lan.http.cookie_jar if cookie.key == "codesvc_admin"]
    token = await lan.token("/admin/audit")
    assert (await lan.post("/admin/logout", {"token": token}))[0] == 303
    async with aiohttp.ClientSession() as thief:
        assert (await Operator(lan.world, thief).get("/admin", Cookie=kept))[0] == 303


async def test_a_changed_password_ends_sessions(lan, new_world):
    [kept] = [f"{cookie.key}={cookie.value}" for cookie in lan.http.cookie_jar if cookie.key == "codesvc_admin"]
    other = {"operators": {"lan": {"password": password_line("another horse battery", bytes(16))}}}
    async with new_world(admin=other) as changed, aiohttp.ClientSession() as http:
        assert (await Operator(changed, http).get("/admin", Cookie=kept))[0] == 303


async def test_what_is_looked_for_stands_in_no_address(lan):
    owner = await lan.world.bound("wang@example.com")
    started = await lan.world.start("wang@example.com")
    await owner.wait_for_push()
    address = await lan.find("wang@example.com")
    assert address.startswith("/admin/people/")
    assert "wang" not in address
    page = (await lan.get(address))[2]
    assert "wang@example.com" in page
    assert started["id"] in page
    assert owner.openid not in page
    assert await lan.find(started["id"]) == f"/admin/verifications/{started['id']}"


async def test_no_page_shows_a_code_or_an_openid(lan):
    owner = await lan.world.bound("alice-0815")
    started = await lan.world.start("alice-0815", "reset")
    code = await owner.wait_for_push()
    person = await lan.find("alice-0815")
    for path in ("/admin", "/admin/verifications", f"/admin/verifications/{started['id']}", person, "/admin/audit"):
        text = (await lan.get(path))[2]
        assert not discloses(text, code)
        assert owner.openid not in text


async def test_each_look_at_a_person_leaves_its_line_whatever_the_address_says(lan):
    await lan.world.bound("alice-0815")
    await lan.world.start("alice-0815", "reset")
    address = await lan.find("alice-0815")
    for path in (f"{address}?done=unbound", address, address):
        assert (await lan.get(path))[0] == 200
    lines = (await lan.world.app[SERVICES].auditing.search()).lines
    assert [line.detail for line in lines if line.act == "looked.up"] == ["person"]


@pytest.mark.parametrize("reason", ["", "ab\u202ecdef"])
@pytest.mark.parametrize("act", ["unbind", "lift"])
async def test_a_refused_form_that_shows_a_person_is_a_look_too(lan, act, reason):
    await lan.world.bound("alice-0815")
    address = await lan.find("alice-0815")
    token = await lan.token("/admin/verifications")
    status, _, page = await lan.post(f"{address}/{act}", {"token": token, "reason": reason})
    assert (status, "alice-0815" in page) == (422, True)
    lines = (await lan.world.app[SERVICES].auditing.search()).lines
    assert [line.detail for line in lines if line.act == "looked.up"] == ["person"]


@pytest.mark.parametrize(
    "trick", ["\x1b[2K\x1b[1A\x1b[2K", "\u202egnp.exe", "\x9b2K", "\u2028next", "a\u200bb", "\U000e0041", "\ue000"]
)
@pytest.mark.parametrize("act", ["unbind", "lift"])
async def test_a_reason_with_what_nobody_sees_is_refused_in_words(lan, trick, act):
    await lan.world.bound("alice-0815")
    await lan.world.start("alice-0815", "reset")
    address = await lan.find("alice-0815")
    form = {"token": await lan.token(address)}
    status, _, page = await lan.post(f"{address}/{act}", form | {"reason": f"okay {trick}"})
    assert (status, "看不见的字符" in page) == (422, True)
    acts = {"binding.removed", "guesses.lifted"}
    assert not [line for line in (await lan.world.app[SERVICES].auditing.search()).lines if line.act in acts]
    # Line breaks of a text field are blanks.
    await lan.post(f"{address}/{act}", form | {"reason": "她打电话来，\r\n\t已核实"})
    [line] = [line for line in (await lan.world.app[SERVICES].auditing.search()).lines if line.act in acts]
    assert line.reason == "她打电话来， 已核实"


async def test_a_binding_is_removed_with_a_reason_and_the_person_is_told(lan):
    owner = await lan.world.bound("alice-0815")
    person = await lan.find("alice-0815")
    token = await lan.token(person)
    status, _, text = await lan.post(f"{person}/unbind", {"token": token, "reason": " "})
    assert (status, "请填写原因" in text) == (422, True)
    assert (await lan.world.call("GET", "/v1/bindings/alice-0815")).status == 200
    told = len(await owner.messages())
    assert (await lan.post(f"{person}/unbind", {"token": token, "reason": "phone stolen, id checked"}))[0] == 303
    assert (await lan.world.call("GET", "/v1/bindings/alice-0815")).status == 404
    await owner.wait_for_more(told)
    audit = (await lan.get("/admin/audit"))[2]
    assert "phone stolen, id checked" in audit
    assert "admin:lan" in audit
    assert "alice-0815" not in audit


async def test_what_an_operator_does_is_in_the_audit_log(lan):
    await lan.world.bound("alice-0815")
    await lan.get(await lan.find("alice-0815"))
    text = (await lan.get("/admin/audit"))[2]
    assert text.count("admin:lan") >= 2
    assert "查看用户" in text


async def test_what_a_page_repeats_of_its_address_is_seen(lan):
    for path in (
        "audit?site=",
        "audit?act=",
        "verifications?only=",
        "?purpose=",
        "webhooks/shop?status=",
        "people/x?done=",
    ):
        for trick in ("%1b[2K", "%e2%80%aeevil", "%e2%81%a9%e2%81%a7evil", "%c2%9b1A"):
            text = (await lan.get(f"/admin/{path}山{trick}"))[2]
            assert not [each for each in text if each not in "\n\t" and hidden_in(each)], path + trick
    assert r"山\u202eevil" in (await lan.get("/admin/audit?site=山%e2%80%aeevil"))[2]


async def test_a_user_of_letters_that_run_leftward_is_still_isolated(lan):
    await lan.world.start("\u05d0\u05d1\u05d2", "reset")
    text = (await lan.get(await lan.find("\u05d0\u05d1\u05d2")))[2]
    assert r"\u2068" not in text


async def test_what_a_stranger_wrote_is_text(lan):
    await lan.world.start("a+b", user_agent="<script>alert(1)</script>")
    token = await lan.token("/admin/verifications")
    _, _, text = await lan.post(
        "/admin/verifications", {"token": token, "site": "shop", "query": '"><script>alert(1)</script>'}
    )
    assert "<script>alert" not in text


@pytest.mark.parametrize("query", ["?span=99y", "?site=none", "?site=../x", "?span="])
async def test_a_view_that_there_is_not_is_a_page(lan, query):
    status, _, text = await lan.get("/admin" + query)
    assert status == 404
    assert "没有找到" in text


async def test_the_language_is_chosen_and_kept(lan):
    assert "概览" in (await lan.get())[2]
    status, headers, _ = await lan.post("/admin/language", {"language": "en", "back": "//evil.example"})
    assert (status, headers["Location"]) == (303, "/admin")
    assert "Overview" in (await lan.get())[2]


async def test_the_store_down_is_a_page_too(lan, valkey):
    valkey.config_set("requirepass", "changed under us")
    try:
        valkey.client_kill_filter(_type="normal", skipme=True)
        status, _, text = await lan.get()
    finally:
        valkey.config_set("requirepass", "")
    assert status == 503
    assert "存储没有响应" in text


def test_both_languages_say_everything():
    english, chinese = (set(speeches()[name]._said._catalog) for name in ("en", "zh"))
    assert english == chinese
    assert LANGUAGES == ("zh", "en")


@pytest.mark.parametrize("triage", TABLE.values(), ids=lambda triage: str(triage.errcode))
def test_every_errcode_has_a_meaning(triage):
    if triage.errcode not in {0, 40241}:
        assert ("", f"reason.{triage.reason}") in speeches()["en"].places
    assert ("", f"verdict.{triage.verdict}") in speeches()["en"].places


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("act", [act.value for act in AuditAct]),
        ("event", [word.value for word in StepKind]),
        ("status", [status.value for status in Status]),
        ("arrived", [arrived.value for arrived in Arrived]),
        ("endpoint", [*ENDPOINTS.values(), OTHER]),
        ("result", [*UNANSWERED, OTHER]),
        ("limit", list(Limits.__slots__)),
        ("span", list(SPANS)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_that_can_be_shown_has_words(kind, names):
    assert [name for name in names if ("", f"{kind}.{name}") not in speeches()["en"].places] == []


async def test_webhook_deliveries_are_shown_and_sent_again(new_world):
    url = "http://127.0.0.1:9/hook?key=of-the-receiver"
    webhook = {"url": url, "secrets": [SECRET], "allow_private": True, "allow_http": True}
    async with new_world(admin=ADMIN, sites__shop__webhook=webhook) as world, signed_in(world) as lan:
        await world.bound("alice-0815")
        for _ in range(300):
            page = (await lan.get("/admin/webhooks"))[2]
            if "unreachable" in page:
                break
        assert "binding.created" in page
        assert "http://127.0.0.1:9/hook?…" in page
        assert "of-the-receiver" not in page
        event = re.search(r'name="event" value="(wh_[0-9a-f]{32})"', page)[1]
        fields = {"token": await lan.token("/admin/webhooks"), "site": "shop"}
        assert (await lan.post("/admin/webhooks/resend", {**fields, "event": event}))[0] == 303
        assert (await lan.post("/admin/webhooks/resend", {**fields, "event": "wh_" + "0" * 32}))[0] == 404
        assert (await lan.post("/admin/webhooks/enable", fields))[0] == 303
        assert (await lan.post("/admin/webhooks/enable", {**fields, "site": "none"}))[0] == 404
        audit = (await lan.get("/admin/audit"))[2]
        assert "重发事件" in audit
        assert "启用事件通知" in audit
        assert SECRET not in (await lan.get("/admin/webhooks"))[2]


@pytest.mark.parametrize("back", ["/admin\r\nSet-Cookie: a=b", "/admin\n", "/admin\0", "/admin\x85", "/admin\u2028x"])
async def test_a_way_back_with_control_characters_leads_to_the_overview(lan, back):
    status, headers, _ = await lan.post("/admin/language", {"language": "EN", "back": back})
    assert (status, headers["Location"]) == (303, "/admin")


async def test_a_way_back_in_another_script_is_encoded(lan):
    headers = (await lan.post("/admin/language", {"language": "en", "back": "/admin?site=店"}))[1]
    assert headers["Location"] == "/admin?site=%E5%BA%97"
