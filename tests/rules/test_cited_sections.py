"""docs/decisions/rules.md says what every number stands for that a comment cites."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "decisions" / "rules.md"
_NUMBER = r"\d+(?:\.\d+)?"
_LIST = rf"{_NUMBER}(?:(?:, | and | to ){_NUMBER})*"
CITED = {
    "DESIGN": re.compile(rf"(?:DESIGN,? |\()rules? ({_LIST})"),
    "WECHAT": re.compile(rf"WECHAT\.md,?(?: sections?)? ({_LIST})"),
    "KINDS": re.compile(rf"KINDS\.md,?(?: sections?)? ({_LIST})"),
    "HOOKS": re.compile(rf"HOOKS ({_LIST})"),
}
PLACES = ("codesvc", "tests", "bench", "docs/reference")


def numbers(found):
    """The numbers of `9.1 to 9.3`, `1, 2` or `5 and 10`."""
    for first, last in re.findall(rf"({_NUMBER}) to ({_NUMBER})", found):
        head, _, begin = first.rpartition(".")
        end = last.rpartition(".")[2]
        yield from (f"{head}.{each}" if head else str(each) for each in range(int(begin), int(end) + 1))
    yield from re.findall(_NUMBER, found)


def cited(paper):
    paths = [path for place in PLACES for kind in ("*.py", "*.lua") for path in (ROOT / place).rglob(kind)]
    # A citation may go on in the next line of its comment.
    texts = (re.sub(r"\n\s*(?:#|--)?\s*", " ", path.read_text(encoding="utf-8")) for path in paths)
    return {number for text in texts for found in CITED[paper].findall(text) for number in numbers(found)}


def explained(paper):
    section = re.search(rf"^## {paper}\b.*?(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return set(re.findall(rf"^\| ({_NUMBER}) \|", section[0], re.MULTILINE))


@pytest.mark.parametrize("paper", CITED)
def test_every_number_that_is_cited_is_explained(paper):
    assert sorted(cited(paper) - explained(paper)) == []


def test_all_eleven_rules_are_there():
    assert explained("DESIGN") == {str(number) for number in range(1, 12)}


@pytest.mark.parametrize(
    ("text", "found"),
    [("9.1 to 9.3", {"9.1", "9.2", "9.3"}), ("1 to 3", {"1", "2", "3"}), ("6.5, 7.3 and 10", {"6.5", "7.3", "10"})],
)
def test_lists_and_ranges_are_read(text, found):
    assert set(numbers(text)) == found
