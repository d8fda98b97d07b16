"""Messages about a verification (DESIGN rule 5): code, reference, site, purpose, expiry, and "if this was not you".

Nothing that an unknown person wrote is printed: the device family is from a closed list, the address is masked, and
names come from the configuration. Times are in Beijing time, which WeChat users expect.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from jinja2 import TemplateError

from codesvc.domain import codes
from codesvc.domain.codes import VerificationId
from codesvc.domain.errors import CodesvcError
from codesvc.sites.lazy import PerEntry
from codesvc.wechat.template_fields import check_field, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from codesvc.domain.keyring import Keyring
    from codesvc.domain.record import Fixed, Record
    from codesvc.domain.signed_links import Links
    from codesvc.messages.templates import Field, Templates
    from codesvc.sites.directory import AccountEntry, Directory, SiteEntry

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class BadMessage(CodesvcError):
    """A message of the configuration cannot be sent. The text lists every reason, field by field."""


def spoken_date(ms: int) -> str:
    """`ms` since 1970 in the form used in China, such as 2025年5月1日 15:01."""
    return _spoken_minute(ms // 60_000)


@lru_cache(maxsize=4096)
def _spoken_minute(minute: int) -> str:
    there = datetime.fromtimestamp(minute * 60, UTC).astimezone(BEIJING)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"


class _MessageContext(NamedTuple):
    """The facts that a message and a trial rendering of it have in common."""

    site: SiteEntry
    purpose: str
    locale: str
    expires: int
    now: int

    @property
    def purpose_name(self) -> str:
        policy = self.site.purpose(self.purpose)
        return policy.name.spoken(self.locale) if policy else self.purpose


_CONTEXT_VARIABLES: Final[dict[str, Callable[[_MessageContext], Any]]] = {
    "site": lambda context: context.site.config.name.spoken(context.locale),
    "purpose": lambda context: context.purpose_name,
    "account": lambda context: context.site.account.config.name,
    "expires_time": lambda context: spoken_date(context.expires).partition(" ")[2],
    "expires_at": lambda context: spoken_date(context.expires),
    "now_at": lambda context: spoken_date(context.now),
    "minutes": lambda context: max(1, round((context.expires - context.now) / 60_000)),
    "locale": lambda context: context.locale,
}


class MessageFields(msgspec.Struct, frozen=True):
    """The compiled fields of one template message of an account.

    Attributes:
        fields: the compiled fields, by key.
        names: names of the variables that the fields print; None if this is known only after rendering.
        constants: rendered values of the fields without variables.
    """

    fields: dict[str, Field]
    names: frozenset[str] | None
    constants: dict[str, str]

    @classmethod
    def of(cls, fields: dict[str, Field]) -> MessageFields:
        """Collect the variables of compiled fields, and render the fields that have none."""
        printed = [field.names for field in fields.values()]
        names = None if None in printed else frozenset[str]().union(*(each for each in printed if each))
        constants = {key: fit(key, field.render()) for key, field in fields.items() if field.names == frozenset()}
        return cls(fields, names, constants)

    def filled(self, variables: Mapping[str, Any]) -> dict[str, str]:
        """The rendered values, each fitted to its field type."""
        constants = self.constants
        return {
            key: constants[key] if key in constants else fit(key, field.render(variables))
            for key, field in self.fields.items()
        }


def message_fields(templates: Templates, account: AccountEntry) -> dict[str, MessageFields]:
    """The compiled fields of each template message of an account.

    Raises:
        BadTemplate: a template does not load.
    """
    messages = account.config.messages
    return {name: MessageFields.of(templates.fields(message.fields)) for name, message in messages.items()}


class Composer:
    """Renders messages about verifications.

    Args:
        templates: the texts.
        keyring: derives the codes.
        directory: sites and accounts; every account's messages are compiled and checked at once.
        links: makes the links in messages.

    Raises:
        BadTemplate: a template does not load.
        BadMessage: a field would break its type's rule (WECHAT.md 6.4), checked with real values of every site.
    """

    def __init__(self, templates: Templates, keyring: Keyring, directory: Directory, links: Links) -> None:
        self._templates = templates
        self._links = links
        self._keyring = keyring
        self._directory = directory
        self._fields = PerEntry(directory.accounts, partial(message_fields, templates), lambda entry: entry.config)
        for account in directory.accounts:
            self._fields[account]
        faults = sorted({fault for site in directory.sites.values() for fault in self.faults(site)})
        if faults:
            raise BadMessage("\n".join(faults))

    def faults(self, site: SiteEntry, account: AccountEntry | None = None) -> list[str]:
        """Check the messages of a site, with its own account or with `account` in its place.

        Raises:
            BadTemplate: a template does not load.
        """
        faults, entry = [], account or site.account
        compiled = message_fields(self._templates, entry) if account else self._fields[entry.name]
        for name, message in compiled.items():
            for purpose, policy in site.config.purposes.items():
                context = _MessageContext(site, purpose, "zh", 600_000, 0)
                variables = {variable: compute(context) for variable, compute in _CONTEXT_VARIABLES.items()} | {
                    "code": "8" * max(policy.code_length, policy.long_code_length),
                    "link": "https://codes.example.com/wechat/main/message/…",
                    "reference": "KX",
                    "agent": "HarmonyOS",
                    "place": "203.0.*.*",
                }
                for key, template in message.fields.items():
                    try:
                        fault = check_field(key, fit(key, template.render(variables)))
                    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
                        fault = f"{key}: cannot be filled: {error}"
                    if fault:
                        faults.append(f"accounts.{entry.name}.messages.{name}.{key} ({site.name}, {purpose}): {fault}")
        return faults

    def knows(self, record: Record) -> bool:
        """Whether the verification's site still exists."""
        return record.site in self._directory.sites

    def code_of(self, record: Record) -> str | None:
        """The code, derived again; None if its master key has been removed."""
        identifier = VerificationId.parse(record.id)
        master = self._keyring.find(identifier.key_id) if identifier else None
        return codes.derive(master.code_key, identifier) if identifier and master else None

    def hides_code(self, record: Record) -> bool:
        """Whether the code is shown only behind the message's link (`reveal = "tap"`)."""
        policy = self._directory.sites[record.site].purpose(record.purpose)
        return policy is not None and policy.reveal == "tap"

    def link(self, record: Record) -> str:
        """The link of a message about this verification."""
        return self._links.message_url(self._directory.sites[record.site].account.name, record.id)

    def variables(self, record: Record, names: Collection[str] | None = None) -> dict[str, Any]:
        """The variables of a template about a verification. If the code is hidden, `code` is a row of dashes.

        Args:
            record: the verification.
            names: names of the variables to compute; None for all.
        """
        fixed = record.fixed
        context = _MessageContext(
            self._directory.sites[record.site], record.purpose, fixed.locale, record.expires, record.now
        )
        values: dict[str, Any] = {}
        for name in _VARIABLES if names is None else names:
            if name in _CONTEXT_VARIABLES:
                values[name] = _CONTEXT_VARIABLES[name](context)
            elif name in _OF_RECORD:
                values[name] = _OF_RECORD[name](self, record, fixed)
        return values

    def shown_code(self, record: Record) -> str:
        """The code, or a row of dashes if it is hidden."""
        code = self.code_of(record) or ""
        return "-" * len(code) if self.hides_code(record) else code

    def fields(self, account: str, name: str, record: Record) -> dict[str, str]:
        """The values of a template message's fields, each fitted to its type."""
        message = self._fields[account][name]
        return message.filled(self.variables(record, message.names))

    def chat(self, name: str, record: Record) -> str:
        """A chat message about a verification, in the language of the start."""
        if name == "code" and self.hides_code(record):
            name = "code_behind_link"
        return self._templates.chat(name, record.fixed.locale, self.variables(record))

    def phrase(self, name: str, variables: Mapping[str, Any]) -> str:
        """A chat message without a verification; in Chinese, because the person's language is not known."""
        return self._templates.chat(name, "zh", variables)


_OF_RECORD: Final[dict[str, Callable[[Composer, Record, Fixed], str]]] = {
    "code": lambda composer, record, _: composer.shown_code(record),
    "link": lambda composer, record, _: composer.link(record),
    "reference": lambda _, record, __: codes.reference(record.id),
    "agent": lambda _, __, fixed: fixed.agent,
    "place": lambda _, __, fixed: fixed.place,
}
_VARIABLES: Final = (*_CONTEXT_VARIABLES, *_OF_RECORD)
