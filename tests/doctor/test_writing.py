"""How the documentation is written: spelling, punctuation, and the glossary's words, in both languages."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH = [
    *(ROOT / name for name in ("README.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs" / "en").rglob("*.md")),
]
CHINESE = [ROOT / "README.zh-CN.md", *sorted((ROOT / "docs" / "zh").rglob("*.md"))]
HAN = "[\u3400-\u9fff]"
FULL = "，。；：！？、（）“”《》…—"
BLOCK = re.compile(r"^ *(`{3,}).*?^ *\1`*\s*$", re.MULTILINE | re.DOTALL)
AMBIGUOUS = {"密码", "验证码", "回调"}
"""Words that the glossary keeps from one thing and gives to another."""
NOT_WORDS = {"OTP", "passphrase", "voucher", "coupon", "check code", "callback URL of the webhook", "somebody"}


def prose(text):
    """A page without code blocks, addresses of links, comments and names of headings."""
    text = re.sub(r"<!--.*?-->|^---\n.*?\n---\n", "", BLOCK.sub("", text), flags=re.DOTALL)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|\{ ?[#.:][^}]*\}", "", text)
    text = re.sub(
        r"([，。？！])\*\* ", r"\1", re.sub(r"<https?://[^>]+>", "x", text)
    )  # bold needs a blank after a mark
    return re.sub(r"[\[\]*]", "", re.sub(r"\]\([^)]*\)|<[^>]+>", "]", text))


def chinese_texts():
    """Everything that is written in Chinese, by a name for it."""
    for path in CHINESE:
        yield str(path.relative_to(ROOT)), prose(path.read_text(encoding="utf-8"))
    catalogue = tomllib.loads((ROOT / "docs" / "reference" / "catalogue.toml").read_text(encoding="utf-8"))
    for section, entries in catalogue.items():
        for key, words in entries.items():
            yield f"catalogue: {section}.{key}", prose(words["zh"] if isinstance(words, dict) else words)
    path = ROOT / "codesvc" / "web" / "contract" / "chinese.toml"
    for key, words in tomllib.loads(path.read_text(encoding="utf-8")).items():
        yield f"chinese.toml: {key}", words


def style_faults(text):
    """What is wrong with a Chinese text: each place with some characters around it."""
    shown = re.sub(r"`([^`]*)`", lambda code: "`" + "x" * max(1, len(code[1])) + "`", text)
    plain = shown.replace("`", "")
    rules = {
        "a full-width mark belongs there": rf"{HAN}[,;:!?]|[,;!?]{HAN}|{HAN}\(|\){HAN}",
        "a blank belongs between Han and Latin": rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9%]{HAN}",
        "no blank stands beside a full-width mark": rf"[{FULL[:8]}] +{HAN}|{HAN} +[{FULL[:8]}]",
    }
    for what, rule in rules.items():
        for found in re.finditer(rule, plain):
            yield f"{what}: {plain[max(0, found.start() - 12) : found.end() + 12]!r}"


def forbidden_words():
    """Chinese words that the glossary's last column names."""
    found = set()
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and " · " in line.rpartition("| ")[2]:
            found |= set(re.split("[、，]", line.rpartition("| ")[2].partition(" · ")[2].strip(" |")))
    return found - AMBIGUOUS


def test_chinese_is_punctuated_and_spaced_as_chinese_is():
    faults = [f"{name}: {fault}" for name, text in chinese_texts() for fault in style_faults(text)]
    assert faults == []


def test_chinese_lines_are_not_broken_within_a_sentence():
    """A browser shows a line break as a blank, which Chinese has none of."""
    broken = [
        f"{path.relative_to(ROOT)}: {found[0]!r}"
        for path in CHINESE
        for found in re.finditer(
            rf"[{HAN[1:-1]}{FULL}]\n(?=[{HAN[1:-1]}])[^\n]{{,12}}", prose(path.read_text(encoding="utf-8"))
        )
        if not found[0].startswith("#")
    ]
    assert broken == []


