"""The chances from `odds` as findings, one for each purpose of each site. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, ok, warn
from codesvc.doctor.odds import Odds, odds, one_in, panel_odds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config import Settings, Site
    from codesvc.config.settings import WechatServer

USER_LIMIT: Final = 1e-3
"""Warn above this chance that an attacker guesses the code of one given user in a day."""
ANYONE_LIMIT: Final = 1 / 500
"""Warn above this chance that an attacker with unlimited addresses and names guesses any user's code in a day."""


def findings(settings: Settings) -> Iterator[Finding]:
    """The chance of guessing a code, for each purpose."""
    for name, site in settings.sites.items():
        if site.wechat_server is not None:
            yield _judge_panel(name, site, site.wechat_server)
        for key, purpose in site.purposes.items():
            yield _judge(f"sites.{name}.purposes.{key}: odds of guessing", odds(purpose, site.limits))


def _judge_panel(name: str, site: Site, policy: WechatServer) -> Finding:
    """The chance of a guess, and whether a panel has a key to ask with."""
    what = f"sites.{name}.wechat_server: odds of guessing"
    found = panel_odds(policy)
    text = f"any person's code {one_in(found)} per day at worst; anyone who learns a code can log in with it"
    if found > ANYONE_LIMIT:
        return warn(what, text, "Raise code_length, or lower guesses.")
    if site.keys and not any("wechat_server" in key.scopes for key in site.keys):
        return warn(
            what, f"{text}. None of the site's keys has the scope wechat_server", "Make one: `codesvc keys new`."
        )
    return ok(what, text)


def _judge(what: str, found: Odds) -> Finding:
    text = f"one user's code {one_in(found.user)}, any user's code {one_in(found.anyone)} per day at worst"
    if found.user > USER_LIMIT:
        return warn(what, text, "Raise code_length, or lower limits.user_guesses or limits.user_pushes.")
    if found.anyone > ANYONE_LIMIT:
        return warn(what, text, "Raise code_length, or lower limits.site_guesses.")
    return ok(what, text)
