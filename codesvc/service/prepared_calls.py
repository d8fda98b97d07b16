"""What every start and every check of one kind have in common, worked out once: policies, formats, prepared calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.domain.codes import ALPHABET_NAMES, CodeFormat
from codesvc.sites.directory import NO_RATES
from codesvc.store.keys import channel

if TYPE_CHECKING:
    from codesvc.config import Purpose
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.prepared import Prepared
    from codesvc.store.store import Store


@dataclass(frozen=True, slots=True)
class StartPlan:
    """How starts of one site and purpose go.

    Attributes:
        call: the script.
        formats: of the usual code, and of the longer one.
        with_keyword: whether a word may bring the code.
        no_idempotency: the key in the store for a start without an Idempotency-Key; nothing ever lies there.
    """

    call: Prepared
    formats: tuple[CodeFormat, CodeFormat]
    with_keyword: bool
    no_idempotency: str


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """How checks of one site go; as `StartPlan`."""

    call: Prepared
    no_idempotency: str


def plan_start(store: Store, site: SiteEntry, policy: Purpose, purpose: str, *, test: bool) -> StartPlan:
    """For one purpose; `test` for test identities, which nothing limits."""
    keys, rates = site.keys, NO_RATES if test else site.rates
    alphabet = ALPHABET_NAMES[policy.code_alphabet]
    call = store.prepare(
        "start",
        keys.partition,
        {
            "site_starts": keys.window("site_starts", site.name, "all"),
            "site_guesses": keys.window("site_guesses", site.name, purpose),
            "outbox": keys.outbox,
        },
        {
            "root": keys.root,
            "account": keys.account,
            "appid": site.account.config.appid,
            "channel": channel(store.prefix),
            "site": site.name,
            "purpose": purpose,
            "scan": policy.scan,
            "disclose": int(policy.disclose_binding),
            "attempts": policy.attempts,
            "code_life": policy.code_life * 1000,
            "max_life": policy.code_max_life * 1000,
            "resend_after": policy.resend_after * 1000,
            "max_live": policy.max_live,
            "channels": ",".join(policy.channels),
            "site_starts": rates["site_starts"],
            "address_starts": rates["address_starts"],
            "site_guesses": rates["site_guesses"],
            "user_pushes": rates["user_pushes"],
            "openid_pushes": rates["openid_pushes"],
            "hooks": site.wanted,
        },
    )
    short = CodeFormat(alphabet, policy.code_length)
    long = CodeFormat(alphabet, max(policy.code_length, policy.long_code_length))
    return StartPlan(call, (short, long), policy.scan != "off", keys.idempotency(site.name, "start/"))


def plan_check(store: Store, site: SiteEntry, *, test: bool) -> CheckPlan:
    """`test` for verifications of test identities, whose wrong guesses do not count for the site."""
    keys, rates = site.keys, site.rates
    call = store.prepare(
        "check",
        keys.partition,
        {"outbox": keys.outbox},
        {
            "root": keys.root,
            "account": keys.account,
            "appid": site.account.config.appid,
            "channel": channel(store.prefix),
            "site": site.name,
            "user_guesses": rates["user_guesses"],
            "address_guesses": rates["address_guesses"],
            "site_guesses": "" if test else rates["site_guesses"],
        },
    )
    return CheckPlan(call, keys.idempotency(site.name, "check/"))
