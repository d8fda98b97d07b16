"""The documentation's site, built and read in a real browser: no finding of axe, no other host, search in Chinese."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.browser.stage import WHOLE
from tests.chromium import ARGUMENTS, chromium_for_tests
from tests.programs import program_path

ROOT = Path(__file__).parents[2]
WITH_MOST_CODE = "en/integrating-java/"
PAGES = ["zh/", "en/", "zh/wechat-setup/", "en/api/", "zh/configuration/", "zh/glossary/", WITH_MOST_CODE]
QUESTIONS = json.loads(Path(__file__).with_name("site_questions.json").read_text(encoding="utf-8"))
"""What a reader asks the search, and the page that answers, or the section: then the hit leads to it."""
FIRST = {
    *("自己页面显示二维码", "绑定用户", "qr code own page", "bind user"),
    *("wrong code", "expired code", "user has no WeChat", "no wechat", "openid stable", "forgot operator password"),
    *("输入验证码", "没绑定", "二维码不出来", "反代", "crontab", "401", "返回401", "状态码", "验证码错误", "保存失败"),
    *("4位验证码", "重新获取验证码", "图形验证码", "验证码轰炸", "退回短信", "AppSecret"),
}
"""Questions that other pages use the words of: the page that answers comes before those."""

COVERED = """blocks => blocks.filter(block => {
    const button = block.querySelector("nav").getBoundingClientRect();
    const texts = document.createTreeWalker(block.querySelector("code"), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        if ([...range.getClientRects()].some(box => box.right > button.left)) return true;
    }
    return false;
}).length"""
"""How many blocks of code have text below their button. Blanks at the end of a wrapped line hang over, unseen."""

LOOKS = [(390, "light"), (1280, "dark"), *([(390, "dark"), (1280, "light")] if WHOLE else [])]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    pytest.importorskip("mkdocs", reason="NOT TESTED: the documentation's site needs the docs group")
    if os.environ.get("CODESVC_SITE_IS_BUILT") != "1":  # as in CI, where `make docs` has built this very tree
        command = [sys.executable, "docs/site/build.py"]
        built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=170)
        assert built.returncode == 0, built.stderr
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(ROOT / "site")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_for_tests(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_no_page_has_a_finding_or_asks_another_host(site, browser, width, scheme):
    for number, address in enumerate(PAGES):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(f"{site}/{address}")
        page.wait_for_load_state("networkidle")
        # All pages have one theme: axe reads them light and dark by turns, and the colours of code in both.
        if WHOLE or address == WITH_MOST_CODE or number % 2 == (scheme == "dark"):
            found = Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], address
        assert [url for url in asked if not url.startswith(site)] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.lang") == ("zh-CN" if address.startswith("zh") else "en")
        page.close()


@pytest.mark.browser
def test_the_site_opens_in_the_readers_language(site, browser):
    for locale, part in (("zh-CN", "zh/"), ("en-GB", "en/"), ("fr-FR", "zh/")):
        page = browser.new_page(locale=locale)
        page.goto(f"{site}/")
        page.wait_for_url(f"{site}/{part}")
        page.close()


@pytest.mark.browser
def test_a_symptom_is_found_in_chinese(site, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{site}/zh/")
    page.locator(".md-search__input").click()
    page.locator(".md-search-result__meta", has_text="键入以开始搜索").wait_for()
    page.keyboard.insert_text("扫码没反应")  # only an `input` event, as from pasting or from speech
    titles = page.locator(".md-search-result__article h1")
    titles.first.wait_for()
    assert "排查手册" in [title.replace("\u200b", "") for title in titles.all_inner_texts()[:3]]


@pytest.mark.browser
@pytest.mark.parametrize(("language", "question"), [("zh", "40164"), ("en", "errcode 40164"), ("en", "39 amp quot")])
def test_a_page_opened_from_a_hit_reads_like_any_other(site, browser, language, question):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{site}/{language}/")
    page.locator("label.md-header__button[for=__search]").click()
    page.locator(".md-search__input").press_sequentially(question)
    hit = page.locator(".md-search-result__link").first
    hit.wait_for()
    hit.click()
    page.wait_for_url(lambda url: url != f"{site}/{language}/")
    page.wait_for_load_state("networkidle")
    address = page.url.partition("?")[0].partition("#")[0]
    plain = browser.new_page(viewport={"width": 390, "height": 844})
    plain.goto(address)
    plain.wait_for_load_state("networkidle")
    for opened in (page.url, f"{address}?h={question}"):  # the second as it was handed on before
        page.goto(opened)
        page.wait_for_load_state("networkidle")
        assert [mark for mark in page.locator("article mark").all() if not mark.text_content()] == []
        for part in ("article", "article h1 + blockquote, article h2"):
            assert page.locator(part).all_text_contents() == plain.locator(part).all_text_contents()
    page.close()
    plain.close()


@pytest.mark.browser
def test_on_a_phone_no_code_runs_off_and_nothing_covers_it(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    # The last one has blanks to break its lines at; in the others a word is longer than a line.
    for address in ("zh/integrating-spring/", "en/alerts/", "zh/webhooks/", "en/secrets/"):
        page.goto(f"{site}/{address}")
        page.locator(".md-code__nav").first.wait_for()
        blocks = page.locator("article pre > code")
        cut = blocks.evaluate_all("all => all.filter(each => each.scrollWidth > each.clientWidth).length")
        assert (cut, page.locator("article pre").evaluate_all(COVERED)) == (0, 0), address
    page.mouse.wheel(0, 1500)
    page.mouse.wheel(0, -300)
    page.locator(".md-top:not([hidden])").wait_for()
    assert page.locator(".md-top").bounding_box()["y"] > 700
    page.close()


@pytest.mark.browser
def test_an_answer_for_deciders_is_one_screen_of_a_phone(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    ends = {}
    for source in sorted((ROOT / "docs").glob("[ez][nh]/decide-*.md")):
        page.goto(f"{site}/{source.parent.name}/{source.stem}/")
        page.locator("article h1 + blockquote").wait_for()
        ends[source.parent.name, source.stem] = page.locator("article").evaluate(
            "it => it.getBoundingClientRect().bottom"
        )
    page.close()
    assert len(ends) == 10
    assert {which: end for which, end in ends.items() if end > 844} == {}


@pytest.mark.browser
def test_a_page_leads_to_its_twin(site, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{site}/zh/troubleshooting/")
    twin = page.locator('a[hreflang="en"].md-select__link').get_attribute("href")
    page.goto(f"{site}/zh/troubleshooting/{twin}")
    assert page.locator("h1").inner_text().startswith("Troubleshooting")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("language", QUESTIONS)
def test_a_file_that_a_page_names_can_be_read_on_the_site(language):
    """By who has no checkout, such as on a phone; the search does not find such pages."""
    page = (ROOT / "site" / language / "deploying" / "index.html").read_text(encoding="utf-8")
    assert 'href="../files/ops/systemd/codesvc.service/"' in page
    shown = ROOT / "site" / language / "files" / "ops" / "systemd" / "codesvc.service" / "index.html"
    assert "StateDirectoryMode" in shown.read_text(encoding="utf-8")
    assert "StateDirectoryMode" not in (ROOT / "site" / language / "search" / "search_index.json").read_text("utf-8")


def answers(language, asked):
    """For each question where the search leads, best first; fails if a search fails."""
    node = program_path("node", "nodejs")
    command = [node, str(Path(__file__).with_name("site_search.cjs")), str(ROOT / "site" / language)]
    answer = subprocess.run(
        command, input=json.dumps(list(asked)), capture_output=True, text=True, check=True, timeout=60
    )
    return dict(zip(asked, json.loads(answer.stdout), strict=True))


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("language", QUESTIONS)
def test_the_questions_of_readers_are_found_among_the_first_three(language):
    asked = QUESTIONS[language]
    found = answers(language, asked)
    for text, places in found.items():
        if "#" not in asked[text]:
            found[text] = [place.partition("#")[0] for place in places]
    assert {text: places[:3] for text, places in found.items() if asked[text] not in places[:3]} == {}
    assert {text: places[0] for text, places in found.items() if text in FIRST and asked[text] != places[0]} == {}


@pytest.mark.browser
def test_who_asks_for_an_errcode_is_led_to_its_row(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{site}/zh/")
    page.locator("label.md-header__button[for=__search]").click()
    page.locator(".md-search__input").press_sequentially("40164")
    page.locator(".md-search-result__link[href$='troubleshooting/#40164']").first.click()
    page.wait_for_url("**/troubleshooting/#40164")
    row = page.locator("tr", has=page.locator("[id='40164']"))
    row.wait_for()
    assert row.bounding_box()["y"] < 200
    page.goto(f"{site}/zh/troubleshooting/?no-row#61024")
    page.wait_for_url("**#errcodes")
    page.close()


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("language", QUESTIONS)
def test_every_errcode_of_the_page_is_found(language):
    """The theme's lunr mixed digits of words up with numbers of its own, so that a search for single ones failed."""
    page = (ROOT / "docs" / language / "troubleshooting.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{5}[^|]*) \|", page, re.MULTILINE)
    codes = {code for row in rows for code in re.findall(r"\d{5}", row)}
    assert len(codes) > 20
    found = answers(language, sorted(codes))
    assert [code for code, places in found.items() if "troubleshooting/#errcodes" not in places[:3]] == []


@pytest.mark.browser
@pytest.mark.parametrize(("language", "question", "section"), [("en", "backup", "#what"), ("zh", "监控", "#states")])
def test_a_hit_leads_to_its_section_by_the_title_of_the_page_too(site, browser, language, question, section):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{site}/{language}/")
    page.locator("label.md-header__button[for=__search]").click()
    page.locator(".md-search__input").press_sequentially(question)
    page.locator(f".md-search-result__item:first-child > a:first-child[href*='{section}']").wait_for()
    page.close()
