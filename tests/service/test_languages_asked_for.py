"""Every route that reads a language answers in the nearest one, whatever is asked for."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.test_language_tags import headers

briefly = settings(max_examples=40)
PAGES = ["/p/{page}", "/p/{page}/state", "/p/nothing", "/wechat/main/oauth?code=a&state=b", "/wechat/main/message/x",
         "/wechat/main/confirm/x", "/wechat/main/link/x", "/admin/login", "/nothing"]  # fmt: skip
in_a_header = headers.map(lambda text: "".join(c for c in text if c.isascii() and c.isprintable()).strip())


@pytest.mark.parametrize("asked", ["EN", "en_US", "fr,EN;q=0.5", "En-GB;Q=0.9", "*;q=0.1,eN;q=0.2"])
async def test_a_page_is_in_english_for_whoever_asks_for_it_in_any_case(world, asked):
    started = await world.start("alice")
    for path in (f"/p/{started['page_token']}", "/wechat/main/oauth?code=a&state=b"):
        answer = await world.call("GET", path, key=None, headers={"Accept-Language": asked})
        assert answer.status < 500
        assert '<html lang="en"' in answer.text


@pytest.mark.parametrize(
    "asked", ["ZH-CN", "Zh-Hant-TW", "zh-*", "*", "de", "e" * 7_000, ",".join(["a"] * 3_500), "en;q=0"]
)
async def test_a_page_is_in_chinese_for_everyone_else(world, asked):
    started = await world.start("alice")
    for path in (f"/p/{started['page_token']}", "/wechat/main/oauth?code=a&state=b"):
        answer = await world.call("GET", path, key=None, headers={"Accept-Language": asked})
        assert answer.status < 500
        assert '<html lang="zh' in answer.text


@briefly
@given(asked=in_a_header, path=st.sampled_from(PAGES))
async def test_no_header_is_an_error(world, asked, path):
    started = await world.start("fuzz")
    if started.status == 429:
        await world.advance(3601)
        started = await world.start("fuzz")
    path = path.format(page=started["page_token"])
    answer = await world.call("GET", path, key=None, headers={"Accept-Language": asked})
    assert answer.status < 500, (path, asked)


@briefly
@given(asked=headers)
async def test_no_locale_of_a_call_and_no_language_of_the_widget_is_an_error(world, asked):
    asked = asked.encode("utf-8", "replace").decode()
    started = await world.start("fuzz", locale=asked)
    if started.status == 429:
        await world.advance(3601)
        started = await world.start("fuzz", locale=asked)
    assert started.status == 201
    # A text with / or {} or without a letter is the path of nothing.
    answer = await world.call("GET", f"/widget/{quote(asked, safe='')}.json", key=None)
    assert answer.status in {200, 404}


@pytest.mark.parametrize(("asked", "says"), [("EN", "Send"), ("en-us", "Send"), ("zh_TW", "发送"), ("tlh", "发送")])
async def test_the_widget_speaks_the_nearest_language(world, asked, says):
    answer = await world.call("GET", f"/widget/{asked}.json", key=None)
    english = await world.call("GET", "/widget/en.json", key=None)
    assert (answer.text == english.text) is (says == "Send")


@pytest.mark.parametrize(
    ("locale", "english"), [("EN", True), ("fr,EN;q=0.5", True), ("ZH", False), ("x" * 10_000, False)]
)
async def test_a_locale_of_a_call_decides_the_language_of_the_chat(world, locale, english):
    person = await world.person()
    started = await world.start("alice", locale=locale)
    await person.scan(started["scan"]["qr_url"]) if "qr_url" in started["scan"] else await person.say(
        started["scan"]["keyword"]
    )
    assert ("your" in (await person.last_text()).lower()) is english
