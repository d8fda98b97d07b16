"""How long a regular expression may search a text: an upper bound, read from the expression alone. Pure.

Python's engine tries one way of matching after the other. Where two parts of an expression can share the same
characters, the ways multiply: `(a|a)*b` and `.*.*.*x` take hours on a line of text, and nothing can interrupt them.
"""

from collections.abc import Sequence
from itertools import combinations
from re import _parser as parser  # type: ignore[attr-defined]  # no public module reads them
from typing import Any, Final

_ENDLESS: Final = 10**18
"""More than any text allows; numbers are not counted further."""
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


def most_steps(pattern: str, length: int) -> int:
    """An upper bound of the ways that are tried where a pattern is searched in a text of so many characters.

    Raises:
        re.error, RecursionError, OverflowError: it is not a regular expression.
    """
    return min(_ENDLESS, length * _ways(list(parser.parse(pattern)), length, last=True))


def _ways(items: Sequence[tuple[Any, Any]], length: int, *, last: bool) -> int:
    """In how many ways a sequence can match from one place. Nothing is tried again behind the `last` part."""
    ways = 1
    for number, (code, value) in enumerate(items, 1):
        ways *= _of(str(code), value, length, last=last and number == len(items))
        if ways >= _ENDLESS:
            return _ENDLESS
    return ways


def _of(code: str, value: Any, length: int, *, last: bool) -> int:
    match code:
        case "SUBPATTERN":
            return _ways(list(value[-1]), length, last=last)
        case "ATOMIC_GROUP":
            return _ways(list(value), length, last=last)
        case "ASSERT" | "ASSERT_NOT":
            return _ways(list(value[1]), length, last=True)
        case "BRANCH":
            return _branches([list(each) for each in value[1]], length, last=last)
        case "GROUPREF_EXISTS":
            return sum(_ways(list(each), length, last=last) for each in value[1:] if each is not None)
        case _ if code in _REPEATS:
            return _repeated(value, length, last=last)
        case _:
            return 1


def _branches(branches: Sequence[Sequence[tuple[Any, Any]]], length: int, *, last: bool) -> int:
    each = [_ways(branch, length, last=last) for branch in branches]
    # Of branches that begin with different texts, at most one can match.
    apart = all(_differ(one, other) for one, other in combinations(map(_beginning, branches), 2))
    return max(each) if apart else sum(each)


def _beginning(items: Sequence[tuple[Any, Any]]) -> list[int]:
    found: list[int] = []
    for code, value in items:
        if str(code) != "LITERAL":
            break
        found.append(value)
    return found


def _differ(one: Sequence[int], other: Sequence[int]) -> bool:
    return any(left != right for left, right in zip(one, other, strict=False))


def _repeated(value: tuple[Any, Any, Any], length: int, *, last: bool) -> int:
    least, most, inside = int(value[0]), min(int(value[1]), length), list(value[2])
    ways = _ways(inside, length, last=False)
    if ways == 1:
        return 1 if last else max(1, most - least + 1)
    # Each turn has these ways anew. A sum of powers, of which the greatest decides.
    if most * ways.bit_length() > _ENDLESS.bit_length() * 2:
        return _ENDLESS
    total: int = sum(ways**turns for turns in range(least, most + 1))
    return min(_ENDLESS, total)
