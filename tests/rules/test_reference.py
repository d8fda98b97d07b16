"""The reference pages are those of the code, and everything on them has words in both languages."""

from __future__ import annotations

from typing import get_args

import pytest

from codesvc.domain.verification import DeliveryStatus
from codesvc.sandbox.fault import Kind
from codesvc.sandbox.rights import Right
from codesvc.sandbox.settings import Settings
from docs.reference import pages
from docs.reference.alerts import alerts
from docs.reference.commands import commands
from docs.reference.options import settings
from docs.reference.sandbox import control_calls
from docs.reference.stored_data import kinds
from docs.reference.widget import events, options, properties
from docs.reference.words import LANGUAGES, ROOT, WORDS, Unwritten, told


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
        "stored": kinds(),
        "sandbox-calls": set(control_calls()),
        "sandbox-faults": set(get_args(Kind)),
        "sandbox-settings": set(Settings.__dataclass_fields__),
        "sandbox-rights": set(Right),
    }
    gone = {section: set(WORDS[section]) - names for section, names in there.items()}
    assert {section: names for section, names in gone.items() if names} == {}


def test_what_has_no_words_is_named():
    with pytest.raises(Unwritten, match=r'\[config\] lacks "service.colour" \(zh\)'):
        told("config", "service.colour", "zh")
