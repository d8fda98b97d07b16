"""The arguments that all starts, checks and resends of a site share: rules for the store and code formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.domain.guessing import formats_of
from codesvc.domain.limits import widest
from codesvc.sites.directory import NO_RATES
from codesvc.store.verification_types import CheckRules, Resend, ResendRules, StartRules

if TYPE_CHECKING:
    from codesvc.config import Purpose
    from codesvc.domain.codes import CodeFormat
    from codesvc.sites.directory import SiteEntry


@dataclass(frozen=True, slots=True)
class StartPlan:
    """The prepared arguments of starts, for one site and purpose.

    Attributes:
        rules: the arguments of the script that are the same for all starts.
        formats: the code formats that the start script chooses from.
        with_keyword: whether a keyword may bring the code.
    """

    rules: StartRules
    formats: tuple[CodeFormat, CodeFormat, CodeFormat]
    with_keyword: bool


def plan_start(site: SiteEntry, policy: Purpose, purpose: str, *, push_delay_ms: int, test: bool) -> StartPlan:
    """Prepare the starts of one purpose.

    `push_delay_ms` is how long a push waits for a newer start; `test` is for test identities, to which no limit
    applies.
    """
    rules = StartRules(
        keys=site.store_keys,
        site=site.name,
        purpose=purpose,
        scan=policy.scan,
        disclose_binding=policy.disclose_binding,
        attempts=policy.attempts,
        code_life_ms=policy.code_life * 1000,
        code_max_life_ms=policy.code_max_life * 1000,
        resend_after_ms=policy.resend_after * 1000,
        push_delay_ms=push_delay_ms,
        max_live=policy.max_live,
        channels=",".join(site.channels(policy)),
        rates=NO_RATES if test else site.rates,
        shared_pushes=_shared_pushes(site),
        hooks=site.wanted,
    )
    formats = formats_of(policy.code_alphabet, policy.code_length, policy.long_code_length)
    return StartPlan(rules, formats, policy.scan != "off")


def _shared_pushes(site: SiteEntry) -> str:
    """The rates that decide how many pushes to one WeChat account are stored: enough for each site of the account."""
    return widest((*site.account.rates("openid_pushes"), site.config.limits.openid_pushes))


def check_rules(site: SiteEntry, *, test: bool) -> CheckRules:
    """Prepare checks. `test` is for verifications of test identities, whose wrong guesses do not count for the site."""
    rates = site.rates | {"site_guesses": ""} if test else site.rates
    returning = ",".join(name for name, policy in site.config.purposes.items() if policy.return_key)
    return CheckRules(site.store_keys, site.name, rates, returning)


def resend_rules(site: SiteEntry) -> ResendRules:
    """Prepare resends, with the times and channels of each purpose of the site."""
    purposes = {
        name: Resend(
            code_life_ms=policy.code_life * 1000,
            code_max_life_ms=policy.code_max_life * 1000,
            resend_after_ms=policy.resend_after * 1000,
            channels=",".join(site.channels(policy)),
        )
        for name, policy in site.config.purposes.items()
    }
    return ResendRules(site.store_keys, site.name, purposes, site.rates, _shared_pushes(site))
