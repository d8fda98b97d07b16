"""The arithmetic of guessing, by hand."""

import math
from dataclasses import replace

import pytest

from codesvc.config import Limits, LocalText, Purpose, Rate
from codesvc.doctor.odds import chance, most_in, odds, one_in, sustained_a_day

DAY = 86_400
RESET = Purpose(name=LocalText("重置", "reset"))


def test_a_burst_at_the_start_and_one_after_each_window():
    assert most_in([Rate(10, 3600)], DAY) == 240
    assert most_in([Rate(10, 3600), Rate(100, 30 * DAY)], DAY) == 100
    assert most_in([Rate(600, 60)], 601) == 11 * 600
    assert most_in([], DAY) == math.inf
    assert sustained_a_day([Rate(10, 3600), Rate(100, 30 * DAY)]) == pytest.approx(100 / 30)


def test_chances_are_exact_for_small_and_large_spaces():
    assert chance(1, 10) == pytest.approx(0.1)
    assert chance(2, 10) == pytest.approx(0.19)
    assert chance(50, 10**6) == pytest.approx(1 - (1 - 1e-6) ** 50)
    assert chance(math.inf, 10**12) == 1
    assert chance(0, 10) == 0


def test_one_user_with_the_defaults():
    # 10 codes a day may be pushed, 5 attempts each: 50 guesses count, fewer than the 100 that the budget allows.
    found = odds(RESET, Limits())
    assert found.user_guesses == 50
    assert one_in(found.user) == "1 in 20,000"
    assert one_in(found.user_sustained) == "1 in 300,000"


def test_the_budget_rules_where_it_is_tighter_than_the_pushes():
    tight = replace(Limits(), user_guesses=(Rate(20, DAY),))
    assert odds(RESET, tight).user_guesses == 20


def test_any_user_with_the_defaults():
    # The site's budget of 1,000, and 5 attempts at each of the 6,000 codes that can be live when it runs out.
    found = odds(RESET, Limits())
    assert found.short_guesses == 1_000 + 600 * 10 * 5
    assert found.long_guesses == 100_000 * 5 - 31_000
    assert 0.03 < found.anyone < 0.04


def test_longer_codes_are_a_hundred_times_safer():
    six, eight = odds(RESET, Limits()), odds(replace(RESET, code_length=8), Limits())
    assert six.user / eight.user == pytest.approx(100, rel=1e-3)
    assert eight.anyone < 0.006


def test_lifted_limits_are_called_what_they_are():
    none = Limits(**dict.fromkeys(Limits.__slots__, ()))
    found = odds(RESET, none)
    assert found.user == 1
    assert found.user_guesses == math.inf
