"""Conversion of single values. It is strict: a value of a wrong type is refused and never guessed.

Each hook takes (raw value, wanted type), as cattrs requires, and raises `UnfitError` with a text without the value.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin

from cattrs.cols import homogenous_tuple_structure_factory, is_frozenset, list_structure_factory

from codesvc.config.account_settings import MessageFields
from codesvc.config.constraints import name_for_people
from codesvc.config.faults import UnfitError, kind_of, suggestion
from codesvc.config.rates import rates
from codesvc.config.service_settings import Network
from codesvc.config.texts import LocalText
from codesvc.domain.limits import Rate
from codesvc.domain.secret import Secret

if TYPE_CHECKING:
    from cattrs import Converter

Hook = Callable[[Any, Any], Any]


class Refused:
    """Replaces a secret or a logo that could not be read, and holds the reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def add_value_hooks(converter: Converter) -> None:
    """Register hooks for every type of value in the settings, except tables."""
    for kind in (bool, int, float, str):
        converter.register_structure_hook(kind, _plain_hook(kind))
    converter.register_structure_hook(Secret, _secret)
    converter.register_structure_hook(Path, _path)
    converter.register_structure_hook(LocalText, _local_text)
    converter.register_structure_hook(Network, _network)
    converter.register_structure_hook(MessageFields, _message_fields)
    converter.register_structure_hook_func(lambda kind: kind == Mapping[str, str], _pairs)
    converter.register_structure_hook_factory(_made_of(tuple), _tuple_hook)
    converter.register_structure_hook_factory(is_frozenset, _frozenset_hook)
    converter.register_structure_hook_func(lambda kind: kind == tuple[Rate, ...], lambda raw, _: rates(raw))
    converter.register_structure_hook_factory(_made_of(Literal), _literal_hook)
    converter.register_structure_hook_factory(_made_of(Annotated), _annotated_hook)


def _made_of(form: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is form


def _plain_hook(kind: type) -> Hook:
    accepted: tuple[type, ...] = (int, float) if kind is float else (kind,)

    def structure(raw: Any, _: Any) -> Any:
        if isinstance(raw, Refused):
            raise UnfitError(raw.reason)
        # In Python a bool is an int. In a configuration, `port = true` is a mistake.
        if not isinstance(raw, accepted) or (isinstance(raw, bool) and kind is not bool):
            raise UnfitError(f"must be {kind_of(kind())}, not {kind_of(raw)}")
        return _as_float(raw) if kind is float else raw

    return structure


def _as_float(raw: Any) -> float:
    try:
        return float(raw)
    except OverflowError:
        raise UnfitError("is too large") from None


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise UnfitError(f"must be a string, not {kind_of(raw)}")
    return raw


def _secret(raw: Any, _: Any) -> Secret:
    if isinstance(raw, Refused):
        raise UnfitError(raw.reason)
    if isinstance(raw, Secret):
        return raw
    return Secret(_text(raw))


def _path(raw: Any, _: Any) -> Path:
    if not isinstance(raw, str | Path):
        raise UnfitError(f"must be a string, not {kind_of(raw)}")
    if not str(raw) or "\0" in str(raw):
        raise UnfitError("must be a path")
    return Path(raw)


def _local_text(raw: Any, _: Any) -> LocalText:
    if isinstance(raw, LocalText):
        return raw
    if isinstance(raw, Mapping):
        if set(raw) != {"zh", "en"}:
            raise UnfitError("must be a string, or a table with exactly zh and en")
        text = LocalText(_text(raw["zh"]), _text(raw["en"]))
    else:
        text = LocalText(_text(raw), raw)
    name_for_people(text.zh)
    name_for_people(text.en)
    return text


_IPV4_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")


def _network(raw: Any, _: Any) -> Network:
    text = _text(raw)
    try:
        loose = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise UnfitError("must be an address or a network such as 10.0.0.0/8 or ::1") from None
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise UnfitError(f'has host bits set; did you mean "{loose}"?') from None
    if network.version == _IPV4_MAPPED.version and network.subnet_of(_IPV4_MAPPED):
        # A visitor's mapped address counts as IPv4, so a mapped network would never hold one.
        plain = int(network.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((plain, network.prefixlen - _IPV4_MAPPED.prefixlen))
    return network


def _message_fields(raw: Any, _: Any) -> MessageFields:
    if not isinstance(raw, Mapping):
        return _text(raw)
    if not all(isinstance(part, str) for pair in raw.items() for part in pair):
        raise UnfitError("must have strings as values")
    return MappingProxyType(dict(raw))


def _pairs(raw: Any, _: Any) -> Mapping[str, str]:
    if not isinstance(raw, Mapping):
        raise UnfitError(f"must be a table, not {kind_of(raw)}")
    if not all(isinstance(part, str) for pair in raw.items() for part in pair):
        raise UnfitError("must have strings as values")
    return MappingProxyType(dict(raw))


def _tuple_hook(kind: Any, converter: Converter) -> Hook:
    return _listed(homogenous_tuple_structure_factory(kind, converter))


def _frozenset_hook(kind: Any, converter: Converter) -> Hook:
    items = _listed(list_structure_factory(kind, converter))
    return lambda raw, _: frozenset(items(raw, kind))


def _listed(hook: Hook) -> Hook:
    """Accept lists only: cattrs would split a string into letters, and a table into its keys."""

    def structure(raw: Any, kind: Any) -> Any:
        if isinstance(raw, Refused):
            raise UnfitError(raw.reason)
        if not isinstance(raw, list | tuple | set | frozenset):
            raise UnfitError(f"must be a list, not {kind_of(raw)}")
        return hook(raw, kind)

    return structure


def _literal_hook(kind: Any, _: Converter) -> Hook:
    choices = get_args(kind)

    def structure(raw: Any, _: Any) -> Any:
        if not isinstance(raw, str) or raw not in choices:
            near = suggestion(raw, choices) if isinstance(raw, str) else ""
            raise UnfitError(f"must be one of {', '.join(choices)}{near}")
        return raw

    return structure


def _annotated_hook(kind: Any, converter: Converter) -> Hook:
    inner, *constraints = get_args(kind)
    hook = converter.get_structure_hook(inner)

    def structure(raw: Any, _: Any) -> Any:
        value = hook(raw, inner)
        for constraint in constraints:
            constraint(value)
        return value

    return structure
