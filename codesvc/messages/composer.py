"""Messages about a verification (DESIGN rule 5): code, reference, site, purpose, expiry, and "if this was not you".

Nothing that an unknown person wrote is printed: the device family is from a closed list, the address is masked, and
names come from the configuration. Times are in Beijing time, which WeChat users expect.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from codesvc.domain import codes
from codesvc.domain.clock import whole_minutes
from codesvc.domain.codes import VerificationId
from codesvc.messages.field_trial import BadMessage, Trial
from codesvc.messages.message_fields import MessageFields, message_fields
from codesvc.messages.trial_budget import TrialBudget
from codesvc.sites.lazy import PerEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence

    from codesvc.domain.keyring import Keyring
    from codesvc.domain.record import Fixed, Record
    from codesvc.domain.signed_links import Links
    from codesvc.messages.field_trial import MessageFault
    from codesvc.messages.templates import Templates
    from codesvc.sites.directory import AccountEntry, Directory, SiteEntry

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class CodeLost(LookupError):
    """A code can no longer be derived, so that a message with it must not be sent."""


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def spoken_date(ms: int, locale: str) -> str:
    """`ms` since 1970 for a chat text, such as 2025年5月1日 15:01 or 1 May 2025, 15:01 Beijing time."""
    if locale == "zh":
        return field_date(ms, locale)
    there = _in_beijing(ms // 60_000)
    return f"{there.day} {_MONTHS[there.month - 1]} {there.year}, {there:%H:%M} Beijing time"


def field_date(ms: int, locale: str) -> str:
    """`ms` since 1970 as WeChat takes it in a field, such as 2025年5月1日 15:01 or 2025-05-01 15:01 (WECHAT.md 5)."""
    there = _in_beijing(ms // 60_000)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}" if locale == "zh" else f"{there:%Y-%m-%d %H:%M}"


def _in_beijing(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC).astimezone(BEIJING)


def in_sentence(name: str, locale: str) -> str:
    """A purpose's name inside an English sentence: `Sign-up` becomes `sign-up`, `VIP entry` stays."""
    return name if locale == "zh" or not name[1:2].islower() else name[0].lower() + name[1:]


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
    "expires_time": lambda context: field_date(context.expires, context.locale).partition(" ")[2],
    "expires_at": lambda context: field_date(context.expires, context.locale),
    "now_at": lambda context: field_date(context.now, context.locale),
    "minutes": lambda context: whole_minutes(context.expires - context.now),
    "locale": lambda context: context.locale,
}


class Composer:
    """Renders messages about verifications.

    Attributes:
        account_fields: the compiled fields of each account's messages, by the names of account and message.

    Args:
        directory: sites and accounts; every account's messages are compiled and checked at once.

    Raises:
        BadTemplate: a template does not load.
        BadMessage: a message could fail or hide its code, tried for every site (`codesvc.messages.field_trial`).
    """

    def __init__(self, templates: Templates, keyring: Keyring, directory: Directory, links: Links) -> None:
        self._templates = templates
        self._links = links
        self._keyring = keyring
        self._directory = directory
        self.account_fields: Mapping[str, dict[str, MessageFields]] = PerEntry(
            directory.accounts, partial(message_fields, templates), lambda entry: entry.config
        )
        for account in directory.accounts:
            self.account_fields[account]
        if faults := [fault for site in directory.sites.values() for fault in self.faults(site)]:
            raise BadMessage(faults)

    def faults(self, site: SiteEntry) -> list[MessageFault]:
        """Try the messages of a site under every circumstance."""
        return [fault for fault in self._trial(site, self.account_fields[site.account.name]).faults() if fault]

    def try_change(self, sites: Sequence[SiteEntry], *, anew: bool = False) -> Iterator[MessageFault | None]:
        """Try the messages of proposed sites of one account, until one has faults. None is a pause for other tasks.

        Args:
            sites: the sites, with their account.
            anew: compile the account's messages, because they are only proposed.

        Raises:
            BadTemplate: a template does not load, or the trial takes too long (`codesvc.messages.trial_budget`).
        """
        budget, account, sound = TrialBudget(self._templates, len(sites)), sites[0].account, True
        compiled = (yield from self._compiled(account, budget)) if anew else self.account_fields[account.name]
        for site in sites:
            for fault in self._trial(site, compiled).faults():
                if fault:
                    sound = False
                    yield fault
                yield from budget.rendered()
            if not sound:
                return

    def _compiled(
        self, account: AccountEntry, budget: TrialBudget
    ) -> Generator[None, None, Mapping[str, MessageFields]]:
        compiled = {}
        for name, message in account.config.messages.items():
            compiled[name] = MessageFields.of({})
            for key, source in self._templates.field_sources(message.fields).items():
                yield from budget.compile(source)
                compiled[name] |= MessageFields.of({key: self._templates.field(message.fields, key, source)})
                yield from budget.rendered()
        return compiled

    def code_places(self, account: str, name: str) -> set[frozenset[str]]:
        """The sets of fields in which a message of an account shows the code, for all of its sites."""
        trials = (self._trial(site, self.account_fields[account]) for site in self._directory.sites_of(account))
        return {place for trial in trials for place in trial.code_places(name)}

    def _trial(self, site: SiteEntry, compiled: Mapping[str, MessageFields]) -> Trial:
        return Trial(site, compiled, self._links.message_url(site.account.name, f"vf_{'a' * 32}"))

    def knows(self, record: Record, account: AccountEntry) -> bool:
        """Whether the verification's site still exists, on this account."""
        site = self._directory.sites.get(record.site)
        return site is not None and site.account.name == account.name

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
        """The values of a template message's fields, each fitted to its type and none of them empty.

        Raises:
            CodeLost: the message prints the code, and its master key has been removed.
        """
        message = self.account_fields[account][name]
        variables = self.variables(record, message.names)
        if variables.get("code") == "":
            raise CodeLost("the master key of this code has been removed")
        return message.filled(variables)

    def chat(self, name: str, record: Record) -> str:
        """A chat message about a verification, in the language of the start."""
        if name == "code" and self.hides_code(record):
            name = "code_behind_link"
        locale, variables = record.fixed.locale, self.variables(record)
        variables |= {
            "purpose": in_sentence(variables["purpose"], locale),
            "expires_at": spoken_date(record.expires, locale),
            "now_at": spoken_date(record.now, locale),
        }
        return self._templates.chat(name, locale, variables)


_OF_RECORD: Final[dict[str, Callable[[Composer, Record, Fixed], str]]] = {
    "code": lambda composer, record, _: composer.shown_code(record),
    "link": lambda composer, record, _: composer.link(record),
    "reference": lambda _, record, __: codes.reference(record.id),
    "agent": lambda _, __, fixed: fixed.agent,
    "place": lambda _, __, fixed: fixed.place,
}
_VARIABLES: Final = (*_CONTEXT_VARIABLES, *_OF_RECORD)