def test_the_glossarys_words_are_used():
    words = forbidden_words()
    assert {"站点", "配额", "关联"} <= words
    found = [f"{name}: {word}" for name, text in chinese_texts() for word in words if word in text]
    for path in ENGLISH:
        text = prose(path.read_text(encoding="utf-8"))
        found += [
            f"{path.relative_to(ROOT)}: {word}"
            for word in NOT_WORDS
            if re.search(rf"\b{word}\b", re.sub("`[^`]*`", "", text))
        ]
        found += [f"{path.relative_to(ROOT)}: {each[0]}" for each in re.finditer(A_WECHAT, text)]
    assert found == []


def test_each_reader_is_addressed_in_one_way():
    """The glossary: users of a website are 您, developers and operators 你."""
    documents = [name for name, text in chinese_texts() if "您" in re.sub("“[^”]*”", "", text)]
    people = [*(ROOT / "templates").glob("*/zh/*.txt"), *(ROOT / each for each in ("templates", "codesvc/demo"))]
    operators = [ROOT / "codesvc" / room / "texts" / "zh.po" for room in ("cli", "web/admin")]
    people = [each / "texts" / "zh.po" if each.is_dir() else each for each in people]
    assert len(people) > 10
    other = [(path, "你") for path in people] + [(path, "您") for path in operators]
    found = [str(path.relative_to(ROOT)) for path, word in other if word in path.read_text(encoding="utf-8")]
    assert documents + found == []


A_WECHAT = re.compile(
    r"\b(?:a|an|one|another|each|every|bound|old|second) WeChat(?:'s)?\b"
    r"(?! [A-Za-z-]*(?:account|service|Official|platform|user|login|console|SDK|message|callback))"
)
"""WeChat is a platform; what a person has is a WeChat account."""


CATALOGUES = ("templates/texts", "codesvc/web/admin/texts", "codesvc/demo/texts")


def spoken(language):
    """Every text of pages and messages in a language, by the name of its file. The shop's ids are its English."""
    for path in sorted((ROOT / "templates").glob(f"*/{language}/*.txt")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for room in CATALOGUES:
        path, line = ROOT / room / f"{language}.po", "msgstr"
        if not path.exists():
            path, line = ROOT / room / "zh.po", "msgid"
        lines = path.read_text(encoding="utf-8").splitlines()
        yield path.relative_to(ROOT).as_posix(), "\n".join(each for each in lines if each.startswith((line, '"')))


SPOKEN_WECHAT = re.compile(
    r"\b(?:an?|another|this|the|bound|no|old|linked|one) WeChat\b(?! (?:account|message|chat|user|link)|[’'-])",
    re.IGNORECASE,
)


def test_texts_for_people_say_wechat_account():
    """WeChat is a platform. "Your WeChat" is how people speak; a certain one is a WeChat account (the glossary)."""
    texts = dict(spoken("en"))
    assert len(texts) > 30
    assert {name: found for name, text in texts.items() if (found := SPOKEN_WECHAT.findall(text))} == {}


def test_chinese_texts_for_people_use_the_glossarys_words():
    words = forbidden_words()
    # Where an account and a mini-program belong together, WeChat's console says 关联.
    texts = {name: text.replace("小程序未关联", "") for name, text in spoken("zh")}
    assert "解绑" in words
    assert {(name, word) for name, text in texts.items() for word in words if word in text} == set()


def test_english_is_spelt():
    pytest.importorskip("codespell_lib", reason="NOT TESTED: spelling needs the lint group")
    command = [sys.executable, "-m", "codespell_lib", *map(str, ENGLISH)]
    command += [str(path) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert checked.stdout + checked.stderr == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("验证码错误,请重试", "full-width"),
        ("用curl发送", "blank belongs"),
        ("读`proof`字段", "blank belongs"),
        ("好的， 继续", "no blank"),
    ],
)
def test_a_slip_is_found(text, said):
    assert any(said in fault for fault in style_faults(text))


def test_what_is_right_is_not():
    assert list(style_faults("用 curl 发送 `proof`，共 8 个字符（IPv6 按 /64）。")) == []
