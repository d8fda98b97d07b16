"""The code on pages: the excerpts are lines of programs that a test runs, and comments are in the page's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.doctor.samples import comments, meaning, without_comments
from tests.doctor.test_documents import BLOCK

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXCERPTS = [
    # page, language of the block, what the lines are from; tests/integrations runs the programs, tests/ops the proxy
    ("password-reset", "python", "docs/en/integrating-flask.md"),
    ("deploying", "caddy", "ops/caddy/Caddyfile"),
    ("deploying", "nginx", "ops/nginx/codesvc-limits.conf ops/nginx/codesvc.conf"),
]
ENGLISH_WORDS = re.compile(r"\b[A-Za-z]?[a-z']+ [a-z']+ [a-z']+\b")
HAN = re.compile("[\u3400-\u9fff]")


def blocks(path, language):
    return [code for kind, code in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


def is_within(lines, whole):
    """Whether all lines stand in the other in this order; some of it may be left out between them."""
    rest = iter(whole)
    return all(line in rest for line in lines)


@pytest.mark.parametrize("side", ["zh", "en"])
@pytest.mark.parametrize(("page", "language", "source"), EXCERPTS)
def test_an_excerpt_is_made_of_lines_that_a_test_runs(page, language, source, side):
    whole = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in source.split())
    if source.endswith(".md"):
        whole = "\n".join(blocks(ROOT / source, language))
    excerpt, *_ = blocks(DOCS / side / f"{page}.md", language)  # a second block has a test of its own in tests/ops
    lines = without_comments(language, excerpt)
    assert len(lines) > 7
    # Calls of a program stand in its order or not: each part, up to an empty line, is in order by itself.
    for part in excerpt.split("\n\n"):
        assert is_within(without_comments(language, part), without_comments(language, whole)), part


FIXED = re.compile(
    r"""[\w.-]*(?:secret(?:_?key)?|passphrase|salt)["']?(?: *[=:] *| +)(?:["']([^"'\n]+)["']|(?<=phrase )(\S+))""",
    re.IGNORECASE,
)
"""A value that stands where a program has a secret of its own."""
HARMLESS = re.compile(r"SECRET|''|exec:.*\brand\b.*")
"""What no issuer has given, no secret at all, or one that the program draws."""


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: str(path.relative_to(DOCS)))
def test_no_secret_that_works_as_it_is_printed_stands_in_a_sample(path):
    """Whoever leaves it as it is has a secret that everybody can read here."""
    code = "".join(code for _, code in BLOCK.findall(path.read_text(encoding="utf-8")))
    found = [quoted or bare for quoted, bare in FIXED.findall(code)]
    assert [each for each in found if not HARMLESS.fullmatch(each)] == []


def english_comments(text):
    """Comments of a page's code in English sentences."""
    found = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    said = [each for language, code in found for each in comments(language, code)]
    return [each for each in said if ENGLISH_WORDS.search(each) and not HAN.search(each)]


def test_comments_of_chinese_pages_are_chinese():
    pages = [ROOT / "README.zh-CN.md", *sorted((DOCS / "zh").rglob("*.md"))]
    found = {path.name: english_comments(path.read_text(encoding="utf-8")) for path in pages}
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize(
    ("language", "one", "other", "same"),
    [
        (
            "python",
            'def f():\n    """Does it."""\n    return 1  # one\n',
            'def f():\n    """做。"""\n    return 1\n',
            True,
        ),
        ("python", "f(1)  # one\n", "f(2)  # 一\n", False),
        ("python", 'f("#1")\n', 'f("#2")\n', False),
        ("js", 'go("https://a"); // there\n', 'go("https://a"); // 去\n', True),
        ("js", 'go("https://a"); // there\n', 'go("https://b"); // there\n', False),
        ("php", "/** What it\n * does. */\n$a = '//';\n", "/** 做什么。 */\n$a = '//';\n", True),
        ("sh", "# 1. Look.\nls a#b\n", "# 1. 看。\nls a#b\n", True),
        ("sh", "ls a#b\n", "ls a#c\n", False),
    ],
)
def test_only_comments_may_differ(language, one, other, same):
    assert (meaning(language, one) == meaning(language, other)) is same


def test_a_comment_in_english_is_found():
    page = "```python\nx = 1  # what the person typed\n```\n\n    ```toml\n    a = 1  # all of them are\n    ```\n"
    assert len(english_comments(page)) == 2
    assert english_comments('```sh\ncurl "$A/b"  # 打印 https://a.example\n```\n') == []


def test_a_line_that_no_program_has_is_found():
    assert not is_within(["a", "c"], ["a", "b"])
    assert is_within(["a", "c"], ["a", "b", "c"])


def test_uninstalling_removes_what_installing_made():
    for side in ("zh", "en"):
        made = "\n".join(blocks(DOCS / side / "deploying.md", ""))
        [gone] = [code for code in blocks(DOCS / side / "operating.md", "") if "userdel" in code]
        unit = (ROOT / "ops" / "systemd" / "codesvc.service").read_text(encoding="utf-8")
        places = {*re.findall(r"/(?:opt|etc|var/lib)/codesvc\b", made + unit)}
        units = {path.name for path in (ROOT / "ops" / "systemd").glob("codesvc.*")}
        assert len(places) == 3
        assert [each for each in sorted(places) if not re.search(rf"^rm -r .*{each}\b", gone, re.MULTILINE)] == []
        assert [each for each in sorted(units) if f"/etc/systemd/system/{each}" not in gone] == []
        assert re.search(r"useradd .* (\w+)$", made, re.MULTILINE)[1] in gone.splitlines()[-1]
        export, stop = gone.index("bindings export"), gone.index("systemctl disable --now")
        assert export < stop < gone.index("rm ")
