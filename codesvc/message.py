"""What a message to a person says (DESIGN rule 5): code, reference, site, purpose, expiry, and "if this was not you".

Nothing that a stranger wrote is printed: the device family is from a closed list, the address is masked, names come
from the configuration. Times are shown in Beijing time, which is what a WeChat user reads.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from codesvc import codes
from codesvc.codes import VerificationId
from codesvc.errors import CodesvcError
from codesvc.roster import PerAccount
from codesvc.wechat.fields import check_field, fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.directory import AccountEntry, Directory, SiteEntry
    from codesvc.keyring import Keyring
    from codesvc.link import Links
    from codesvc.record import Record
    from codesvc.templates import Field, Templates

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


def _variables(*, site: SiteEntry, purpose: str, locale: str, expires: int, now: int) -> dict[str, Any]:
    policy = site.purpose(purpose)
    return {
        "site": site.config.name.spoken(locale),
        "purpose": policy.name.spoken(locale) if policy else purpose,
        "account": site.account.config.name,
        "expires_time": spoken_date(expires).partition(" ")[2],
        "expires_at": spoken_date(expires),
        "now_at": spoken_date(now),
        "minutes": max(1, round((expires - now) / 60_000)),
        "locale": locale,
    }


def message_fields(templates: Templates, account: AccountEntry) -> dict[str, dict[str, Field]]:
    """The compiled fields of each template message of an account.

    Raises:
        BadTemplate: a template does not load.
    """
    return {name: templates.fields(message.fields) for name, message in account.config.messages.items()}


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
        self._fields = PerAccount(directory.accounts, partial(message_fields, templates), of_config=True)
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
        for name, fields in compiled.items():
            for purpose, policy in site.config.purposes.items():
                variables = _variables(site=site, purpose=purpose, locale="zh", expires=600_000, now=0) | {
                    "code": "8" * max(policy.code_length, policy.long_code_length),
                    "link": "https://codes.example.com/wechat/main/message/…",
                    "reference": "KX",
                    "agent": "HarmonyOS",
                    "place": "203.0.*.*",
                }
                for key, template in fields.items():
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

    def variables(self, record: Record) -> dict[str, Any]:
        """Everything a template may print about a verification; `code` is a row of dashes where it is hidden."""
        site = self._directory.sites[record.site]
        code, fixed = self.code_of(record) or "", record.fixed
        variables = _variables(
            site=site, purpose=record.purpose, locale=fixed.locale, expires=record.expires, now=record.now
        )
        return variables | {
            "code": "-" * len(code) if self.hides_code(record) else code,
            "link": self.link(record),
            "reference": codes.reference(record.id),
            "agent": fixed.agent,
            "place": fixed.place,
        }

    def fields(self, account: str, name: str, record: Record) -> dict[str, str]:
        """The values of a template message's fields, each fitted to its type."""
        variables = self.variables(record)
        return {key: fit(key, field.render(variables)) for key, field in self._fields[account][name].items()}

    def chat(self, name: str, record: Record) -> str:
        """A chat message about a verification, in the language of whoever started it."""
        if name == "code" and self.hides_code(record):
            name = "code_behind_link"
        return self._templates.chat(name, record.fixed.locale, self.variables(record))

    def phrase(self, name: str, variables: Mapping[str, Any]) -> str:
        """A chat message about nothing in particular, in Chinese: nobody has told the language."""
        return self._templates.chat(name, "zh", variables)
