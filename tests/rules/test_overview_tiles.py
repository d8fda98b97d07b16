"""The tiles of the overview: what counts as usual, and from when on something is."""

from __future__ import annotations

import pytest

from codesvc.service.statistics.fields import Fact, field
from codesvc.service.statistics.series import SPANS, gathered
from codesvc.web.admin.overview_tiles import tiles

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


def told(before, latest, *, hours=6, begun=()):
    """The tiles by name: `before` in each minute of the hours, `latest` in each of the last 30 minutes."""
    last = NOW // 60_000

    def of(counts):
        return {field("reset", fact): number for fact, number in counts.items()}

    minutes = [(last - ago, of(latest if ago < 30 else before)) for ago in range(hours * 60)]
    hour = gathered(SPANS["1h"], NOW, [(at, counts) for at, counts in minutes if last - at < 60])
    day = gathered(SPANS["24h"], NOW, minutes)
    return {tile.name: tile for tile in tiles(hour, day, day, ["reset"], begun)}


WELL = {Fact.ISSUED: 10, Fact.APPROVED: 10, Fact.FALLEN_BACK: 1}
FALLEN = {Fact.ISSUED: 10, Fact.APPROVED: 10, Fact.FALLEN_BACK: 10}


def test_the_time_of_an_incident_is_not_usual():
    assert told(WELL, FALLEN, begun=[NOW - 28 * 60_000])["fallback"].usual == pytest.approx(0.1)
    # With less than an hour before it, nothing is usual.
    assert told(WELL, FALLEN, hours=1, begun=[NOW - 28 * 60_000])["fallback"].usual is None
    # A cause that is older than all figures (a certificate's end) hides no effect that began later.
    assert told(WELL, FALLEN, begun=[1, NOW - 28 * 60_000])["fallback"].usual == pytest.approx(0.1)
    # All that is known lies within it: it has become the usual.
    assert told(WELL, WELL, begun=[NOW - 40 * 3_600_000])["fallback"].usual == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("before", "latest", "alarming"),
    [
        (7, 28, True),
        (8, 37, True),
        (0, 100, True),
        (60, 100, True),
        (81, 100, True),
        (7, 12, False),
        (0, 8, False),
        (60, 70, False),
        (100, 100, False),
    ],
)
def test_falling_back_is_alarming_by_one_rule(before, latest, alarming):
    shares = ({Fact.ISSUED: 100, Fact.FALLEN_BACK: share} for share in (before, latest))
    assert told(*shares, begun=[NOW - 29 * 60_000])["fallback"].alarming is alarming


def test_no_more_than_all_succeed():
    # Those that were started before the span and end in it are among its successes.
    many = {Fact.ISSUED: 10, Fact.APPROVED: 11}
    approved = told(many, many)["approved"]
    assert (approved.now, approved.usual, approved.span) == (1, 1, 1)
