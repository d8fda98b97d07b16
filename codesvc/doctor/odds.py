"""The chance of guessing a code, computed from the limits and code formats. An upper bound, not an estimate; no I/O.

One user. A guess can succeed only if a code was sent to a person (DESIGN rule 5), and only the service sends codes. So
on the worst day at most this many guesses count:

    min( wrong guesses a user's budget allows in a day,  pushes a user may get in a day x attempts of each code )

Each guess succeeds with the chance 1/N, where N is the number of codes of the format. Over many days the slowest rate
of the budget decides: 100 in 30 days are 3.3 a day on average.

The same holds for one contact, whoever the codes are for: a sign-up has another user each time, so wrong codes count
for the phone number or e-mail address too (decision 50).

Any user. The attacker has many addresses and many user names, and tries to guess the code of any of them. For each
site and purpose a day has at most these guesses (decision 23, `codesvc.domain.guessing`):

    short codes:  the site's guess budget; when it is spent, the budget of blind guesses at codes of this format too
    long codes:   the budget of blind guesses at codes of that format; they are made only after the site's is spent
    longest ones: all other attempts of the codes that can be sent; they are made when that budget is half spent

If two formats are the same, they share one budget of blind guesses. Without `site_guesses` none of this applies: then
all attempts of all verifications count, as many as the site's limit of starts, WeChat's daily message quota and the
site's limit of gateway messages allow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.domain.guessing import blind_rates, formats_of
from codesvc.domain.quota import ASSUMED_DAILY
from codesvc.domain.wechat_server import MOST_LIVE, space

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.config import Limits, Purpose, Rate
    from codesvc.config.settings import WechatServer

DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Odds:
    """Chances a day, from 0 to 1, and the counts they come from.

    Attributes:
        user: the chance to guess the code of one given user, on the worst day.
        user_sustained: the chance to guess the code of one user, as a daily average over a long time.
        anyone: the chance to guess the code of any user, on the worst day.
        user_guesses: the guesses for one user that count on the worst day; infinite without a limit.
        short_guesses: the guesses for codes of normal length, over all users, on the worst day.
        long_guesses: the guesses for long codes, over all users, on the worst day.
        longest_guesses: the guesses for codes of the format without a budget, over all users, on the worst day.
    """

    user: float
    user_sustained: float
    anyone: float
    user_guesses: float
    short_guesses: float
    long_guesses: float
    longest_guesses: float


def most_in(rates: Iterable[Rate], seconds: float) -> float:
    """The maximum number of events in a period that satisfies all rates; infinite without rates.

    A rate of N in every T allows N events at the start, and N more after each T.
    """
    return min((rate.count * math.ceil(seconds / rate.seconds) for rate in rates), default=math.inf)


def sustained_a_day(rates: Iterable[Rate]) -> float:
    """The number of events a day that the rates allow on average over a long time."""
    return min((rate.count * DAY / rate.seconds for rate in rates), default=math.inf)


def chance(guesses: float, space: int) -> float:
    """The chance that at least one guess succeeds, when each succeeds with 1/space."""
    if math.isinf(guesses):
        return 1.0
    return -math.expm1(guesses * math.log1p(-1 / space))


def odds(purpose: Purpose, limits: Limits) -> Odds:
    """The odds for one purpose of a site with these limits."""
    usual, longer, longest = formats_of(purpose.code_alphabet, purpose.code_length, purpose.long_code_length)
    short = usual.size

    carried = most_in(limits.user_pushes, DAY) * purpose.attempts
    guesses = min(most_in(limits.user_guesses, DAY), carried)
    sustained = min(sustained_a_day(limits.user_guesses), sustained_a_day(limits.user_pushes) * purpose.attempts)

    sent = ASSUMED_DAILY + most_in(limits.gateway_messages, DAY)
    started = min(most_in(limits.site_starts, DAY), sent) * purpose.attempts
    shorts = min(most_in(limits.site_guesses, DAY) + most_in(blind_rates(usual), DAY), started)
    longs = rest = 0.0
    if limits.site_guesses and longer != usual:
        longs = min(most_in(blind_rates(longer), DAY), max(0.0, started - shorts))
    if limits.site_guesses and longest != longer:
        rest = max(0.0, started - shorts - longs)
    missed = (1 - chance(shorts, short)) * (1 - chance(longs, longer.size)) * (1 - chance(rest, longest.size))
    return Odds(
        user=chance(guesses, short),
        user_sustained=chance(sustained, short),
        anyone=1 - missed,
        user_guesses=guesses,
        short_guesses=shorts,
        long_guesses=longs,
        longest_guesses=rest,
    )


def panel_odds(policy: WechatServer) -> float:
    """The chance to log in as any person by guessing codes of wechat-server's protocol, on the worst day.

    A guess hits any of the live short codes, of which there are at most `MOST_LIVE` in one life. Long ones have no
    budget and add nothing that counts (decision 31).
    """
    return chance(most_in(policy.guesses, DAY), space(policy.code_length) // MOST_LIVE)


def one_in(probability: float) -> str:
    """A chance as text, such as `1 in 20,000`."""
    return f"1 in {round(1 / probability):,}" if probability > 0 else "none"
