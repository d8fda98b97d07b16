"""How likely a guesser is to hit a code, from the limits and the formats alone. Pure; an upper bound, not an estimate.

One user. A guess can only hit where a code has gone to somebody (DESIGN rule 5), and only the service sends it. So on
the worst day no more guesses count than

    min( wrong guesses a user's budget allows in a day,  pushes a user may get in a day x attempts of each code )

each of which hits with 1/N, where N is the number of codes of the format. Over many days the slowest of the budget's
rates counts: 100 in 30 days are 3.3 a day, however they are spread.

Any user. The attacker has many addresses and many names, and wants one of them. Per site and purpose a day holds

    short codes:  the site's guess budget, and on top what was live when it ran out:
                  starts in the longest life of a code x attempts
    long codes:   all further verifications of the day x attempts

and verifications a day are bounded by the site's starts and by how many messages WeChat carries a day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.domain.codes import ALPHABET_NAMES, CodeFormat
from codesvc.domain.quota import ASSUMED_DAILY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.config import Limits, Purpose, Rate

DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Odds:
    """Chances a day, from 0 to 1, and the counts they come from.

    Attributes:
        user: to guess one given user's code, on the worst day.
        user_sustained: the same, on average over a long time.
        anyone: to guess any user's code, on the worst day.
        user_guesses: guesses at one user that count on the worst day; infinite without a limit.
        short_guesses: guesses at codes of the normal length, over all users, on the worst day.
        long_guesses: the same for the long ones.
        space: how many codes of the normal length there are.
        long_space: how many of the long ones.
    """

    user: float
    user_sustained: float
    anyone: float
    user_guesses: float
    short_guesses: float
    long_guesses: float
    space: int
    long_space: int


def most_in(rates: Iterable[Rate], seconds: float) -> float:
    """The most events that all of the rates allow together in a span; infinite without rates.

    A rate of N in every T lets N happen in a burst at the start, and N more after each T.
    """
    return min((rate.count * math.ceil(seconds / rate.seconds) for rate in rates), default=math.inf)


def sustained_a_day(rates: Iterable[Rate]) -> float:
    """Events a day that the rates allow for ever."""
    return min((rate.count * DAY / rate.seconds for rate in rates), default=math.inf)


def chance(guesses: float, space: int) -> float:
    """The chance that at least one of so many guesses, each at 1/space, hits."""
    if math.isinf(guesses):
        return 1.0
    return -math.expm1(guesses * math.log1p(-1 / space))


def odds(purpose: Purpose, limits: Limits, *, messages_a_day: int = ASSUMED_DAILY) -> Odds:
    """The odds for one purpose of a site.

    Args:
        purpose: formats and attempts.
        limits: the site's.
        messages_a_day: how many codes WeChat carries for the account in a day.
    """
    alphabet = ALPHABET_NAMES[purpose.code_alphabet]
    short = CodeFormat(alphabet, purpose.code_length).size
    long = CodeFormat(alphabet, max(purpose.code_length, purpose.long_code_length)).size

    carried = most_in(limits.user_pushes, DAY) * purpose.attempts
    guesses = min(most_in(limits.user_guesses, DAY), carried)
    sustained = min(sustained_a_day(limits.user_guesses), sustained_a_day(limits.user_pushes) * purpose.attempts)

    started = min(most_in(limits.site_starts, DAY), messages_a_day) * purpose.attempts
    live = min(most_in(limits.site_starts, purpose.code_max_life), messages_a_day) * purpose.attempts
    shorts = min(most_in(limits.site_guesses, DAY) + live, started)
    longs = max(0.0, started - shorts)
    missed = (1 - chance(shorts, short)) * (1 - chance(longs, long))
    return Odds(
        user=chance(guesses, short),
        user_sustained=chance(sustained, short),
        anyone=1 - missed,
        user_guesses=guesses,
        short_guesses=shorts,
        long_guesses=longs,
        space=short,
        long_space=long,
    )


def one_in(probability: float) -> str:
    """A chance as people say it: `1 in 20,000`."""
    return f"1 in {round(1 / probability):,}" if probability > 0 else "none"
