"""The tiles of the overview: what counts as usual, and from when on something is."""

from __future__ import annotations

import pytest

from codesvc.service.statistics.fields import Fact, field
from codesvc.service.statistics.series import SPANS, gathered
from codesvc.web.admin.recent import tiles

NOW = 1_900_000_000_000 // 900_000 * 900_000 + 899_000
"""The end of a quarter of an hour."""


def figures(span, minutes):
    """Ten starts in each of these minutes, counted backwards from now."""
    last = NOW // 60_000
    return gathered(SPANS[span], NOW, [(last - ago, {field("reset", Fact.ISSUED): 10}) for ago in minutes])


def issued(minutes):
    hour, day = figures("1h", [ago for ago in minutes if ago < 60]), figures("24h", minutes)
    return tiles(hour, day, day, ["reset"])[0]


@pytest.mark.parametrize(
    ("minutes", "usual"),
    [
        (range(24 * 60), 150),
        (range(3 * 60), 150),  # three hours old: not a seventh of it
        (range(75), 150),
        (range(60), None),  # younger than an hour: nothing is usual yet
        (range(10), None),
        ((), None),
    ],
)
def test_a_young_service_is_compared_with_its_own_time(minutes, usual):
    assert issued(minutes).usual == usual


def test_an_outage_shows_on_the_first_day():
    assert issued(range(14, 3 * 60)).alarming
    assert not issued(range(3 * 60)).alarming
