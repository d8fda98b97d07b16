"""What is hidden of a site or an account that is shown, and where its hidden values may be sent.

Nobody reads a secret again that was given to the registry. So it must not be sent to another address either than the
one for which it was given: whoever may change the address could read it there. A change of an address has to name the
secrets that are sent to it (`secrets_led_elsewhere`). Keys that only sign are not sent, and stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from codesvc.config.addresses import WECHAT_API_URLS
from codesvc.config.faults import Fault
from codesvc.config.relay_settings import GATEWAY_TABLES, Inbound
from codesvc.config.settings import Site, Webhook
from codesvc.config.structure import options, secret_options
from codesvc.domain.masking import HIDDEN, without_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from codesvc.config.account_settings import Account

    Path = tuple[str | int, ...]

LEADS_TO: Final[Mapping[str, tuple[str, ...]]] = {
    "signed": ("url",),
    "shaped": ("url",),
    "smtp": ("host", "port"),
    "aliyun": ("endpoint",),
    "tencent": ("endpoint",),
    "twilio": ("endpoint",),
}
"""The options of a gateway's tables that say where it is called."""
_PLACEHOLDERS: Final = re.compile(r"(\{[a-z_]*\})")


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


def hidden_values(kind: type[Site | Account], table: Mapping[str, Any]) -> Iterator[Path]:
    """The paths of everything that `without_secrets` hides, in whole or in part."""
    return _differences(table, without_secrets(kind, table))


def stands_for_hidden(field: str) -> bool:
    """Whether the text of a field is what is shown in place of a hidden one."""
    return HIDDEN in _PLACEHOLDERS.split(field)


def secrets_led_elsewhere(
    kind: type[Site | Account], known: Mapping[str, Any], patch: Mapping[str, Any], changed: Mapping[str, Any]
) -> Iterator[Fault]:
    """Faults at the secrets that a change in part would have sent to another address, and does not name.

    Args:
        kind: a site or an account.
        known: its table before the change.
        patch: the change, a JSON merge patch.
        changed: the table after it.
    """
    for path in hidden_values(kind, known):
        value = _at(known, path)
        kept = value is not None and value == _at(changed, path) and not _names(patch, path)
        if kept and _led_elsewhere(path, known, changed):
            yield Fault(path, "must be given anew, because it would be sent to another address than before")


def _led_elsewhere(path: Path, known: Mapping[str, Any], changed: Mapping[str, Any]) -> bool:
    match path:
        case ("gateways", _, "signed", "secrets"):
            return False
        case ("gateways", _, str() as kind, _, *_) if kind in GATEWAY_TABLES:
            return _place(kind, _at(known, path[:3])) != _place(kind, _at(changed, path[:3]))
        case ("secret",):
            before, after = known.get("api_url"), changed.get("api_url")
            return before != after and isinstance(after, str) and after not in WECHAT_API_URLS
        case _:
            return False


def _place(kind: str, table: Any) -> list[object]:
    """Where a gateway is called. A header `Host` belongs to it, which a proxy in front of several servers follows."""
    known = options(GATEWAY_TABLES[kind])
    places = [table.get(option, known[option].default) for option in LEADS_TO[kind]]
    headers = table.get("headers")
    hosts = [text for name, text in headers.items() if name.lower() == "host"] if isinstance(headers, dict) else []
    return [*(place.partition("?")[0] if isinstance(place, str) else place for place in places), *hosts]


def _at(table: Any, path: Path) -> Any:
    """The value at a path; None if there is none."""
    for step in path:
        inside = isinstance(table, dict) or (isinstance(table, list) and isinstance(step, int) and step < len(table))
        table = (table.get(step) if isinstance(table, dict) else table[step]) if inside else None
    return table


def _names(patch: Any, path: Path) -> bool:
    """Whether a patch gives the value at a path, or replaces what it stands in."""
    for step in path:
        if not isinstance(patch, dict):
            return True
        if step not in patch:
            return False
        patch = patch[step]
    return True


def _differences(given: Any, shown: Any, *path: str | int) -> Iterator[Path]:
    if isinstance(given, dict) and isinstance(shown, dict):
        for name, value in given.items():
            yield from _differences(value, shown[name], *path, name) if name in shown else [(*path, name)]
    elif isinstance(given, list) and isinstance(shown, list) and len(given) == len(shown):
        for number, (value, seen) in enumerate(zip(given, shown, strict=True)):
            yield from _differences(value, seen, *path, number)
    elif given != shown:
        yield path


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
        shown["fields"] = {name: _without_words(field) for name, field in fields.items()}
    return shown


def _without_words(field: object) -> str:
    """The placeholders of a field, and signs between them. A key may stand beside a placeholder."""
    parts = _PLACEHOLDERS.split(field) if isinstance(field, str) else [HIDDEN]
    return "".join(
        HIDDEN if number % 2 == 0 and any(map(str.isalnum, part)) else part for number, part in enumerate(parts)
    )
