"""An attacker with any number of addresses, against the scripts: no day holds more guesses than `odds` says."""

from dataclasses import replace

import pytest

from codesvc.doctor.odds import DAY, odds
from codesvc.domain.limits import Rate
from codesvc.sites.directory import SiteEntry
from codesvc.store.outcomes import Outcome

USERS = 40
LIFTED = dict.fromkeys(("user_guesses", "user_pushes", "openid_pushes", "address_guesses", "address_starts"), ())


def besieged(shop, budget, **formats):
    """The site with a small guess budget and short codes, so that few guesses make an attack."""
    config = shop.site.config
    reset = replace(config.purposes["reset"], **formats)
    limits = replace(config.limits, **LIFTED, site_starts=(), site_guesses=(Rate(budget, DAY),))
    config = replace(config, limits=limits, purposes={**config.purposes, "reset": reset})
    return SiteEntry(shop.site.name, config, shop.site.account)


class Attacker:
    """Starts for bound users from new addresses, and uses every attempt that is left."""

    def __init__(self, shop, site):
        self.shop, self.site, self.number = shop, site, 0
        self.evaluated = []  # time in ms and length of the code, for every guess that was compared

    @property
    def now(self):
        return self.shop.here.offset.ms

    async def start(self, count):
        begun = []
        for _ in range(count):
            self.number += 1
            ip = f"10.{self.number >> 16}.{self.number >> 8 & 255}.{self.number & 255}"
            begun.append(await self.shop.started(f"u-{self.number % USERS}", "reset", ip=ip, site=self.site))
        return begun

    async def guess(self, record):
        outcome = (await self.shop.guess(record, site=self.site)).outcome
        if outcome is Outcome.WRONG:
            self.evaluated.append((self.now, len(self.shop.code(record))))
        return outcome

    async def use_up(self, records):
        for record in records:
            while await self.guess(record) is Outcome.WRONG:
                pass

    def most_in_a_day(self, length):
        """The most guesses at codes of this length in any 24 hours."""
        times = [at for at, size in self.evaluated if size == length]
        return max((sum(at <= other < at + DAY * 1000 for other in times) for at in times), default=0)


@pytest.fixture
async def bound(quiet_shop):
    for n in range(USERS):
        await quiet_shop.bind(f"u-{n}", f"o_victim{n}")
    return quiet_shop


@pytest.mark.parametrize("hours", [(0, 0, 0), (1, 2, 30), (12, 11, 2), (23, 1, 1, 24)])
async def test_no_day_holds_more_guesses_than_the_odds_say(bound, hours):
    """The worst day: as many codes as possible are live when the budget is spent; then the longer codes are guessed."""
    site = besieged(bound, 30, code_length=4, long_code_length=6)
    attacker = Attacker(bound, site)
    for pause in hours:
        live = await attacker.start(60)
        await attacker.use_up(live)
        await attacker.use_up(await attacker.start(90))
        bound.move(pause * 3_600_000 + 601_000)
    most = odds(site.config.purposes["reset"], site.config.limits)
    assert (most.short_guesses, most.long_guesses) == (30 + 4, 400)
    found = attacker.most_in_a_day(4), attacker.most_in_a_day(6)
    assert found[0] <= most.short_guesses
    assert found[1] <= most.long_guesses
    assert found == (34, 400), "the attack does not reach what the odds allow"


async def test_codes_of_one_length_are_bounded_too(bound):
    site = besieged(bound, 30, code_length=4, long_code_length=4)
    attacker = Attacker(bound, site)
    await attacker.use_up(await attacker.start(60))
    await attacker.use_up(await attacker.start(60))
    assert attacker.most_in_a_day(4) == 34 == odds(site.config.purposes["reset"], site.config.limits).short_guesses


async def test_past_the_budget_a_code_from_before_takes_one_attempt_and_a_longer_one_all(bound):
    site = besieged(bound, 10, code_length=6, long_code_length=8)
    attacker = Attacker(bound, site)
    before = await attacker.start(5)
    await attacker.use_up(before[:2])
    found = [[await attacker.guess(record) for _ in range(2)] for record in before[2:]]
    assert found == [[Outcome.WRONG, Outcome.LIMITED]] * 3
    [after] = await attacker.start(1)
    assert [await attacker.guess(after) for _ in range(6)] == [Outcome.WRONG] * 5 + [Outcome.ENDED]


