"""The plots of a run: the two calls, a journey by its steps, crowds beside their goals, growth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bench import calls, svg

if TYPE_CHECKING:
    from bench.crowd import Found as Crowd
    from bench.journey import Found as Journey

_MB, _SEEN_MS, _CHANGE, _BURST_MS, _CALLBACK_MS = 150, 50, 2, 1000, 50
"""Goals of crowds: memory with all pages, a change seen, one of many pages', a burst's and a callback's p99."""
_CUT: Final = 3.0
"""A bar of a crowd ends here, in goals, so that the others can be read."""


def two_calls(subjects: dict[str, calls.Subject]) -> str:
    """Floors and calls, in multiplexed floors."""
    floor = subjects["multiplexed"]
    told = {
        ("floor: " + name if name in calls.FLOORS else name): (
            subject.ratio(floor),
            f"{subject.ratio(floor):.2f}× ({subject.cpu_us:.0f} µs)",
        )
        for name, subject in subjects.items()
    }
    return svg.bars("CPU of the server process per request", told, floors=len(calls.FLOORS))


def steps(found: Journey, name: str = "sign-up by scan") -> str:
    """What each step of a journey costs the service, beside one request to the floor sent in the same way."""
    values = {"one request to the floor": found.floor}
    values |= {step: mine for step, (mine, _) in found.steps[name].items()}
    told = {step: (mine, f"{mine:,.0f} µs ({mine / found.floor:.1f}×)") for step, mine in values.items()}
    return svg.bars(f"CPU of the service by step: {name}", told, floors=1)


def crowds(found: Crowd) -> str:
    """Each figure in its goal: 1 is the goal."""
    one, many = found.same[0], found.same[-1]
    values = {
        f"{found.pages.count:,} open pages": (found.pages.resident_mb, _MB, "MB"),
        "a change reaches its page, p99": (found.pages.p99_ms, _SEEN_MS, "ms"),
        f"a change on {many.count:,} pages": (many.change_us / one.change_us, _CHANGE, "of one page's"),
        f"{found.burst['count']:,} starts in a second, p99": (found.burst["p99_ms"], _BURST_MS, "ms"),
        "500 callbacks beside 1,000 starts": (found.callbacks["p99_ms"], _CALLBACK_MS, "ms"),
    }
    told = {"the goal": (1.0, "1")}
    for name, (value, goal, unit) in values.items():
        figure = f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
        cut = " →" if value / goal > _CUT else ""
        told[name] = (min(value / goal, _CUT), f"{figure} {unit}{cut}")
    return svg.bars("Many people at once, as a part of each goal (bars end at 3)", told, floors=1)


def growth(points: list[dict[str, Any]]) -> str:
    """What calls cost service and store, in the floor of the same minutes, as the store fills."""
    lines = {
        f"{name}, the {part}": [point[f"{name}_{part}_ratio"] for point in points]
        for name in ("start", "check")
        for part in ("store", "service")
    }
    across = [point["verifications"] for point in points]
    return svg.curves("CPU per call in floors, by live verifications", across, lines, unit="×")
