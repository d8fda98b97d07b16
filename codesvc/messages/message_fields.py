"""The compiled fields of a template message, filled so that WeChat accepts every value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from jinja2 import TemplateError

from codesvc.wechat.template_fields import check_field, fallback, fit, not_empty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.messages.templates import Field, Templates
    from codesvc.sites.directory import AccountEntry

RENDER_ERRORS: Final = (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError)
"""What a field's source may raise, besides an unknown variable."""

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
                    constants[key] = not_empty(key, fit(key, field.render()))
                except RENDER_ERRORS:
                    continue  # the trial reports it
        return cls(fields, names, constants)

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
            return not_empty(key, fit(key, field.render(variables)))
        try:
            value = not_empty(key, fit(key, field.render(variables)))
        except RENDER_ERRORS as error:
            _log.warning("field_replaced", error=f"{key}: {type(error).__name__}")
            return fallback(key)
        reason = check_field(key, value)
        if reason is None:
            return value
        _log.warning("field_replaced", error=reason)
        return fallback(key)


def message_fields(templates: Templates, account: AccountEntry) -> dict[str, MessageFields]:
    """The compiled fields of each template message of an account.

    Raises:
        BadTemplate: a template does not load.
    """
    messages = account.config.messages
    return {name: MessageFields.of(templates.fields(message.fields)) for name, message in messages.items()}
