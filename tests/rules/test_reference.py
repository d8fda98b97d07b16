"""The reference pages are those of the code, and everything on them has words in both languages."""

from __future__ import annotations

import re
import tomllib
from typing import get_args

import pytest

from codesvc.domain.verification import DeliveryStatus
from codesvc.sandbox.fault import Kind
from codesvc.sandbox.rights import Right
from codesvc.sandbox.settings import Settings
from codesvc.store.key_patterns import KINDS
from codesvc.web.problem_types import PROBLEMS
from docs.reference import pages
from docs.reference.alerts import alerts
from docs.reference.commands import commands
from docs.reference.options import option_anchor, settings
from docs.reference.sandbox import control_calls
from docs.reference.widget import events, options, properties
from docs.reference.words import LANGUAGES, ROOT, WORDS, Unwritten, told

OF_THE_PROXY = "502"
"""A status that the service never answers, and readers meet."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_is_that_of_the_code(name, language):
    """If this is red: give docs/reference/catalogue.toml the words it asks for, then `python -m docs.reference`."""
    checked_in = (ROOT / "docs" / language / f"{name}.md").read_text(encoding="utf-8")
    assert pages.page(name, language) == checked_in, "python -m docs.reference"


def test_the_catalogue_names_nothing_that_is_gone():
    helps = {action.help for _, parser, _ in commands() for action in parser._actions}
    there = {
        "config": {option.path for option in settings()},
        "cli": helps | {text for _, _, text in commands()},
        "events": set(pages.EVENT_SHAPES),
        "log": set(pages.log_lines()),
        "alerts": {alert.name for alert in alerts()},
        "states": {*DeliveryStatus, "pending"},
        "widget": {*options(), *events(), *properties()},
        "stored": KINDS,
        "sandbox-calls": set(control_calls()),
        "sandbox-faults": set(get_args(Kind)),
        "sandbox-settings": set(Settings.__dataclass_fields__),
        "sandbox-rights": set(Right),
        "statuses": {str(problem.status) for problem in PROBLEMS.values()} | {OF_THE_PROXY},
    }
    gone = {section: set(WORDS[section]) - names for section, names in there.items()}
    assert {section: names for section, names in gone.items() if names} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_is_in_the_table_by_status(language):
    table = pages.page("problems", language).partition("{#by-status}")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", table, re.MULTILINE))
    assert {name: f"#{name})" in rows[str(problem.status)] for name, problem in PROBLEMS.items()} == dict.fromkeys(
        PROBLEMS, True
    )


def test_the_sample_of_an_option_stands_in_its_table():
    """So that two options of one name can be told apart, and a sample pasted."""
    page = pages.page("configuration", "en")
    for option in settings():
        section = page.partition(f"{{#{option_anchor(option)}}}\n")[2].partition("\n### ")[0]
        found = tomllib.loads(section.partition("```toml\n")[2].partition("```")[0])
        for part in option.path.split("."):
            found = found[0] if isinstance(found, list) else found
            if part == "*":
                [found] = found.values()
            else:
                found = next((each for name, each in found.items() if name in {part, f"{part}_file"}), None)
            assert found is not None, (option.path, part)


def test_no_two_headings_of_the_configuration_have_one_name():
    names = re.findall(r"\{#([\w-]+)\}$", pages.page("configuration", "en"), re.MULTILINE)
    assert [name for name in names if names.count(name) > 1] == []


def test_what_has_no_words_is_named():
    with pytest.raises(Unwritten, match=r'\[config\] lacks "service.colour" \(zh\)'):
        told("config", "service.colour", "zh")
