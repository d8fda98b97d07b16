"""The compiled fields of a template message, filled so that WeChat accepts every value."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from jinja2 import TemplateError

from codesvc.wechat.template_fields import FieldKind, check_field, fallback, fit, not_empty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.messages.field_sources import Field
    from codesvc.messages.templates import Templates
    from codesvc.sites.directory import AccountEntry

CODE: Final = "code"
"""The name of an account's template message for codes. An account that has only notices may call its notice so too."""
CODE_NOTICE: Final = "code_notice"
"""The name of an account's subscription notice for codes. Notices and template messages have different ids (WECHAT.md
7.1).
"""
RENDER_ERRORS: Final = (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError)
"""What a field's source may raise, besides an unknown variable."""

CUT: Final = "…"
"""The mark of a text that was shortened."""
_CUT_KINDS: Final = frozenset({FieldKind.THING, FieldKind.SHORT_THING})
_JOINERS: Final = " \u200d\ufe0f"  # a name must not end in half a composed emoji
_SHORTENED: Final = ("site", "account", "purpose")

_EMPTY_BRACKETS: Final = re.compile(r"\[\s*\]|\(\s*\)|【\s*】|（\s*）|「\s*」|〔\s*〕")

_log = structlog.get_logger(__name__)


class MessageFields(msgspec.Struct, frozen=True):
    """The compiled fields of one template message of an account.

    Attributes:
        fields: the compiled fields, by key.
        names: names of the variables that the fields may read.
        constants: rendered values of the fields without variables.
    """

    fields: dict[str, Field]
    names: frozenset[str]
    constants: dict[str, str]

    @classmethod
    def of(cls, fields: dict[str, Field]) -> MessageFields:
        """Collect the variables of compiled fields, and render the fields that have none."""
        names = frozenset[str]().union(*(field.names for field in fields.values()))
        constants = {}
        for key, field in fields.items():
            if not field.names:
                try:
                    constants[key] = not_empty(key, fit(key, field.render({})))
                except RENDER_ERRORS:
                    continue  # the trial reports it
        return cls(fields, names, constants)

    def __or__(self, other: MessageFields) -> MessageFields:
        """The fields of both."""
        return MessageFields(self.fields | other.fields, self.names | other.names, self.constants | other.constants)

    def without_reference(self) -> MessageFields:
        """The same fields for a message that has no reference: brackets around it go with it."""
        fields = {k: _WithoutReference(f) if "reference" in f.names else f for k, f in self.fields.items()}
        return MessageFields(fields, self.names, self.constants)

    def filled(self, variables: Mapping[str, Any]) -> dict[str, str]:
        """The rendered values, each fitted to its field type and none of them empty.

        The start of the service has tried the message (`codesvc.messages.field_trial`). If a value breaks its type's
        rule nevertheless, its type's fallback text replaces it, because WeChat would refuse the whole message. The
        field with the code is not replaced: a message without its code is worse than none.
        """
        constants = self.constants
        return {
            key: constants[key] if key in constants else self._filled(key, field, variables)
            for key, field in self.fields.items()
        }

    @staticmethod
    def _filled(key: str, field: Field, variables: Mapping[str, Any]) -> str:
        if "code" in field.names:
            return not_empty(key, fitted(key, field, variables))
        try:
            value = not_empty(key, fitted(key, field, variables))
        except RENDER_ERRORS as error:
            _log.warning("field_replaced", error=f"{key}: {type(error).__name__}")
            return fallback(key)
        reason = check_field(key, value)
        if reason is None:
            return value
        _log.warning("field_replaced", error=reason)
        return fallback(key)


class _WithoutReference:
    """A field whose reference is empty, without the brackets that stood around it."""

    def __init__(self, field: Field) -> None:
        self.names = field.names
        self._field = field

    def render(self, variables: Mapping[str, Any], /) -> str:
        """Render the field."""
        return _EMPTY_BRACKETS.sub("", self._field.render({**variables, "reference": ""})).strip()


def fitted(key: str, field: Field, variables: Mapping[str, Any]) -> str:
    """The rendered value, adapted to the type of `key`.

    If a `thing` is too long, the names in it are shortened before anything else is cut: first the site's, then the
    account's, then the purpose's. So a reference and the text around stay whole. A field with the code is cut at its
    end, as the trial of the messages assumes.
    """
    value = fit(key, field.render(variables))
    if value.endswith(CUT) and FieldKind.of(key) in _CUT_KINDS and "code" not in field.names:
        return _with_shorter_names(key, field, variables)
    return value


def _with_shorter_names(key: str, field: Field, variables: Mapping[str, Any]) -> str:
    for name in _SHORTENED:
        if name in field.names and variables.get(name):
            if shorter := _with_shorter(name, key, field, variables):
                return shorter
            variables = {**variables, name: ""}
    return fit(key, field.render(variables))


def _with_shorter(name: str, key: str, field: Field, variables: Mapping[str, Any]) -> str:
    """The field with as much of this name as its type takes; "" if it is too long without the name."""
    whole = str(variables[name])

    def tried(length: int) -> str:
        text = whole[:length].rstrip(_JOINERS) + CUT if length else ""
        return " ".join(field.render({**variables, name: text}).split())

    # A name of which fewer than two characters would be shown is left out.
    lengths = [0, *range(2, len(whole))]
    fitting = bisect_left(lengths, 1, key=lambda length: int(check_field(key, tried(length)) is not None))
    return tried(lengths[fitting - 1]) if fitting else ""


def message_fields(templates: Templates, account: AccountEntry) -> dict[str, MessageFields]:
    """The compiled fields of each template message of an account.

    Raises:
        BadTemplate: a template does not load.
    """
    messages = account.config.messages
    return {name: MessageFields.of(templates.fields(message.fields)) for name, message in messages.items()}
