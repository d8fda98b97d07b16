"""Validation of a single site, account or key whose table does not come from the configuration file.

It uses the same structuring, constraints and rules between options as for the file (`loading`). Secrets must be given
by value, because such a table has neither a file nor an environment to read them from. In live mode its addresses must
be public: who may write it by the admin API may not make the service call what only the service reaches.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from codesvc.config.account_settings import Account
from codesvc.config.addresses import loopback, private
from codesvc.config.constraints import NAME, NAME_RULE
from codesvc.config.cross_checks import inconsistencies
from codesvc.config.faults import ConfigError, Fault
from codesvc.config.hidden_settings import stands_for_hidden
from codesvc.config.oidc_checks import client_faults
from codesvc.config.oidc_settings import OidcClient
from codesvc.config.partial import Draft, faults_in
from codesvc.config.settings import ApiKey, Site
from codesvc.config.structure import secret_options, structured_as

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codesvc.config.settings import Settings

_T = TypeVar("_T", Site, Account, ApiKey, OidcClient)
_ONLY_IN_FILE: Final = '; in mode "live" only the configuration file can allow a private one'
_LONGEST: Final = 262_144
"""Room for an account's picture. A request has a bound of its own, but changes in part add up."""
_PLACEHOLDER = {"name": "-", "hash": f"sha256:{secrets.token_hex(32)}", "scopes": ["verify"]}


def one_account(settings: Settings, name: str, table: Mapping[str, Any]) -> Account:
    """The account that a table describes.

    Raises:
        ConfigError: the table breaks a rule; paths begin at the table.
    """
    account = _structured(Account, name, table, [])
    if faults := [*_private_addresses(settings, account)]:
        raise ConfigError(faults)
    _check(replace(settings, accounts={name: account}, sites={}), "accounts", name)
    return account


def one_site(settings: Settings, name: str, table: Mapping[str, Any], accounts: Mapping[str, Account]) -> Site:
    """The site that a table describes, without keys, which are entries of their own.

    Args:
        settings: mode and other settings of the deployment.
        name: the site's name.
        table: the table as it is in the file, without `keys`.
        accounts: the accounts that it may name.

    Raises:
        ConfigError: the table breaks a rule; paths begin at the table.
    """
    extra = [Fault(("keys",), "cannot be set here; keys have their own calls")] if "keys" in table else []
    site = _structured(Site, name, {**table, "keys": [_PLACEHOLDER]}, extra)
    if faults := [*_private_receivers(settings, site), *_hidden_fields(site)]:
        raise ConfigError(faults)
    _check(replace(settings, accounts=accounts, sites={name: site}), "sites", name)
    return replace(site, keys=())


def one_key(name: str, table: Mapping[str, Any]) -> ApiKey:
    """The key that a table (`hash`, `scopes`) describes.

    Raises:
        ConfigError: the table breaks a rule; paths begin at the table.
    """
    return _structured(ApiKey, name, {**table, "name": name}, [])


def one_client(settings: Settings, identifier: str, table: Mapping[str, Any]) -> OidcClient:
    """The relying party that a table describes, without its id.

    Raises:
        ConfigError: the table breaks a rule; paths begin at the table.
    """
    found = structured_as(OidcClient, {**table, "id": identifier})
    faults = [*faults_in(found)]
    if isinstance(found, Draft):
        raise ConfigError(faults)
    faults += client_faults(settings, found)
    if faults:
        raise ConfigError(faults)
    return found


def _structured(kind: type[_T], name: str, table: Mapping[str, Any], faults: list[Fault]) -> _T:
    if NAME.fullmatch(name) is None:
        faults = [*faults, Fault((), f"its name {NAME_RULE}")]
    if len(json.dumps(table, ensure_ascii=False)) > _LONGEST:
        faults = [*faults, Fault((), f"has more than {_LONGEST} characters of JSON in all")]
    faults = [*faults, *_by_file(kind, table)]
    found = structured_as(kind, {option: value for option, value in table.items() if not _file_of(kind, option)})
    faults += faults_in(found)
    if faults or isinstance(found, Draft):
        raise ConfigError(faults)
    return found


def _private_addresses(settings: Settings, account: Account) -> Iterator[Fault]:
    """Addresses that are private as they are written; what a name leads to is seen at each connection."""
    for option in ("forward_to", "token_source"):
        url = getattr(account, option) or ""
        if settings.mode == "live" and (loopback(url) or private(url)):
            yield Fault((option,), f"must be a public address{_ONLY_IN_FILE}")


def _private_receivers(settings: Settings, site: Site) -> Iterator[Fault]:
    receivers: list[tuple[tuple[str, ...], object]] = [(("webhook",), site.webhook)]
    receivers += [
        (("gateways", name, kind), getattr(gateway, kind))
        for name, gateway in site.gateways.items()
        for kind in gateway.given
    ]
    for path, receiver in receivers:
        if settings.mode == "live" and getattr(receiver, "allow_private", False):
            yield Fault((*path, "allow_private"), f"cannot be set here{_ONLY_IN_FILE}")


def _hidden_fields(site: Site) -> Iterator[Fault]:
    for name, gateway in site.gateways.items():
        for field, text in gateway.shaped.fields.items() if gateway.shaped else ():
            if stands_for_hidden(text):
                path = ("gateways", name, "shaped", "fields", field)
                yield Fault(path, "is what is shown in place of a hidden value; give the value itself")


def _file_of(kind: type, option: str) -> bool:
    return option.removesuffix("_file") in secret_options(kind) and option.endswith("_file")


def _by_file(kind: type, table: Mapping[str, Any]) -> Iterator[Fault]:
    for option in table:
        if _file_of(kind, option):
            yield Fault(
                (option,), "names a file, which is allowed only in the configuration file; give the value itself"
            )


def _check(settings: Settings, *path: str) -> None:
    """Raise a `ConfigError` for the faults between options below `path`."""
    faults = [
        Fault(fault.path[len(path) :], fault.message)
        for fault in inconsistencies(settings)
        if fault.path[: len(path)] == path
    ]
    if faults:
        raise ConfigError(faults)
