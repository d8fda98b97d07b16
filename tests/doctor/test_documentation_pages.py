"""The documentation has two complete languages: each page its twin, with the same headings and code, and is short."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from codesvc.client.schema import BindIntent, Login, Scan, Verification
from docs.reference.pages import PAGES
from tests.doctor.samples import meaning
from tests.doctor.test_documents import BLOCK, anchor_of

DOCS = Path(__file__).parents[2] / "docs"
GENERATED = {*PAGES, "contributing/licences"}
"""Pages that are made from the code: they are looked things up in, may be of any length, and count nowhere."""
GENERATED_PART = re.compile(r"<!-- claims -->.*?<!-- end -->", re.DOTALL)
"""The rows of claims, which a command prints from the code and a test of the sandbox holds: they do not count."""
SYSTEMS = ("relay/", "openid/")
"""Folders with a page for each of many systems, of which a reader needs one."""
WORDS = 1200
WORDS_OF_A_SYSTEM = 200
WORDS_OF_SYSTEMS = 4_600
"""Of all their pages and of the two that lead to them."""
WORDS_IN_ALL = 19_000
"""Of all English pages that people have written, those of systems too, without code: half of 38,000."""
TEXTS = tomllib.loads((DOCS / "reference" / "sample_texts.toml").read_text(encoding="utf-8"))
"""What visitors read in samples, English and Chinese."""
LANGUAGES = {"python", "js", "php", "java", "sh", "html", "css", "nginx"}
"""Of code that is the same in both but for comments and those texts, so that a test that runs one runs both."""
READERS = {
    "en": re.compile(r"^> \*\*For\*\* .+ · .+", re.MULTILINE),
    "zh": re.compile(r"^> \*\*写给\*\*.+ · .+", re.MULTILINE),
}


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


def words(name):
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", GENERATED_PART.sub("", text_of(ENGLISH[name])))
    return len(re.sub(r"\||---", " ", text).split())


def code(path, texts=()):
    found = BLOCK.findall(path.read_text(encoding="utf-8"))
    return [(language, meaning(language, replaced(text, texts))) for language, text in found if language in LANGUAGES]


def replaced(sample, texts):
    for english, chinese in texts:
        sample = sample.replace(english, chinese)
    return sample


def test_every_page_has_its_twin():
    assert sorted(ENGLISH.keys() ^ CHINESE.keys()) == []


@pytest.mark.parametrize("name", BOTH)
def test_twins_have_the_same_headings(name):
    assert headings(CHINESE[name]) == headings(ENGLISH[name]), "a Chinese heading has the English name: {#name}"


@pytest.mark.parametrize("name", BOTH)
def test_twins_have_the_same_code(name):
    assert code(CHINESE[name]) == code(ENGLISH[name], TEXTS.items())


@pytest.mark.parametrize("english", TEXTS)
def test_a_text_of_the_samples_is_in_one(english):
    assert any(english in page.read_text(encoding="utf-8") for page in ENGLISH.values())


@pytest.mark.parametrize("pages", [ENGLISH, CHINESE])
def test_the_sample_of_a_start_has_every_member(pages):
    """All but the proof, which comes with approval."""
    found = BLOCK.findall(pages["api"].read_text(encoding="utf-8"))
    samples = [json.loads(text) for language, text in found if language == "json"]
    started = next(sample for sample in samples if "scan" in sample)
    assert [*started, "proof"] == [field.encode_name for field in msgspec.structs.fields(Verification)]
    assert [*started["scan"]] == [field.encode_name for field in msgspec.structs.fields(Scan)]
    assert msgspec.convert(started, Verification).successor is None


@pytest.mark.parametrize("pages", [ENGLISH, CHINESE])
def test_the_samples_of_a_bind_intent_have_every_member(pages):
    samples = [each for each in intents(pages) if each["id"].startswith("bi_")]
    assert [sample["status"] for sample in samples] == ["pending", "bound"]
    for sample in samples:
        assert [*sample] == [field.encode_name for field in msgspec.structs.fields(BindIntent)]
        assert msgspec.convert(sample, BindIntent).id == samples[0]["id"]


@pytest.mark.parametrize("pages", [ENGLISH, CHINESE])
def test_the_samples_of_a_login_have_every_member(pages):
    samples = [each for each in intents(pages) if each["id"].startswith("lg_")]
    assert [(each["status"], each["user"] is None, each["handle"] is None) for each in samples] == [
        ("approved", False, True),
        ("unknown", True, False),
    ]
    for sample in samples:
        assert [*sample] == [field.encode_name for field in msgspec.structs.fields(Login)]
        assert msgspec.convert(sample, Login).id == sample["id"]


def intents(pages):
    found = BLOCK.findall(pages["bindings"].read_text(encoding="utf-8"))
    return [json.loads(text) for language, text in found if language == "json"]


@pytest.mark.parametrize("name", sorted(ENGLISH.keys() - GENERATED))
def test_a_page_is_short(name):
    assert words(name) <= WORDS


def test_all_pages_together_are_short():
    assert sum(map(words, ENGLISH.keys() - GENERATED)) <= WORDS_IN_ALL


def test_a_page_of_a_system_is_a_screen_long():
    found = {name: words(name) for name in ENGLISH if name.startswith(SYSTEMS)}
    assert {name: count for name, count in found.items() if count > WORDS_OF_A_SYSTEM} == {}
    assert sum(found.values()) + words("relay") + words("openid") <= WORDS_OF_SYSTEMS


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_says_for_whom_it_is_and_how_long_it_takes(language):
    beginnings = {name: path.read_text(encoding="utf-8").splitlines()[:6] for name, path in pages(language).items()}
    silent = [name for name, lines in beginnings.items() if not READERS[language].search("\n".join(lines))]
    assert silent == ["index"], "the home page is for everyone"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_in_the_navigation(language):
    nav = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert [name for name in pages(language) if not re.search(rf"[\[\s-]{re.escape(name)}\.md[,\]\n]", nav)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_first_screen_says_what_is_not_known(language):
    """In the READMEs and on the home pages, before anything else can be read as a promise."""
    readme = DOCS.parent / ("README.md" if language == "en" else "README.zh-CN.md")
    for path in (readme, DOCS / language / "index.md"):
        first = path.read_text(encoding="utf-8")[:2000]
        told = {"en": ("not checked|was checked", "review", "Scan and keyword"), "zh": ("核对过", "审核", "扫码和口令")}
        assert all(re.search(each, first) for each in told[language]), path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_words_of_the_search_are_for_sections_that_exist(language):
    """The site's builder says so too, but nobody builds it before each change; a merge wrote one section twice."""
    words = tomllib.loads((DOCS / "site" / "search_words.toml").read_text(encoding="utf-8"))[language]
    names = {name: {anchor for _, anchor in headings(path)} for name, path in pages(language).items()}
    asked = [(key.partition("#")[0].rstrip("/"), key.partition("#")[2]) for key in words]
    assert [place for place in asked if place[0] not in names or place[1] not in names[place[0]]] == []


def test_a_drifted_heading_is_found(tmp_path):
    (tmp_path / "zh.md").write_text("# 部署\n\n## 容器 {#container}\n\n```\n# 注释\n```\n", encoding="utf-8")
    (tmp_path / "en.md").write_text("# Deploying\n\n## Container\n", encoding="utf-8")
    assert headings(tmp_path / "zh.md") == headings(tmp_path / "en.md") == [(1, ""), (2, "container")]
    (tmp_path / "en.md").write_text("# Deploying\n\n## systemd\n\n## Container\n", encoding="utf-8")
    assert headings(tmp_path / "zh.md") != headings(tmp_path / "en.md")
