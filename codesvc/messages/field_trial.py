"""Tries each template message of a site under every circumstance that a start can cause (WECHAT.md 6.4).

WeChat refuses a whole message if one value breaks its type's rule, and it drops or cuts some values without an error.
Either way a person waits for a code in vain. So the service does not start with a message that could fail or hide the
code, and the admin API refuses it. Nothing is sent or read; the circumstances come from the configuration alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from codesvc.domain.channels import Channel
from codesvc.domain.errors import CodesvcError
from codesvc.domain.typed_text import normalise
from codesvc.messages.circumstances import NOTICES, circumstances, of_notice, of_verification
from codesvc.messages.message_fields import CODE, CODE_NOTICE, RENDER_ERRORS, fitted
from codesvc.wechat.template_fields import FieldKind, check_field, has_plain_fallback, not_empty, shown_part

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from codesvc.messages.circumstances import Circumstance, Dimension
    from codesvc.messages.field_sources import Field
    from codesvc.messages.message_fields import MessageFields
    from codesvc.sites.directory import SiteEntry

_LONGEST_VALUE: Final = 24
_CODE_REMEDY: Final = 'Put {{ code }} into a character_string field of its own, or set reveal = "tap".'
_SOURCE_REMEDY: Final = "Use a source that always fits, or a thing field."
_EMPTY_REMEDY: Final = "Write a text for that case, such as {{ agent or '-' }}, or use a thing field."


class MessageFault(NamedTuple):
    """Why a message of the configuration cannot be sent.

    Attributes:
        where: the option, such as `accounts.main.messages.code.thing1`.
        subject: site and purpose, such as `shop, register`.
        found: what is wrong, and under which circumstance.
        remedy: what to do.
    """

    where: str
    subject: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where} ({self.subject}): {self.found}. {self.remedy}"


class BadMessage(CodesvcError):
    """Messages of the configuration cannot be sent. The text lists every reason, field by field.

    Args:
        faults: the reasons. Equal reasons of several sites and purposes become one.
    """

    def __init__(self, faults: Iterable[MessageFault]) -> None:
        self.faults = _merged(faults)
        super().__init__("\n".join(map(str, self.faults)))


class Trial:
    """The trial of an account's messages for one site.

    Args:
        link: a link as messages have it.
    """

    def __init__(self, site: SiteEntry, compiled: Mapping[str, MessageFields], link: str) -> None:
        self._site = site
        self._compiled = compiled
        self._link = link

    def faults(self) -> Iterator[MessageFault | None]:
        """The first fault of each field, and of each message that does not show its code.

        None is a pause: another circumstance has been tried.
        """
        for name, message in self._compiled.items():
            for subject, purpose, dimensions in self._uses(name):
                where = f"accounts.{self._site.account.name}.messages.{name}"
                offered = ", ".join(sorted({key for dimension in dimensions for key in dimension[0].variables}))
                for key, field in message.fields.items():
                    fault = yield from _field_fault(key, field, circumstances(dimensions, field.names), offered)
                    if fault:
                        yield MessageFault(f"{where}.{key}", subject, *fault)
                if purpose is not None and self._must_show(name, purpose):
                    found = yield from _hidden(message, circumstances(dimensions, _code_names(message)))
                    if found:
                        yield MessageFault(where, subject, f"the code cannot be seen{found}", _CODE_REMEDY)

    def code_places(self, name: str) -> set[frozenset[str]]:
        """The sets of fields in which a message shows its code, one for each kind of circumstance."""
        message, found = self._compiled[name], set[frozenset[str]]()
        for _, purpose, dimensions in self._uses(name):
            if purpose is not None and self._must_show(name, purpose):
                for circumstance in circumstances(dimensions, _code_names(message)):
                    found.add(frozenset(_showing(message, circumstance)))
        return found

    def _uses(self, name: str) -> Iterator[tuple[str, str | None, tuple[Dimension, ...]]]:
        """The uses of a message: a subject for the report, the purpose if it is about one, and its dimensions."""
        site = self._site
        if name in NOTICES:
            yield site.name, None, of_notice(site)
            return
        for purpose in site.config.purposes:
            if name == "reset_done" and purpose != "reset":
                continue
            if name in {CODE, CODE_NOTICE} and not self._carries(name, purpose):
                continue
            yield f"{site.name}, {purpose}", purpose, of_verification(site, purpose, self._link)

    def _carries(self, name: str, purpose: str) -> bool:
        """Whether the purpose's channels send this message."""
        channels = self._site.config.purposes[purpose].channels
        if name == CODE_NOTICE:
            return Channel.SUBSCRIPTION in channels
        return Channel.TEMPLATE in channels or (Channel.SUBSCRIPTION in channels and CODE_NOTICE not in self._compiled)

    def _must_show(self, name: str, purpose: str) -> bool:
        return name in {CODE, CODE_NOTICE} and self._site.config.purposes[purpose].reveal != "tap"


