"""docs/decisions/threat-model.md: each row of the threat model names where it is met and a test that tries it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "threat-model.md"
LINK = re.compile(r"\[([^\]]+)\]\(([^)#]+)(?:#([^)]*))?\)")
HERE = "[codes.py](../../codesvc/domain/codes.py)"
TEST = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)


def rows(text):
    """The cells of each row of the threat model: attack, rule, where, test."""
    table = text.partition("| attack | rule | where | test |\n")[2].partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def faults(text, page=PAGE):
    """What is wrong with the threat model, a sentence each."""
    found = []
    for attack, *cells in rows(text):
        if len(cells) != 3 or not all([attack, *cells]):
            found.append(f"{attack}: it has not four cells")
            continue
        where, tests = LINK.findall(cells[1]), LINK.findall(cells[2])
        if not where:
            found.append(f"{attack}: names no place")
        found += [f"{attack}: there is no {path}" for _, path, _ in where + tests if not (page.parent / path).exists()]
        found += [
            f"{attack}: {shown} is called {Path(path).name}"
            for shown, path, _ in where + tests
            if "." in shown and shown != Path(path).name
        ]
        named = [page.parent / path for _, path, _ in tests if Path(path).name.startswith("test_")]
        functions = {name for path in named if path.exists() for name in TEST.findall(path.read_text(encoding="utf-8"))}
        if not functions:
            found.append(f"{attack}: names no file of tests with a test in it")
        found += [
            f"{attack}: there is no {name}" for name in re.findall(r"`(test_\w+)`", cells[2]) if name not in functions
        ]
    return found


def test_every_row_of_the_threat_model_names_a_test_that_exists():
    text = PAGE.read_text(encoding="utf-8")
    assert len(rows(text)) > 40
    assert faults(text) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"| steal | 1 | {HERE} | |", "not four cells"),
        (f"| steal | 1 | {HERE} | by thought |", "names no file of tests"),
        (f"| steal | 1 | {HERE} | [test_gone.py](../../tests/rules/test_gone.py) |", "no ../../tests"),
        (f"| steal | 1 | {HERE} | [world.py](../../tests/world.py) |", "names no file of tests"),
        ("| a | 1 | [old.py](../../codesvc/domain/codes.py) | [test_texts.py](test_texts.py) |", "is called codes.py"),
        ("| steal | 1 | here | [test_texts.py](../../tests/rules/test_texts.py) |", "names no place"),
        (f"| a | 1 | {HERE} | [test_races.py](../../tests/scripts/test_races.py) `test_no` |", "no test_no"),
    ],
)  # fmt: skip
def test_a_row_without_one_is_found(row, said):
    head = "| attack | rule | where | test |\n| --- | --- | --- | --- |\n"
    assert any(said in each for each in faults(head + row + "\n\nmore")), faults(head + row + "\n\nmore")
