"""Structuring: tables become settings, and every fault on the way is collected.

cattrs converts values and lists (`values`). This module adds the conversion of tables. It checks all keys of a table
before it fails, and a table with faults becomes a `Draft` with its valid options. So the rules between options
(`cross_checks`) can still check the valid part, and one reading of the file finds every fault.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from cattrs import Converter, IterableValidationError

from codesvc.config.constraints import NAME, NAME_RULE
from codesvc.config.faults import Fault, UnfitError, kind_of, suggestion
from codesvc.config.partial import Draft
from codesvc.config.settings import LONG_CODE_LENGTH, Purpose, Settings, purpose_defaults, standing_purposes
from codesvc.config.texts import LocalText
from codesvc.config.values import Hook, add_value_hooks
from codesvc.domain.limits import Rate
from codesvc.domain.secret import Secret

_T = TypeVar("_T")


def structured(data: Mapping[str, Any]) -> Settings:
    """The settings that `data` describes, with a `Draft` in place of each table with faults (see `faults_in`)."""
    result: Settings = _CONVERTER.structure(data, Settings)
    return result


def structured_as(kind: type[_T], data: Mapping[str, Any]) -> _T | Draft:
    """As `structured`, for one table; a `Draft` if it has faults."""
    result: _T | Draft = _CONVERTER.structure(data, kind)
    return result


def options(cls: type) -> dict[str, Field[Any]]:
    """The fields of a settings class that can be set in a file."""
    return {option.name: option for option in fields(cls) if option.metadata.get("option", True)}


def secret_options(cls: type) -> tuple[str, ...]:
    """The options of a settings class that hold secrets, and so can also come from a file or the environment."""
    hints = get_type_hints(cls)
    return tuple(name for name in options(cls) if Secret in types_in(hints[name]))


def is_table(kind: Any) -> bool:
    """Whether a type is a settings class, which is a table in a file."""
    return isinstance(kind, type) and is_dataclass(kind) and kind not in {LocalText, Rate}


def types_in(hint: Any) -> set[Any]:
    """A type hint and all its parts, with the constraints of an `Annotated`."""
    return {hint}.union(*(types_in(part) for part in get_args(hint)))


def required(option: Field[Any]) -> bool:
    """Whether a table must contain this option."""
    return option.default is MISSING and option.default_factory is MISSING


def _table_hook(cls: type, converter: Converter) -> Hook:
    hints = get_type_hints(cls, include_extras=True)
    hooks = {name: converter.get_structure_hook(hints[name]) for name in options(cls)}
    known = [*hooks, *(f"{name}_file" for name in secret_options(cls))]
    tables = {name for name in hooks if _is_optional_table(hints[name])}

    def structure(raw: Any, _: Any) -> Any:
        if not isinstance(raw, Mapping):
            return Draft({}, [Fault((), f"must be a table, not {kind_of(raw)}")])
        sound: dict[str, Any] = {}
        faults = [Fault((str(key),), "unknown key" + suggestion(str(key), known)) for key in raw if key not in hooks]
        for name, option in options(cls).items():
            if name in raw and raw[name] is None and name in tables:
                # JSON has a null, TOML has not: it is no way to leave out a table.
                faults.append(Fault((name,), f"must be a table, not {kind_of(None)}"))
            elif name in raw:
                try:
                    sound[name] = hooks[name](raw[name], hints[name])
                except (UnfitError, IterableValidationError) as error:
                    faults.extend(_faults_of(error, name))
            elif required(option):
                faults.append(Fault((name,), "is missing"))
            else:
                sound[name] = option.default if option.default_factory is MISSING else option.default_factory()
        draft = Draft(sound, faults)
        return cls(**sound) if next(draft.faults(), None) is None else draft

    return structure


def _faults_of(error: BaseException, *path: str | int) -> Iterator[Fault]:
    """The faults of one option, with the list indexes that cattrs noted."""
    if isinstance(error, UnfitError):
        yield Fault(path, str(error))
    elif isinstance(error, IterableValidationError):
        noted, _ = error.group_exceptions()
        for inner, note in noted:
            yield from _faults_of(inner, *path, note.index)
    else:
        raise error


def _named_tables_hook(kind: Any, converter: Converter) -> Hook:
    """Hook for `Mapping[str, <settings class>]`: tables whose keys are names chosen by the operator."""
    cls = get_args(kind)[1]
    hook = converter.get_structure_hook(cls)

    def structure(raw: Any, _: Any) -> Any:
        if not isinstance(raw, Mapping):
            raise UnfitError(f"must be a table of tables, not {kind_of(raw)}")
        found: dict[str, Any] = {}
        for name, table in (_with_standing(raw) if cls is Purpose else raw).items():
            sound = isinstance(name, str) and NAME.fullmatch(name)
            found[str(name)] = hook(table, cls) if sound else Draft({}, [Fault((), f"is a name that {NAME_RULE}")])
        return types.MappingProxyType(found)

    return structure


def _with_standing(raw: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The declared purposes with the defaults of their keys, and the purposes that every site has."""
    declared: dict[Any, Any] = {**{key: {} for key in standing_purposes()}, **raw}
    return {key: _implied(key, table) for key, table in declared.items()}


def _implied(key: object, table: Any) -> Any:
    if not isinstance(table, Mapping):
        return table
    length = table.get("code_length")
    # Codes become longer under attack. A code that is already longer must not become shorter by a default.
    longer = {"long_code_length": length} if type(length) is int and length > LONG_CODE_LENGTH else {}
    return {**purpose_defaults(str(key)), **longer, **table}


def _is_optional_table(kind: Any) -> bool:
    return types.NoneType in get_args(kind) and any(map(is_table, get_args(kind)))


def _is_named_tables(kind: Any) -> bool:
    return get_origin(kind) is Mapping and is_table(get_args(kind)[1])


_CONVERTER = Converter()
add_value_hooks(_CONVERTER)
_CONVERTER.register_structure_hook_factory(is_table, _table_hook)
_CONVERTER.register_structure_hook_factory(_is_named_tables, _named_tables_hook)
