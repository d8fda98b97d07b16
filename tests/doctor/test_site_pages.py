"""What the site's builder does to code and tables for a phone changes no word of them."""

from __future__ import annotations

import json
import re

import pytest

from docs.site import listings, tables

SHELL = (
    '<pre><span></span><code><span id="__span-0-1">runuser -u codesvc -- codesvc serve --config a-b.toml\n</span>'
    '<span id="__span-0-2">    --log=json a --no</span></code></pre>'
)


def plain(html):
    return re.sub("<[^>]+>", "", html)


def test_options_are_kept_whole_and_a_wrapped_line_goes_on_below_its_beginning():
    html = listings.on_page_content(SHELL)
    assert plain(html) == plain(SHELL)
    assert re.findall(r'class="option">([^<]*)', html) == ["-u", "--", "--config", "--log", "--no"]
    assert re.findall(r'id="([^"]*)" style="--deep:(\d+)"', html) == [("__span-0-2", "4")]


def test_a_line_that_begins_far_right_keeps_some_width():
    assert "--deep:12" in listings.on_page_content(f'<pre><code><span id="__span-0-1">{" " * 30}x</span></code></pre>')


def table(*rows, columns):
    head = "".join(f"<th>{each}</th>" for each in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@pytest.mark.parametrize(
    ("html", "short"),
    [
        (table(("服务号", "可以", "不行"), columns=("公众号", "推送", "扫码")), True),
        (table(("kind", "a sentence " * 12, "no"), columns=("account", "push", "scan")), False),
        (table(("x" * 20, "y" * 20, "no"), columns=("account", "push", "scan")), False),  # words that cannot be broken
        (table(("服务号", "x" * 20, "y" * 15, "", ""), columns=("编号", "说法", "看到", "时间", "谁")), False),
        (table(("服务号", "可以"), columns=("公众号", "推送")), False),
    ],
)
def test_a_table_of_a_few_words_stays_a_table(html, short):
    made = tables.on_page_content(html)
    assert ("data-short" in made) is short
    assert re.sub(r"<span hidden>.*?</span>", "", made).count("服务号") == html.count("服务号")


def test_a_short_cell_is_not_broken_and_a_row_of_errcodes_has_their_names():
    made = tables.on_page_content(
        table(("40014、42001", "还没有核对", "看后台的通知中心"), columns=("错误码", "含义", "怎么办"))
    )
    assert re.findall(r'class="whole"[^>]*>(?:<div>)?([^<]*)', made) == ["错误码", "含义", "怎么办", "还没有核对"]
    assert re.findall(r'<span id="(\d+)">', made) == ["40014", "42001"]
    assert made.count("<thead") == made.count("</thead") == 1


def test_an_excerpt_in_the_search_is_a_whole_row(tmp_path):
    (tmp_path / "search").mkdir()
    index = tmp_path / "search" / "search_index.json"
    made = tables.on_page_content(
        table(("<code>code_life</code>", "how long; in seconds"), columns=("option", "meaning"))
    )
    text = re.sub(r"<(?!/?(?:p|code)>)[^>]+>", "", made)  # as mkdocs keeps it
    index.write_text(json.dumps({"docs": [{"text": f"<p>Before; it.</p>{text}<p>After; it.</p>"}]}), encoding="utf-8")
    tables.on_post_build({"site_dir": tmp_path})
    kept = json.loads(index.read_text(encoding="utf-8"))["docs"][0]["text"]
    rows = ["Before; it.", "option · meaning", "<code>code_life</code> · how long; in seconds", "After; it."]
    assert re.sub(" +", " ", kept).replace("> <", "><") == "".join(f"<p>{row}</p>" for row in rows)
