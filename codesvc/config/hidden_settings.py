"""What is hidden of a site or an account that is shown, and where its hidden values may be sent.

Nobody reads a secret again that was given to the registry. So it must also be sent only to the address for which it
was given: whoever may change the address could read it there. A change of an address has to name the
secrets that are sent to it (`secrets_led_elsewhere`). Keys that only sign are not sent, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin, get_type_hints

from codesvc.config.account_settings import Account
from codesvc.config.addresses import WECHAT_API_URLS, listening_host, receiver_url, token_way, web_address
from codesvc.config.faults import Fault
from codesvc.config.oidc_settings import OidcClient
from codesvc.config.relay_settings import ShapedGateway, SignedGateway, SmtpGateway, header_lines
from codesvc.config.settings import Webhook
from codesvc.config.structure import is_table, options, secret_options, types_in
from codesvc.domain.masking import HIDDEN, without_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesvc.config.settings import Site

    Path = tuple[str | int, ...]

_HASHES: Final[Mapping[type, frozenset[str]]] = {OidcClient: frozenset({"secrets"})}
"""Hidden as secrets are, although they are hashes: a secret that somebody chose can be guessed from its hash."""
_SHOWN_IN_PART: Final[Mapping[object, Callable[[str], str]]] = {
    receiver_url: without_query,
    token_way: without_query,
    header_lines: lambda _: HIDDEN,
}
"""Options whose text may contain a key: the constraint of the option, and what is shown of the text."""
_LEADS_TO: Final[Mapping[type, tuple[str, ...]]] = {Account: ("api_url",), SmtpGateway: ("host", "port")}
_SENT_NOWHERE_ELSE: Final[Mapping[type, frozenset[str]]] = {
    Account: frozenset({"token", "previous_token", "aes_key", "previous_aes_key", "token_source"}),
    SignedGateway: frozenset({"secrets"}),
    Webhook: frozenset({"secrets"}),
}
"""Hidden values whose destination no other option decides: they only sign or check, or are the address themselves."""
_PLACEHOLDERS: Final = re.compile(r"(\{[a-z_]*\})")


def without_secrets(kind: type, table: Mapping[str, Any]) -> dict[str, Any]:
    """A site, an account or a table in it without its secrets, at any depth, so that it can be shown.

    Queries, headers and the fields of a request take keys too, so these are shown without their values.
    """
    hidden, hints = {*secret_options(kind), *_HASHES.get(kind, ())}, get_type_hints(kind, include_extras=True)
    shown = ((option, value) for option, value in table.items() if option not in hidden)
    return {option: _shown_option(kind, option, hints.get(option), value) for option, value in shown}


def addresses(kind: type) -> tuple[str, ...]:
    """The options of a table that say where its secrets are sent."""
    hints = get_type_hints(kind, include_extras=True)
    found = (name for name in options(kind) if {receiver_url, web_address, listening_host} & types_in(hints[name]))
    return _LEADS_TO.get(kind) or tuple(found)


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
        if kept and _led_elsewhere(kind, path, known, changed):
            yield Fault(path, "must be given anew, because it would be sent to another address than before")


def _led_elsewhere(kind: type, path: Path, known: Mapping[str, Any], changed: Mapping[str, Any]) -> bool:
    """Whether an address of the table that holds a secret has changed, or of a table around it."""
    for table, at in _tables_on(kind, path):
        if path[len(at)] in _SENT_NOWHERE_ELSE.get(table, ()):
            return False
        before, after = _place(table, _at(known, at)), _place(table, _at(changed, at))
        # A secret may stay that is sent to WeChat's own addresses, or to none: nobody but WeChat reads it there.
        if before != after and not all(isinstance(each, str) and each in WECHAT_API_URLS for each in after):
            return True
    return False


def _tables_on(kind: type, path: Path) -> Iterator[tuple[type, Path]]:
    """The settings classes of the tables on a path, and where these are."""
    hint: Any = kind
    for depth, step in enumerate(path):
        while hint is not None and get_origin(hint) not in {None, Mapping, tuple}:
            hint = _holder(hint)
        if is_table(hint):
            yield hint, path[:depth]
            hint = get_type_hints(hint).get(str(step))
        else:
            hint = _holder(hint)


def _holder(hint: Any) -> Any:
    """The part of a type hint that has a table in it; None if there is none."""
    return next((part for part in get_args(hint) if any(map(is_table, types_in(part)))), None)


def _place(kind: type, table: Any) -> list[object]:
    """Where a table leads. A header `Host` belongs to it, which a proxy in front of several servers follows."""
    known = options(kind)
    places = [table.get(option, known[option].default) for option in addresses(kind)]
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


def _shown_option(kind: type, option: str, hint: Any, value: object) -> object:
    if hint is None:
        # An entry of another version may have a secret in an option that this version does not know.
        return value if isinstance(value, int | float) else HIDDEN
    if kind is ShapedGateway and option == "fields":
        return _shown_texts(value, _without_words)
    for constraint, show in _SHOWN_IN_PART.items():
        if constraint in types_in(hint):
            return _shown_texts(value, show)
    return _shown(hint, value)


def _shown(hint: Any, value: object) -> object:
    """A value as its type hint shows it. One of another form may hold a secret: an old entry has any form."""
    holder = _holder(hint)
    if value is None or not (holder or is_table(hint)):
        return value
    if is_table(hint):
        return without_secrets(hint, value) if isinstance(value, dict) else HIDDEN
    if get_origin(hint) is Mapping:
        return {name: _shown(holder, each) for name, each in value.items()} if isinstance(value, dict) else HIDDEN
    if get_origin(hint) is tuple:
        return [_shown(holder, each) for each in value] if isinstance(value, list) else HIDDEN
    return _shown(holder, value)


def _shown_texts(value: object, show: Callable[[str], str]) -> object:
    match value:
        case str():
            return show(value)
        case dict():
            return {name: _shown_texts(each, show) for name, each in value.items()}
        case list():
            return [_shown_texts(each, show) for each in value]
        case None:
            return None
        case _:
            return HIDDEN


def _without_words(field: str) -> str:
    """The placeholders of a field, and signs between them. A key may stand beside a placeholder."""
    parts = enumerate(_PLACEHOLDERS.split(field))
    return "".join(HIDDEN if number % 2 == 0 and any(map(str.isalnum, part)) else part for number, part in parts)