async def test_a_person_whose_code_is_right_gets_in_while_the_attack_lasts(bound):
    site = besieged(bound, 10, code_length=6, long_code_length=8)
    attacker = Attacker(bound, site)
    *live, mine = await attacker.start(4)
    await attacker.use_up(live)
    assert (await bound.check(mine, site=site)).outcome is Outcome.APPROVED


async def test_whoever_scans_gets_in_when_everything_is_used_up(bound):
    site = besieged(bound, 10, code_length=4, long_code_length=5)
    attacker = Attacker(bound, site)
    mine = await bound.started("u-1", "reset", ip="192.0.2.7", site=site)
    await attacker.use_up(await attacker.start(20))
    await attacker.use_up(await attacker.start(20))
    refused = await bound.check(mine, site=site)
    assert (refused.outcome, refused.denial.limit) == (Outcome.LIMITED, "site_guesses")
    assert (await bound.claim(mine, "o_victim1")).outcome is Outcome.CLAIMED
    assert await attacker.guess(mine) is Outcome.WRONG
    assert (await bound.check(mine, site=site)).outcome is Outcome.APPROVED


async def test_a_new_attempt_gets_in_with_a_longer_code(bound):
    site = besieged(bound, 10, code_length=4, long_code_length=8)
    attacker = Attacker(bound, site)
    mine = await bound.started("u-1", "reset", ip="192.0.2.7", site=site)
    await attacker.use_up(await attacker.start(20))
    assert (await bound.check(mine, site=site)).outcome is Outcome.LIMITED
    bound.move(2_001)
    again = await bound.started("u-1", "reset", ip="192.0.2.7", site=site)
    assert len(bound.code(again)) == 8
    assert (await bound.check(again, site=site)).outcome is Outcome.APPROVED


async def test_who_has_no_wechat_to_scan_with_gets_in_when_everything_is_used_up(bound):
    """One machine spent both budgets by its own verifications, and each new start was refused for a day."""
    site = besieged(bound, 10, code_length=4, long_code_length=5)
    attacker = Attacker(bound, site)
    await attacker.use_up(await attacker.start(20))
    await attacker.use_up(await attacker.start(20))
    assert attacker.most_in_a_day(5) == 40
    mine = await bound.started("u-1", "reset", ip="192.0.2.7", site=site)
    assert len(bound.code(mine)) == 10
    await attacker.use_up(await attacker.start(20))
    assert (await bound.check(mine, site=site)).outcome is Outcome.APPROVED


async def test_a_format_is_given_only_while_half_of_its_blind_guesses_are_left(bound):
    """Whoever takes each blind guess as it comes back would have every code refused that was given between."""
    site = besieged(bound, 10, code_length=4, long_code_length=5)
    attacker = Attacker(bound, site)
    early = await attacker.start(20)
    await attacker.use_up(early)
    [one, other, *_] = await attacker.start(5)
    await attacker.use_up([one, other] + await attacker.start(1))
    bound.move(601_000)
    assert len(bound.code((await attacker.start(1))[0])) == 5
    await attacker.use_up(await attacker.start(1))
    assert len(bound.code((await attacker.start(1))[0])) == 10
    # A day after the first guesses the site's budget has room again, and so have the short codes.
    bound.move(DAY * 1000 - 601_000)
    assert len(bound.code((await attacker.start(1))[0])) == 4


async def test_a_claim_that_nobody_signed_does_not_make_a_guess_less_blind(bound):
    site = besieged(bound, 10, code_length=4, long_code_length=8)
    attacker = Attacker(bound, site)
    mine = await bound.started("u-1", "reset", ip="192.0.2.7", site=site)
    assert (await bound.claim(mine, "o_victim1", forgeable=1)).outcome is Outcome.CLAIMED
    await attacker.use_up(await attacker.start(20))
    assert await attacker.guess(mine) is Outcome.LIMITED