def _field_fault(
    key: str, field: Field, tried: Iterable[Circumstance], offered: str
) -> Generator[None, None, tuple[str, str] | None]:
    """What is wrong with a field, and what to do; None for nothing. `offered` names the variables that there are."""
    for circumstance in tried:
        where = f" with {circumstance.text}" if circumstance.labels else ""
        try:
            value = fitted(key, field, circumstance.variables)
        except RENDER_ERRORS as error:
            return f"{key}: cannot be filled{where}: {error}", f"The variables are {offered}."
        if not value.strip() and FieldKind.of(key) is not FieldKind.FREE and not has_plain_fallback(key):
            return f"{key}: is empty{where}", _EMPTY_REMEDY
        if reason := check_field(key, not_empty(key, value)):
            remedy = _CODE_REMEDY if "code" in field.names else _SOURCE_REMEDY
            return f"{reason}; not “{_short(value)}”{where}", remedy
        yield
    return None


def _code_names(message: MessageFields) -> frozenset[str]:
    """The variables of the fields that read the code."""
    return frozenset[str]().union(*(field.names for field in message.fields.values() if "code" in field.names))


def _hidden(message: MessageFields, tried: Iterable[Circumstance]) -> Generator[None, None, str]:
    """Why and when the code cannot be seen; "" if it can under all circumstances."""
    reading = [key for key, field in message.fields.items() if "code" in field.names]
    if not reading:
        return ": no field prints it"
    for circumstance in tried:
        if not _showing(message, circumstance):
            reasons = {_why_hidden(key, message.fields[key], circumstance) for key in reading}
            where = f" with {circumstance.text}" if circumstance.labels else ""
            return f"{where}: {', '.join(sorted(reasons))}"
        yield
    return ""


def _showing(message: MessageFields, circumstance: Circumstance) -> list[str]:
    """The fields in which a person sees the whole code."""
    code = circumstance.variables.get("code")
    if code is None:
        return []
    return [
        key
        for key, field in message.fields.items()
        if "code" in field.names and _holds(code, shown_part(key, _value(key, field, circumstance)))
    ]


def _value(key: str, field: Field, circumstance: Circumstance) -> str:
    try:
        return fitted(key, field, circumstance.variables)
    except RENDER_ERRORS:
        return ""  # reported as a fault of the field


def _holds(code: str, text: str) -> bool:
    """Whether a text holds the code, in groups too: what a person types may have blanks and dashes."""
    return code in text or code in normalise(text)


def _why_hidden(key: str, field: Field, circumstance: Circumstance) -> str:
    code = circumstance.variables["code"]
    if not shown_part(key, "x"):
        return f"WeChat does not show {key}"
    value = _value(key, field, circumstance)
    if _holds(code, value):
        return f"WeChat cuts {key} after 20 characters"
    try:
        whole = field.render(circumstance.variables)
    except RENDER_ERRORS:
        return f"{key} cannot be filled"
    return f"{key} is too long for its type and is cut" if _holds(code, whole) else f"{key} does not hold it whole"


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"


def _merged(faults: Iterable[MessageFault]) -> list[MessageFault]:
    """The faults in order. One with the same text for several subjects names the first and counts the rest."""
    subjects: dict[tuple[str, str, str], list[str]] = {}
    for fault in faults:
        same = subjects.setdefault((fault.where, fault.found, fault.remedy), [])
        if fault.subject not in same:
            same.append(fault.subject)
    merged = []
    for (where, found, remedy), those in subjects.items():
        subject = those[0] + (f" and {len(those) - 1} more" if len(those) > 1 else "")
        merged.append(MessageFault(where, subject, found, remedy))
    return sorted(merged)
