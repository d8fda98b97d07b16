"""Both languages say everything, with the same values."""

from __future__ import annotations

from string import Formatter

import pytest

from codesvc.verification import DeliveryStatus, Status
from codesvc.web.texts import LANGUAGES, Speech
from codesvc.web.texts.chinese import CHINESE
from codesvc.web.texts.english import ENGLISH


def values_of(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_same_keys():
    assert set(CHINESE) == set(ENGLISH)


@pytest.mark.parametrize("key", CHINESE)
def test_no_value_is_wanted_in_one_language_only(key):
    # A value may be left out where the sentence needs none, but none may be wanted that the page does not give.
    assert values_of(ENGLISH[key]) <= values_of(CHINESE[key]) | {"account", "site"}
    assert values_of(CHINESE[key]) <= values_of(ENGLISH[key]) | {"account", "site"}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_state_has_its_words(locale):
    stages = {*DeliveryStatus, *Status, "auto", "replied", "fallback", "failed.no-binding"} - {"pending"}
    for stage in stages:
        for part in ("title", "hint"):
            assert Speech(locale)(f"{stage}.{part}", account="号", site="站")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "1 秒"), (59, "59 秒"), (121, "3 分钟"), (3600, "60 分钟"), (7201, "3 小时")]
)
def test_waits_are_said_as_people_do(seconds, said):
    assert Speech("zh").wait(seconds) == said
