"""The documentation has two complete languages: each page its twin, with the same headings, of a bounded length."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.doctor.test_documents import BLOCK, anchor_of

DOCS = Path(__file__).parents[2] / "docs"
WITHOUT_TWIN = {
    "en": {
        "administration", "api", "bindings", "client", "integrating", "operating", "sandbox", "scaling", "security",
        "versioning", "webhooks", "wechat-setup", "contributing/architecture", "contributing/fuzzing",
        "contributing/licences", "contributing/releasing", "contributing/translating",
    },
    "zh": set(),
}  # fmt: skip
"""Pages of that language that the other does not have yet. This list only shrinks."""
TOO_LONG = {"api", "bindings", "integrating", "operating", "sandbox", "security", "webhooks", "wechat-setup"}
"""Pages with more than 1,200 words. This list only shrinks."""
REFERENCE = {
    "api",
    "configuration",
    "cli",
    "problems",
    "events",
    "metrics",
    "log-events",
    "template-variables",
    "sandbox",
}
"""Pages that are looked things up in, and may be of any length."""
NOT_TOLD = {*WITHOUT_TWIN["en"], "index"}
"""Pages that do not say yet for whom they are and how long they take. This list only shrinks."""
WORDS = 1200


def pages(language):
    root = DOCS / language
    return {path.relative_to(root).as_posix().removesuffix(".md"): path for path in sorted(root.rglob("*.md"))}


ENGLISH, CHINESE = pages("en"), pages("zh")
BOTH = sorted(ENGLISH.keys() & CHINESE.keys())


def text_of(path):
    return BLOCK.sub("", path.read_text(encoding="utf-8"))


def headings(path):
    """Level and name of each heading, in order. The title of a page needs no name."""
    found = re.findall(r"^(#+) (.*)$", text_of(path), re.MULTILINE)
    return [(len(level), anchor_of(heading) if level != "#" else "") for level, heading in found]


def test_every_page_has_its_twin():
    assert (ENGLISH.keys() - CHINESE.keys()) == WITHOUT_TWIN["en"], "write the twin, or take the page off the list"
    assert (CHINESE.keys() - ENGLISH.keys()) == WITHOUT_TWIN["zh"], "write the twin, or take the page off the list"


@pytest.mark.parametrize("name", BOTH)
def test_twins_have_the_same_headings(name):
    assert headings(CHINESE[name]) == headings(ENGLISH[name]), "a Chinese heading has the English name: {#name}"


@pytest.mark.parametrize("name", sorted(ENGLISH))
def test_a_page_is_short(name):
    words = len(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text_of(ENGLISH[name])).split())
    long = words > WORDS and name not in REFERENCE
    assert long == (name in TOO_LONG - REFERENCE), f"{name}: {words} words"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_says_for_whom_it_is_and_how_long_it_takes(language):
    line = {
        "en": re.compile(r"^> \*\*For\*\* .+ · .+", re.MULTILINE),
        "zh": re.compile(r"^> \*\*写给\*\*.+ · .+", re.MULTILINE),
    }
    for name, path in pages(language).items():
        told = bool(line[language].search("\n".join(path.read_text(encoding="utf-8").splitlines()[:6])))
        assert told == (name not in NOT_TOLD), name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_in_the_navigation(language):
    nav = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert [name for name in pages(language) if not re.search(rf"[\[\s-]{re.escape(name)}\.md[,\]\n]", nav)] == []


def test_a_drifted_heading_is_found(tmp_path):
    (tmp_path / "zh.md").write_text("# 部署\n\n## 容器 {#container}\n\n```\n# 注释\n```\n", encoding="utf-8")
    (tmp_path / "en.md").write_text("# Deploying\n\n## Container\n", encoding="utf-8")
    assert headings(tmp_path / "zh.md") == headings(tmp_path / "en.md") == [(1, ""), (2, "container")]
    (tmp_path / "en.md").write_text("# Deploying\n\n## systemd\n\n## Container\n", encoding="utf-8")
    assert headings(tmp_path / "zh.md") != headings(tmp_path / "en.md")
