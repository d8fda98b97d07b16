"""What a message to a person says (DESIGN rule 5): code, reference, site, purpose, expiry, and "if this was not you".

Nothing that a stranger wrote is printed: the device family is from a closed list, the address is masked, names come
from the configuration. Times are shown in Beijing time, which is what a WeChat user reads.
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
    """A message of the configuration cannot be sent as it is; the text lists why, field by field."""


def spoken_date(ms: int) -> str:
    """`ms` since 1970 as a person in China reads it, such as 2025年5月1日 15:01."""
    return _spoken_minute(ms // 60_000)


@lru_cache(maxsize=4096)
def _spoken_minute(minute: int) -> str:
    there = datetime.fromtimestamp(minute * 60, UTC).astimezone(BEIJING)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"


class _Occasion(NamedTuple):
    """What a message is about, as far as it is the same for a message that is only tried."""

    site: SiteEntry
    purpose: str
    locale: str
    expires: int
    now: int

    @property
    def purpose_name(self) -> str:
        policy = self.site.purpose(self.purpose)
        return policy.name.spoken(self.locale) if policy else self.purpose


_STANDING: Final[dict[str, Callable[[_Occasion], Any]]] = {
    "site": lambda about: about.site.config.name.spoken(about.locale),
    "purpose": lambda about: about.purpose_name,
    "account": lambda about: about.site.account.config.name,
    "expires_time": lambda about: spoken_date(about.expires).partition(" ")[2],
    "expires_at": lambda about: spoken_date(about.expires),
    "now_at": lambda about: spoken_date(about.now),
    "minutes": lambda about: max(1, round((about.expires - about.now) / 60_000)),
    "locale": lambda about: about.locale,
}


class MessageFields(msgspec.Struct, frozen=True):
    """One template message of an account, compiled.

    Attributes:
        fields: by key.
        wanted: the variables that they print; None where only filling them tells.
        standing: what fields without variables hold, fitted.
    """

    fields: dict[str, Field]
    wanted: frozenset[str] | None
    standing: dict[str, str]

    @classmethod
    def of(cls, fields: dict[str, Field]) -> MessageFields:
        """Gather what they want."""
        names = [field.names for field in fields.values()]
        wanted = None if None in names else frozenset[str]().union(*(each for each in names if each))
        standing = {key: fit(key, field.render()) for key, field in fields.items() if field.names == frozenset()}
        return cls(fields, wanted, standing)

    def filled(self, variables: Mapping[str, Any]) -> dict[str, str]:
        """The values, each fitted to its type."""
        standing = self.standing
        return {
            key: standing[key] if key in standing else fit(key, field.render(variables))
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
    """Writes messages.

    Args:
        templates: the texts.
        keyring: derives the codes that the texts carry.
        directory: every account's messages are compiled and checked at once.
        links: what a message leads to.

    Raises:
        BadTemplate: a template does not load.
        BadMessage: a field would break its type's rule (WECHAT.md 6.4), tried with real values of every site.
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
        """What is wrong with the messages of a site, or would be if its account were `account`.

        Raises:
            BadTemplate: a template does not load.
        """
        faults, entry = [], account or site.account
        compiled = message_fields(self._templates, entry) if account else self._fields[entry.name]
        for name, message in compiled.items():
            for purpose, policy in site.config.purposes.items():
                occasion = _Occasion(site, purpose, "zh", 600_000, 0)
                variables = {variable: told(occasion) for variable, told in _STANDING.items()} | {
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
        """Whether there still is the site of a verification."""
        return record.site in self._directory.sites

    def code_of(self, record: Record) -> str | None:
        """The code, derived anew; None if its master key is gone."""
        identifier = VerificationId.parse(record.id)
        master = self._keyring.find(identifier.key_id) if identifier else None
        return codes.derive(master.code_key, identifier) if identifier and master else None

    def hides_code(self, record: Record) -> bool:
        """Whether the purpose wants the code behind the message's link only (`reveal = "tap"`)."""
        policy = self._directory.sites[record.site].purpose(record.purpose)
        return policy is not None and policy.reveal == "tap"

    def link(self, record: Record) -> str:
        """Where a message about this verification leads."""
        return self._links.message_url(self._directory.sites[record.site].account.name, record.id)

    def variables(self, record: Record, wanted: Collection[str] | None = None) -> dict[str, Any]:
        """What a template may print about a verification; `code` is a row of dashes where it is hidden.

        Args:
            record: the verification.
            wanted: which of the variables; None: every one.
        """
        fixed = record.fixed
        occasion = _Occasion(
            self._directory.sites[record.site], record.purpose, fixed.locale, record.expires, record.now
        )
        told: dict[str, Any] = {}
        for name in _VARIABLES if wanted is None else wanted:
            if name in _STANDING:
                told[name] = _STANDING[name](occasion)
            elif name in _OF_RECORD:
                told[name] = _OF_RECORD[name](self, record, fixed)
        return told

    def shown_code(self, record: Record) -> str:
        """The code, or a row of dashes where it is hidden."""
        code = self.code_of(record) or ""
        return "-" * len(code) if self.hides_code(record) else code

    def fields(self, account: str, name: str, record: Record) -> dict[str, str]:
        """The values of a template message's fields, each fitted to its type."""
        message = self._fields[account][name]
        return message.filled(self.variables(record, message.wanted))

    def chat(self, name: str, record: Record) -> str:
        """A chat message about a verification, in the language of whoever started it."""
        if name == "code" and self.hides_code(record):
            name = "code_behind_link"
        return self._templates.chat(name, record.fixed.locale, self.variables(record))

    def phrase(self, name: str, variables: Mapping[str, Any]) -> str:
        """A chat message about nothing in particular, in Chinese: nobody has told the language."""
        return self._templates.chat(name, "zh", variables)


_OF_RECORD: Final[dict[str, Callable[[Composer, Record, Fixed], str]]] = {
    "code": lambda composer, record, _: composer.shown_code(record),
    "link": lambda composer, record, _: composer.link(record),
    "reference": lambda _, record, __: codes.reference(record.id),
    "agent": lambda _, __, fixed: fixed.agent,
    "place": lambda _, __, fixed: fixed.place,
}
_VARIABLES: Final = (*_STANDING, *_OF_RECORD)
