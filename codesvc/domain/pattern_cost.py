"""How long a regular expression may search a text: an upper bound, read from the expression alone. Pure.

Python's engine tries one way of matching after the other. Where two parts of an expression can share the same
characters, the ways multiply: `(a|a)*b` and `.*.*.*x` take hours on a line of text, and nothing can interrupt them.
Turns multiply too where they match nothing: `(?:(?:){3000}){3000}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from re import _parser as parser  # type: ignore[attr-defined]  # no public module reads them
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENDLESS: Final = 10**18
"""More than any text allows; numbers are not counted further."""
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_CHARACTERS: Final = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN"})
_CHARACTERS_OF_STEP: Final = 50
"""A repeated character is compared in a loop of its own, as fast as this."""


@dataclass(frozen=True)
class _Cost:
    """What a part of an expression takes from one place of the text.

    Attributes:
        ways: in how many ways it can match there. What stands behind it is tried for each.
        steps: how many steps it takes to try all of them.
    """

    ways: int = 1
    steps: int = 1


def most_steps(pattern: str, length: int) -> int:
    """An upper bound of the steps in which a pattern is searched in a text of so many characters.

    Raises:
        re.error, RecursionError, OverflowError: it is not a regular expression.
    """
    parsed = parser.parse(pattern)
    return min(_ENDLESS, length * _Reader(length, parsed.state.groupwidths).sequence(parsed).steps)


class _Reader:
    """Reads the parts of one expression.

    Args:
        length: how many characters the text has.
        widths: the least and the greatest length that each group can match.
    """

    def __init__(self, length: int, widths: Sequence[tuple[int, int] | None]) -> None:
        self._length = length
        self._widths = widths

    def sequence(self, items: Sequence[tuple[Any, Any]]) -> _Cost:
        """The cost of one part after the other."""
        ways, steps = 1, 1
        for code, value in items:
            each = self._part(str(code), value)
            steps += ways * each.steps
            ways *= each.ways
            if max(ways, steps) >= _ENDLESS:
                return _Cost(_ENDLESS, _ENDLESS)
        return _Cost(ways, steps)

    def _part(self, code: str, value: Any) -> _Cost:
        match code:
            case "SUBPATTERN":
                return self.sequence(value[-1])
            case "ATOMIC_GROUP":
                return _Cost(steps=self.sequence(value).steps)
            case "ASSERT" | "ASSERT_NOT":
                return _Cost(steps=self.sequence(value[1]).steps)
            case "BRANCH":
                return self._branches(value[1])
            case "GROUPREF_EXISTS":
                return _either([self.sequence(each) for each in value[1:] if each is not None])
            case "GROUPREF":
                width = self._widths[value]
                return _Cost(steps=1 + min(width[1] if width else self._length, self._length) // _CHARACTERS_OF_STEP)
            case _ if code in _REPEATS:
                return self._repeated(*value)
            case _:
                return _Cost()

    def _branches(self, branches: Sequence[Sequence[tuple[Any, Any]]]) -> _Cost:
        each = [self.sequence(branch) for branch in branches]
        # Of branches that begin with different texts, at most one can match.
        if all(_differ(one, other) for one, other in combinations(map(_beginning, branches), 2)):
            return _Cost(max(cost.ways for cost in each), len(each) + max(cost.steps for cost in each))
        return _either(each)

    def _repeated(self, least: int, most: int, body: Any) -> _Cost:
        narrowest, _ = body.getwidth()
        # A part that can be empty is repeated as often as the expression says, whatever the text has.
        turns = min(int(most), max(int(least), self._length // max(narrowest, 1)))
        if len(body) == 1 and str(body[0][0]) in _CHARACTERS:
            return _Cost(turns - least + 1, 1 + turns // _CHARACTERS_OF_STEP)
        once = self.sequence(body)
        if once.ways == 1:
            return _Cost(turns - least + 1, once.steps * turns)
        # Each turn has these ways anew. A sum of powers, of which the greatest decides.
        if turns * once.ways.bit_length() > _ENDLESS.bit_length() * 2:
            return _Cost(_ENDLESS, _ENDLESS)
        powers = [once.ways**turn for turn in range(turns + 1)]
        return _Cost(min(_ENDLESS, sum(powers[least:])), min(_ENDLESS, once.steps * sum(powers)))


def _either(costs: Sequence[_Cost]) -> _Cost:
    return _Cost(sum(cost.ways for cost in costs), len(costs) + sum(cost.steps for cost in costs))


def _beginning(items: Sequence[tuple[Any, Any]]) -> str:
    found: list[str] = []
    for code, value in items:
        if str(code) != "LITERAL":
            break
        found.append(chr(value))
    return "".join(found)


def _differ(one: str, other: str) -> bool:
    """Whether two beginnings cannot match the same text, also where the expression ignores case."""
    return any(
        re.fullmatch(re.escape(left), right, re.IGNORECASE) is None for left, right in zip(one, other, strict=False)
    )
