"""The arithmetic of guessing, by hand."""

import math
from dataclasses import replace

import pytest

from codesvc.config import Limits, LocalText, Purpose, Rate
from codesvc.doctor.odds import chance, most_in, odds, one_in, sustained_a_day
from codesvc.doctor.odds_findings import _judge
from codesvc.domain.codes import ALPHABET_NAMES, ALPHABETS, CodeFormat
from codesvc.domain.guessing import BLIND_SHARE, blind_budgets, blind_rates, formats_of

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
    # The site's budget of 1,000, then 400 blind guesses among a million codes and 40,000 among a hundred million. The
    # other attempts of 105,000 codes of the day are among ten thousand million.
    found = odds(RESET, Limits())
    assert found.short_guesses == 1_000 + 400
    assert found.long_guesses == 40_000
    assert found.longest_guesses == 525_000 - 41_400
    assert found.anyone < 1 / 500
    assert one_in(found.anyone) == "1 in 542"


@pytest.mark.parametrize("purpose", [RESET, Purpose(name=LocalText("注册", "Sign-up"), scan="open")])
def test_the_default_is_no_warning_and_a_budget_twice_as_large_is_one(purpose):
    assert _judge("x", odds(purpose, Limits())).status == "ok"
    assert _judge("x", odds(purpose, replace(Limits(), site_guesses=(Rate(2_000, DAY),)))).status == "warn"


def test_where_both_formats_are_the_same_they_share_a_budget():
    found = odds(replace(RESET, long_code_length=6), Limits())
    assert (found.short_guesses, found.long_guesses) == (1_400, 0)
    assert found.longest_guesses == 525_000 - 1_400


def test_a_budget_that_starts_cannot_use_up_is_not_counted_in_full():
    few = replace(Limits(), site_starts=(Rate(100, DAY),))
    assert odds(RESET, few).short_guesses == 500


def test_without_a_guess_budget_all_attempts_of_all_messages_count():
    found = odds(RESET, replace(Limits(), site_guesses=()))
    assert (found.short_guesses, found.long_guesses) == (525_000, 0)
    assert found.longest_guesses == 0


def test_blind_budgets_are_a_share_of_the_codes_and_none_where_codes_are_many():
    budgets = blind_budgets()
    assert budgets["d4"] == (Rate(4, DAY),)
    assert budgets["d6"] == (Rate(400, DAY),)
    assert budgets["mc"] == ()
    assert all(
        rate.count <= size * BLIND_SHARE or rate.count == 1
        for tag, rates in budgets.items()
        for rate in rates
        for size in [len(ALPHABETS[tag[0]]) ** int(tag[1], 16)]
    )


def test_longer_codes_are_safer():
    six, eight = odds(RESET, Limits()), odds(replace(RESET, code_length=8), Limits())
    assert six.user / eight.user == pytest.approx(100, rel=1e-3)
    assert eight.anyone < six.anyone / 4


@pytest.mark.parametrize("alphabet", list(ALPHABET_NAMES))
@pytest.mark.parametrize(("length", "long"), [(4, 4), (6, 8), (9, 9), (12, 12)])
def test_the_longest_codes_have_no_budget_and_the_odds_of_all_are_those_of_the_others(alphabet, length, long):
    usual, longer, longest = formats_of(alphabet, length, long)
    assert (usual.length, longer.length) == (length, long)
    assert not blind_rates(longest)
    assert longest == longer or blind_rates(CodeFormat(longest.alphabet, longest.length - 1))
    found = odds(replace(RESET, code_alphabet=alphabet, code_length=length, long_code_length=long), Limits())
    assert found.longest_guesses / longest.size < 2e-4
    none = odds(replace(RESET, code_length=10), replace(Limits(), site_starts=(), gateway_messages=()))
    assert 0 <= none.anyone <= 1


def test_lifted_limits_are_called_what_they_are():
    none = Limits(**dict.fromkeys(Limits.__slots__, ()))
    found = odds(RESET, none)
    assert found.user == 1
    assert found.user_guesses == math.inf
