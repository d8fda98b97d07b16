"""How many blind guesses a site takes after its guess budget is spent (decision 23).

A guess is blind while no WeChat account has claimed the verification by a signed callback: then its code may have been
pushed to a person who asked for nothing. Past `site_guesses` an attacker could still use every attempt of every code
that is live. So from then on blind guesses have a budget of their own for each code format, a small share of its codes.
Past that a code counts only after a scan, or the person starts again; claimed verifications are not affected. A start
gets a code of the next format before the budget of one is spent, and the last format has none (decision 93).
"""

from typing import Final

from codesvc.domain.codes import ALPHABET_NAMES, ALPHABETS, MAX_LENGTH, MIN_LENGTH, CodeFormat
from codesvc.domain.limits import Rate

BLIND_SHARE: Final = 4e-4
"""Blind guesses past the site's guess budget in a day, as a share of the codes of their format."""
_DAY: Final = 86_400
_MOST_COUNTED: Final = 1_000_000
"""Budgets above this are not a limit: no site gets that many guesses in a day, and their times would fill the store."""


def blind_rates(form: CodeFormat) -> tuple[Rate, ...]:
    """The budget of blind guesses at codes of this format, for each purpose of a site; () for none."""
    count = max(1, int(form.size * BLIND_SHARE))
    return (Rate(count, _DAY),) if count <= _MOST_COUNTED else ()


def formats_of(alphabet: str, length: int, long_length: int) -> tuple[CodeFormat, CodeFormat, CodeFormat]:
    """The formats of a purpose's codes: the usual one, the longer one, and the shortest from there without a budget."""
    letter = ALPHABET_NAMES[alphabet]
    usual, longer = CodeFormat(letter, length), CodeFormat(letter, max(length, long_length))
    lengths = range(longer.length, MAX_LENGTH + 1)
    return usual, longer, next(form for form in (CodeFormat(letter, each) for each in lengths) if not blind_rates(form))


def blind_budgets() -> dict[str, tuple[Rate, ...]]:
    """The budget of each code format, by the tag that ids carry."""
    forms = [CodeFormat(letter, length) for letter in ALPHABETS for length in range(MIN_LENGTH, MAX_LENGTH + 1)]
    return {form.tag: blind_rates(form) for form in forms}
