"""JSON schemas of tables of settings, made from the types that validate them (`codesvc.config.settings`)."""

import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from codesvc.config import Purpose, Rate, Secret
from codesvc.config.constraints import NAME, Among, AtMost, Between, Matching, distinct, filled
from codesvc.config.structure import options, required
from codesvc.config.texts import LocalText

_PLAIN: Final = {bool: "boolean", int: "integer", float: "number", str: "string"}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 64}
_LOCAL_TEXT: Final = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": {"zh": _TEXT, "en": _TEXT},
            "required": ["zh", "en"],
            "additionalProperties": False,
        },
    ]
}
_RATES: Final = {
    "anyOf": [
        {"type": "string", "pattern": "^(none$|[0-9]+/)"},
        {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[0-9]+/"}},
    ],
    "description": 'such as ["5/hour", "10/day"], or "none"',
}
_FIXED: Final[dict[Any, dict[str, Any]]] = {
    tuple[Rate, ...]: _RATES,
    Secret: {"type": "string", "writeOnly": True},
    LocalText: _LOCAL_TEXT,
}


def table_schema(kind: type, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The schema of the table for a class of settings."""
    hints = get_type_hints(kind, include_extras=True)
    known = {name: option for name, option in options(kind).items() if name not in without}
    return {
        "type": "object",
        "properties": {name: _schema(hints[name]) for name in known},
        # The name of a purpose defaults to its key (`purpose_defaults`), so it is not required.
        "required": [name for name, option in known.items() if required(option) and kind is not Purpose],
        "additionalProperties": False,
    }


def _schema(hint: Any) -> dict[str, Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        schema = _schema(parts[0])
        for constraint in parts[1:]:
            schema = schema | _constrained(constraint, schema)
        return schema
    if hint in _FIXED:
        return _FIXED[hint]
    if origin in {Union, types.UnionType}:
        inner = [_schema(part) for part in parts if part is not type(None)]
        return inner[0] if len(inner) == 1 else {"anyOf": inner}
    if origin is Literal:
        return {"type": "string", "enum": list(parts)}
    if origin in {tuple, frozenset}:
        return {"type": "array", "items": _schema(parts[0])}
    if origin is Mapping:
        names = {"propertyNames": {"pattern": f"^{NAME.pattern}$"}} if is_dataclass(parts[1]) else {}
        return {"type": "object", "additionalProperties": _schema(parts[1]), **names}
    if is_dataclass(hint) and isinstance(hint, type):
        return table_schema(hint)
    return {"type": _PLAIN.get(hint, "string")}


def _constrained(constraint: object, schema: dict[str, Any]) -> dict[str, Any]:
    match constraint:
        case Between():
            return {"minimum": constraint.low, "maximum": constraint.high}
        case AtMost():
            return {"maxItems" if schema.get("type") == "array" else "maxProperties": constraint.most}
        case Among():
            return {"enum": [str(word) for word in constraint.words]}
        case Matching():
            return {"pattern": f"^(?:{constraint.pattern})$", "description": constraint.rule}
        case _ if constraint is filled:
            return {"minItems": 1} if schema.get("type") == "array" else {}
        case _ if constraint is distinct:
            return {"uniqueItems": True}
    return {}
