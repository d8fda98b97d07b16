"""Findings about valid settings that are unsafe or incomplete in practice. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codesvc.config.addresses import loopback
from codesvc.delivery.channels import channel_list
from codesvc.doctor import inbound_sources
from codesvc.doctor.config_remedies import remedy_of
from codesvc.doctor.finding import Finding, ok, warn
from codesvc.domain.account_kinds import AccountKind, Right
from codesvc.domain.channels import LISTED, usable
from codesvc.domain.service_address import ServiceAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config import Account, Settings, Site

_RESET_DONE = "reset_done"
_WEB_PORTS = {None, 80, 443}


def findings(settings: Settings) -> Iterator[Finding]:
    """All findings that need only the settings."""
    yield ok("configuration", f"valid: {len(settings.accounts)} account(s), {len(settings.sites)} site(s)")
    for notice in settings.notices:
        yield warn("configuration", str(notice), remedy_of(notice))
    yield _mode(settings)
    yield _proxy(settings)
    if settings.oidc.subject_key is not None:
        yield ok("oidc.subject_key", "set; keep a backup and NEVER change it: apps recognise people by it")
    for name, account in settings.accounts.items():
        yield _callback_mode(name, account)
        yield _callback_port(name, settings)
    for name, site in settings.sites.items():
        yield _carriers(name, site, settings.accounts[site.account])
    yield from inbound_sources.findings(settings)


def _mode(settings: Settings) -> Finding:
    what = "mode"
    if settings.mode == "live":
        return ok(what, "live: only WeChat's own addresses, no movable clock, no test proofs")
    return warn(
        what,
        "test: the sandbox, plain http and a movable clock are allowed",
        'Set mode = "live" before real people use the service.',
    )


def _proxy(settings: Settings) -> Finding:
    what = "service.trusted_proxies"
    service = settings.service
    if service.public_url.startswith("https://") and not service.trusted_proxies:
        return warn(
            what,
            "none, although public_url is https: every visitor would appear to have the address of the TLS proxy",
            "List the proxy's address, such as 127.0.0.1, and make it set X-Forwarded-For.",
        )
    return ok(what, f"{len(service.trusted_proxies)} listed")


def _callback_mode(name: str, account: Account) -> Finding:
    what = f"accounts.{name}: callback mode"
    if account.callback == "plaintext":
        return warn(
            what,
            "plaintext: the signature does not cover the body, so anyone who has seen one callback can forge others; "
            "codes are sent by customer-service message only, replies confirm nothing, and deletions are delayed",
            f'Choose 安全模式 in the console, then set callback = "safe" and aes_key in accounts.{name}.',
        )
    return ok(what, f"{account.callback}: only encrypted callbacks are trusted")


def _callback_port(name: str, settings: Settings) -> Finding:
    what = f"accounts.{name}: callback address"
    url = ServiceAddress(settings.service.public_url).url(f"/wechat/{name}")
    parts = urlsplit(settings.service.public_url)
    if settings.mode == "live" and (parts.port not in _WEB_PORTS or loopback(url)):
        return warn(
            what,
            f"{url}: WeChat calls only ports 80 and 443, and cannot reach a loopback address",
            "Put a proxy in front, and set service.public_url to its public https address.",
        )
    return ok(what, f"enter {url} in the console")


def _carriers(name: str, site: Site, account: Account) -> Finding:
    """Whether a message is configured for every channel that the purposes use."""
    what = f"sites.{name}: messages"
    kind = AccountKind(account.kind)
    channels = {channel for purpose in site.purposes.values() for channel in usable(kind, purpose.channels)}
    if not usable(kind, LISTED):
        return ok(what, f"none: {kind.described} can only reply, so codes come by keyword")
    has = account.messages
    wanted = {channel: channel_list.missing(channel, account) for channel in LISTED if channel in channels}
    missing = [f"{option} (channel {channel})" for channel, option in wanted.items() if option]
    if missing:
        return warn(
            what,
            f"accounts.{site.account} has no {' and no '.join(missing)}: codes come only by scan or keyword",
            f"Add it under [accounts.{site.account}], or remove the channel from the purposes' channels.",
        )
    if account.may(Right.TEMPLATE) and _RESET_DONE not in has and "reset" in site.purposes:
        return warn(
            what,
            f"no messages.{_RESET_DONE}: only people who recently wrote to the account learn of a completed reset",
            f"Choose a template for it and add [accounts.{site.account}.messages.{_RESET_DONE}].",
        )
    return ok(what, f"a message for each of {', '.join(sorted(channels)) or 'no channel: scan and keyword only'}")
