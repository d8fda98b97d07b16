"""What people write goes into headers (redirects, cookies, policies) encoded, or not at all."""

from __future__ import annotations

from urllib.parse import quote

import aiohttp
import pytest

from tests.people.browsers import SITE, WITH_CHAT, links_in, open_in_wechat, query_of
from tests.service.test_admin import ADMIN, signed_in

HOSTILE = [
    "\r\nSet-Cookie: a=b",
    "\n",
    "\r",
    "\0",
    "\t",
    "\x1f",
    "\x7f",
    "\x85",
    "\u2028",
    "é",
    "验证",
    "\ud83d\ude00",
    ";",
    ",",
]
HTML = {"Accept": "text/html"}
PATHS = ("/…", "/p/…", "/t/…", "/problems/…", "/widget/….json", "/wechat/…", "/wechat/main/oauth?code=…&state=…")


@pytest.fixture
async def world(new_world):
    async with new_world(admin=ADMIN, **WITH_CHAT) as world:
        yield world


def assert_fit(headers):
    for name, value in headers.items():
        assert value.isascii(), (name, value)
        assert value.isprintable(), (name, value)
    assert "a=b" not in headers.get("Set-Cookie", "")


async def test_a_sites_state_comes_back_as_it_was(world):
    person = await world.person()
    await person.say("绑定账号")
    [link] = links_in(await person.last_text())
    await open_in_wechat(person, link)
    for hostile in HOSTILE:
        state = f"session-{hostile}-end"
        view = await open_in_wechat(person, f"{link}/go?state={quote(state, errors='surrogatepass')}")
        assert view["url"].startswith(f"{SITE}/reset") or view["url"].startswith(f"{SITE}/bind"), (hostile, view)
        assert view["url"].isascii()
        if hostile.isprintable() and "\ud83d" not in hostile:
            assert query_of(view["url"])["state"] == state


async def test_a_return_address_is_refused_or_encoded(world):
    for hostile in HOSTILE:
        answer = await world.start(f"u-{ord(hostile[0])}", return_url=f"{SITE}/back?x={hostile}", ip=None, vouched=True)
        assert answer.status in {201, 400}, (hostile, answer.text)
        assert_fit(answer.headers)
        if answer.status == 201:
            page = await world.call("GET", f"/p/{answer['page_token']}", key=None, headers=HTML)
            assert page.status == 200
            assert_fit(page.headers)


async def test_a_browsers_own_words_do_no_harm(world):
    started = await world.start()
    for hostile in HOSTILE:
        encoded = quote(hostile, errors="surrogatepass")
        paths = [each.replace("…", encoded) for each in PATHS]
        for path in (f"/p/{started['page_token']}?scan={encoded}", *paths):
            async with world.http.get(aiohttp.client.URL(world.service + path, encoded=True), headers=HTML) as answer:
                assert answer.status < 500, path
                assert_fit(answer.headers)


async def test_the_forms_of_operators(world):
    async with signed_in(world) as lan:
        for hostile in [each for each in HOSTILE if "\ud83d" not in each]:
            for fields in ({"back": f"/admin{hostile}"}, {"back": f"/admin?x={hostile}"}, {"language": hostile}):
                status, headers, _ = await lan.post("/admin/language", fields)
                assert status == 303, (hostile, fields)
                assert_fit(headers)
            token = await lan.token("/admin/verifications")
            fields = {"token": token, "site": "shop", "query": f"u{hostile}"}
            status, headers, _ = await lan.post("/admin/verifications", fields)
            assert status in {303, 422}
            assert_fit(headers)
