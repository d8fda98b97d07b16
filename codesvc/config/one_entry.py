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
from codesvc.config.oidc_checks import client_faults
from codesvc.config.oidc_settings import OidcClient
from codesvc.config.partial import Draft, faults_in
from codesvc.config.relay_settings import GATEWAY_TABLES, Inbound
from codesvc.config.settings import ApiKey, Site, Webhook
from codesvc.config.structure import secret_options, structured_as
from codesvc.domain.masking import HIDDEN, without_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
    if faults := [*_private_receivers(settings, site)]:
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


def without_secrets(kind: type[Site | Account], table: Mapping[str, Any]) -> dict[str, Any]:
    """The table without its secrets, so that it can be shown.

    Receivers and gateways take keys in queries, headers and fields too, so these are shown without their values.
    """
    shown = _without(kind, table)
    if isinstance(source := shown.get("token_source"), str):
        shown["token_source"] = without_query(source)
    if kind is Site:
        tables = {
            "webhook": lambda webhook: _without_keys(_without(Webhook, webhook)),
            "gateways": lambda gateways: _each(gateways, _without_gateway_secrets),
            "oidc": _without_client_secrets,
            "inbound": lambda inbound: _each(inbound, lambda source: _without(Inbound, source)),
        }
        shown |= {name: _shown(shown[name], show) for name, show in tables.items() if name in shown}
    return shown


def _shown(table: object, show: Callable[[dict[str, Any]], object]) -> object:
    """A table as `show` shows it. Anything else may hold a secret: an entry of an earlier version has any form."""
    if isinstance(table, dict):
        return show(table)
    return None if table is None else HIDDEN


def _each(tables: dict[str, Any], show: Callable[[dict[str, Any]], object]) -> dict[str, object]:
    return {name: _shown(table, show) for name, table in tables.items()}


def _without_client_secrets(oidc: dict[str, Any]) -> dict[str, Any]:
    clients = oidc.get("clients")
    shown = [
        _shown(client, lambda one: {name: one[name] for name in one if name != "secrets"}) for client in clients or ()
    ]
    return {**oidc, "clients": shown}


def _without(kind: type, table: Mapping[str, Any]) -> dict[str, Any]:
    return {option: value for option, value in table.items() if option not in secret_options(kind)}


def _without_gateway_secrets(gateway: Mapping[str, Any]) -> dict[str, Any]:
    return {
        kind: _shown(table, lambda given, kind=kind: _without_keys(_without(GATEWAY_TABLES[kind], given)))  # type: ignore[misc]
        for kind, table in gateway.items()
        if kind in GATEWAY_TABLES
    }


def _without_keys(table: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(table)
    if isinstance(url := shown.get("url"), str):
        shown["url"] = without_query(url)
    if isinstance(headers := shown.get("headers"), dict):
        shown["headers"] = dict.fromkeys(headers, HIDDEN)
    if isinstance(fields := shown.get("fields"), dict):
        # A text with a placeholder is built from the message, so it is not a secret and may be shown.
        shown["fields"] = {name: text if "{" in str(text) else HIDDEN for name, text in fields.items()}
    return shown


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
