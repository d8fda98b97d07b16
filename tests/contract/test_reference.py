"""/docs: the contract to read, a page for each group of calls, in two languages; nothing from elsewhere."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape

import pytest

from codesvc.client import SyncClient
from codesvc.web.contract import describe
from codesvc.web.contract.samples import _CLIENT


async def every_page(world, language):
    """The overview and every section that it names: address and answer."""
    first = await world.call("GET", f"/docs?lang={language}", key=None)
    found = {"/docs": first}
    for name in re.findall(r'<a href="/docs/([a-z-]+)\?lang=', first.text):
        found[f"/docs/{name}"] = await world.call("GET", f"/docs/{name}?lang={language}", key=None)
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_reference_shows_every_call_and_asks_nobody_else(world, published, language):
    pages = await every_page(world, language)
    ids = {}
    for address, answer in pages.items():
        assert answer.status == 200
        assert re.findall(r"(?:src|href)=\"(https?:)?//", answer.text) == []
        ids[address] = re.findall(r'\bid="([^"]+)"', answer.text)
        assert len(ids[address]) == len(set(ids[address]))
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in answer.text
    for *_, operation in published.operations():
        assert sum(operation["operationId"] in each for each in ids.values()) == 2  # the overview, and its section
    for address, answer in pages.items():
        for target in re.findall(r'href="#([^"]+)"', answer.text):
            assert target in ids[address]
        for page, target in re.findall(r'href="(/docs[^?"#]*)\?lang=\w+(?:#([^"]+))?"', answer.text):
            assert page in pages
            assert not target or target in ids[page], target
        for target in set(re.findall(r'href="(/problems/[^"]+)"', answer.text)):
            assert (await world.call("GET", target, key=None)).status == 200


async def test_the_current_section_is_marked_and_an_unknown_one_is_missing(world):
    answer = await world.call("GET", "/docs/bindings?lang=en", key=None)
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', answer.text) == ["/docs/bindings?lang=en"]
    assert "startVerification" not in re.findall(r'id="([^"]+)"', answer.text)
    assert (await world.call("GET", "/docs/nothing", key=None)).status == 404


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_search_knows_calls_and_events_by_their_english_words(world, language):
    """The page's script writes what is typed in lower case, and looks for it in these words as they are."""
    overview = (await world.call("GET", f"/docs?lang={language}", key=None)).text
    found = re.findall(r'<li id="([^"]+)" data-words="([^"]*)"', overview)
    words = {anchor: unescape(text) for anchor, text in found}
    assert [text for text in words.values() if text != text.lower()] == []
    document = describe("https://code.example.com")
    for section in ("paths", "webhooks"):
        for item in document[section].values():
            for each in item.values():
                assert each["summary"].lower() in words[each["operationId"]]


async def test_a_call_is_found_by_the_members_of_its_body(world):
    overview = (await world.call("GET", "/docs?lang=zh", key=None)).text
    words = dict(re.findall(r'<li id="([^"]+)" data-words="([^"]*)"', overview))
    for member in ("return_url", "replace", "换绑"):
        assert any(member in text for anchor, text in words.items() if not anchor.startswith("schema-")), member


@pytest.mark.parametrize(("section", "call"), [("verifications", "startVerification"), ("by-scan", "startLogin")])
async def test_the_body_to_try_a_call_with_is_accepted_as_it_stands(new_world, section, call):
    """`return_url` of the example lies on no site of this deployment."""
    async with new_world(sites__shop__origins=["https://tea.example"]) as world:
        page = (await world.call("GET", f"/docs/{section}?lang=en", key=None)).text
        [article] = re.findall(rf'<article id="{call}">.*?</article>', page, re.DOTALL)
        path = re.search(r'<form class="try" data-method="post" data-path="([^"]+)"', article)[1]
        body = re.search(r'<textarea name="body"[^>]*>(.*?)</textarea>', article, re.DOTALL)[1]
        answer = await world.call("POST", path, json.loads(unescape(body)))
        assert answer.status == 201, answer.text


async def test_a_chinese_page_has_no_mark_of_another_script(world):
    for address, answer in (await every_page(world, "zh")).items():
        text = unescape(re.sub(r"<(script|style|pre|textarea)\b.*?</\1>|<[^>]+>", "", answer.text, flags=re.DOTALL))
        assert re.findall(r".{0,9}[\u4e00-\u9fff][:;,] .{0,9}", text) == [], address
        answers = re.findall(r"<h3>响应</h3>(.*?)(?=<h3|</article>)", answer.text, re.DOTALL)
        assert not any("请求头" in re.sub(r"<pre.*?</pre>", "", each, flags=re.DOTALL) for each in answers), address


def test_every_call_of_the_client_is_shown_with_the_client():
    known = {name for name in dir(SyncClient) if not name.startswith("_")}
    # `read_proof` makes no call of its own, and the clock of the tests needs no key.
    assert known - set(_CLIENT.values()) == {"close", "read_proof", "move_clock"}
    assert set(_CLIENT.values()) <= known


async def test_the_language_is_the_readers_unless_the_address_names_one(world):
    for asked, query, language in (
        ("zh-CN", "", "zh"),
        ("en-GB", "", "en"),
        ("zh-CN", "?lang=en", "en"),
        ("fr", "", "zh"),
    ):
        answer = await world.call("GET", f"/docs{query}", key=None, headers={"Accept-Language": asked})
        assert answer.headers["Content-Language"] == language, asked
        assert "Accept-Language" in answer.headers["Vary"]


async def test_the_policy_allows_its_style_and_its_script_and_nothing_else(world):
    for answer in (await every_page(world, "en")).values():
        policy = answer.headers["Content-Security-Policy"]
        for tag in ("style", "script"):
            text = re.search(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)[1]
            assert f"{tag}-src 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "style=" not in answer.text
        assert "prefers-color-scheme: dark" in answer.text
