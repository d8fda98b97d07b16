"""Parsing of rates such as `5/hour` and `100/30d`."""

import re

from codesvc.config.faults import UnfitError, suggestion
from codesvc.domain.limits import UNITS, Rate

_LETTERS = {name[0]: seconds for name, seconds in UNITS.items()}
_FORM = re.compile(r"([0-9]{1,9})/(?:([a-z]+)|([0-9]{1,9})([smhd]))")

# A limit is exact, so the store holds one time for each counted event of the window.
MOST_COUNTED = 100_000
LONGEST_WINDOW = 366 * 86_400
_MOST_RATES = 8


def rate(text: str) -> Rate:
    """Parse one rate, such as `10/hour`, `600/minute`, `100/30d` or `3/90s`.

    Raises:
        UnfitError: not of that form, no event allowed, or a window with more events than the store should hold.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise UnfitError('is not a rate; write it like "5/hour", "600/minute" or "100/30d"')
    count, unit, length, letter = match.groups()
    if unit is not None and unit not in UNITS:
        raise UnfitError(f"has an unknown unit of time; use one of {', '.join(UNITS)}{suggestion(unit, UNITS)}")
    found = Rate(int(count), UNITS[unit] if unit is not None else int(length) * _LETTERS[letter])
    if not 1 <= found.count <= MOST_COUNTED:
        raise UnfitError(f"must allow between 1 and {MOST_COUNTED} events")
    if not 1 <= found.seconds <= LONGEST_WINDOW:
        raise UnfitError("must have a window between one second and 366 days")
    return found


def rates(raw: object) -> tuple[Rate, ...]:
    """Parse the value of a limit: one rate, a list of rates that all apply, or `"none"`.

    Raises:
        UnfitError: as `rate`; also for an empty list, which could mean "no limit" or "nothing allowed".
    """
    if raw == "none":
        return ()
    listed = [raw] if isinstance(raw, str) else raw
    if not isinstance(listed, list | tuple) or not all(isinstance(text, str) for text in listed):
        raise UnfitError('must be a list of rates such as ["5/hour", "10/day"], or "none"')
    if not listed:
        raise UnfitError('is empty; write "none" to lift the limit')
    if len(listed) > _MOST_RATES:
        raise UnfitError(f"has more than {_MOST_RATES} rates")
    return tuple(rate(text) for text in listed)
