"""Everything that a start can make of the variables of a template message, so that each message is tried beforehand.

A start differs from another in few ways: language, device family, address, code, time that is left. Each way is a
dimension with all its values. The first value is the usual one, the others have a label that a refusal names. Names of
sites and purposes are the configured ones.
"""

from __future__ import annotations

from itertools import combinations, product
from math import prod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from codesvc.domain.addresses import masked_bucket
from codesvc.domain.codes import ALPHABET_NAMES, ALPHABETS, MAX_LENGTH
from codesvc.domain.device import FAMILIES
from codesvc.domain.guessing import formats_of
from codesvc.domain.masking import masked_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codesvc.sites.directory import SiteEntry

NOTICES: Final = frozenset({"bound", "moved", "move_asked", "unbound"})
"""Messages about a changed binding (`codesvc.messages.chat`). All others are about a verification."""

_MOST: Final = 300
_USERS: Final = {
    "": "alice-liddell",
    "a short user id": "a",
    "a number as user id": "13800138000",
    "an e-mail address as user id": "alice.liddell@example.com",
}
_ADDRESSES: Final = {
    "": "203.113.0.9",
    "a short address": "1.2.3.4",
    "an IPv6 address": "20010db800000000",
    "an IPv6 address of letters": "fedcabcd00000000",
}
_DATES: Final = {
    "": "2025年12月31日 23:59",
    "a short date": "2025年1月1日 00:05",
    "a date in English": "2025-12-31 23:59",
}


class Choice(NamedTuple):
    """One value of a dimension.

    Attributes:
        label: the name of the circumstance; "" for the usual one.
        variables: the template variables that it sets.
        extreme: whether it is tried in pairs with others even if there are very many combinations.
    """

    label: str
    variables: dict[str, Any]
    extreme: bool = True


class Circumstance(NamedTuple):
    """The variables of one start, and what is unusual about it."""

    labels: tuple[str, ...]
    variables: dict[str, Any]

    @property
    def text(self) -> str:
        """What is unusual, in words; "" for nothing."""
        return ", ".join(self.labels)


Dimension = tuple[Choice, ...]


def circumstances(dimensions: Iterable[Dimension], reads: frozenset[str]) -> list[Circumstance]:
    """All combinations that differ in the variables `reads`, the most usual ones first.

    If there are more than a few hundred, these are tried: each value with the usual ones, each pair of extreme values
    with the usual ones, and in each language all the longest and all the shortest values together.
    """
    used = [dimension for dimension in dimensions if not reads.isdisjoint(dimension[0].variables)]
    combined = list(product(*used)) if prod(map(len, used)) <= _MOST else _selected(used)
    found = [
        Circumstance(
            tuple(choice.label for choice in choices if choice.label),
            {name: value for choice in choices for name, value in choice.variables.items()},
        )
        for choices in combined
    ]
    return sorted(found, key=lambda circumstance: len(circumstance.labels))


def _selected(dimensions: Sequence[Dimension]) -> list[Sequence[Choice]]:
    usual = [dimension[0] for dimension in dimensions]
    found: list[Sequence[Choice]] = [usual]
    for place, dimension in enumerate(dimensions):
        found += [[*usual[:place], choice, *usual[place + 1 :]] for choice in dimension]
    for (one, first), (two, second) in combinations(enumerate(dimensions), 2):
        pairs = product(*([choice for choice in each if choice.extreme] for each in (first, second)))
        found += [[*usual[:one], this, *usual[one + 1 : two], that, *usual[two + 1 :]] for this, that in pairs]
    for choice in dimensions[0]:
        found += [[choice, *(extreme(each, key=_width) for each in dimensions[1:])] for extreme in (max, min)]
    return found


def _width(choice: Choice) -> int:
    return sum(len(str(value)) for value in choice.variables.values())


def of_verification(site: SiteEntry, purpose: str, link: str) -> tuple[Dimension, ...]:
    """The dimensions of a message about a verification."""
    return (
        _languages(site, purpose),
        _agents(),
        _places(absent=site.config.client_ip == "none"),
        _codes(site, purpose),
        _times(),
        _minutes(site, purpose),
        (Choice("", {"account": site.account.config.name, "link": link, "reference": "KX"}),),
    )


def of_notice(site: SiteEntry) -> tuple[Dimension, ...]:
    """The dimensions of a notice about a binding. A change by the API or an import has no browser and no reference."""
    users = [Choice(label, {"user": masked_user(user)}) for label, user in _USERS.items()]
    return (
        _languages(site, ""),
        _agents(),
        _places(absent=True),
        tuple(users),
        _times(),
        (Choice("", {"reference": "KX"}), Choice("a change without a page", {"reference": ""})),
        (Choice("", {"account": site.account.config.name}),),
    )


def _languages(site: SiteEntry, purpose: str) -> Dimension:
    policy, choices = site.purpose(purpose), []
    for locale, label in (("zh", ""), ("en", 'locale "en"')):
        variables = {"locale": locale, "site": site.config.name.spoken(locale)}
        if policy is not None:
            variables["purpose"] = policy.name.spoken(locale)
        choices.append(Choice(label, variables))
    return tuple(choices)


def _agents() -> Dimension:
    usual = max(FAMILIES, key=len)
    shortest = min(FAMILIES, key=len)
    return (
        Choice("", {"agent": usual}),
        Choice("user_agent missing or unknown", {"agent": ""}),
        *(
            Choice(f"a user_agent of {family}", {"agent": family}, extreme=family == shortest)
            for family in FAMILIES
            if family != usual
        ),
    )


def _places(*, absent: bool) -> Dimension:
    found = [Choice(label, {"place": masked_bucket(address)}) for label, address in _ADDRESSES.items()]
    if absent:
        found.append(Choice('no address (client_ip = "none")', {"place": ""}))
    return tuple(found)


def _sample_codes(alphabet: str) -> list[str]:
    """Codes of the greatest length: of all characters from either end, and of a mixed alphabet of one sort only.

    So one of digits begins with 0, which a number would lose.
    """
    sorts = (filter(str.isdigit, alphabet), filter(str.isalpha, alphabet))
    parts = dict.fromkeys([alphabet[::-1], alphabet, *map("".join, sorts)])
    return [(part * MAX_LENGTH)[:MAX_LENGTH] for part in parts if part]


def _codes(site: SiteEntry, purpose: str) -> Dimension:
    policy = site.config.purposes[purpose]
    lengths = [form.length for form in formats_of(policy.code_alphabet, policy.code_length, policy.long_code_length)]
    alphabet = "" if policy.code_alphabet == "digits" else f'code_alphabet = "{policy.code_alphabet}"'
    hidden = policy.reveal == "tap"
    samples = ["-" * MAX_LENGTH] if hidden else _sample_codes(ALPHABETS[ALPHABET_NAMES[policy.code_alphabet]])
    form = 'reveal = "tap"' if hidden else alphabet

    def lengthened(length: int) -> str:
        return f"a lengthened code of {length} characters" if length > policy.code_length else ""

    return tuple(
        Choice(", ".join(filter(None, (form, lengthened(length)))), {"code": sample[:length]})
        for length in dict.fromkeys(lengths)
        for sample in samples
    )


def _times() -> Dimension:
    return tuple(
        Choice(label, {"expires_at": date, "now_at": date, "expires_time": date.partition(" ")[2]})
        for label, date in _DATES.items()
    )


def _minutes(site: SiteEntry, purpose: str) -> Dimension:
    policy = site.config.purposes[purpose]
    usual = max(1, round(policy.code_life / 60))
    longest = max(usual, -(-policy.code_max_life // 60))
    others = [number for number in range(1, longest + 1) if number != usual]
    return (
        Choice("", {"minutes": usual}),
        *(
            Choice(f"{number} minute(s) left", {"minutes": number}, extreme=number in {1, 9, 10, longest})
            for number in others
        ),
    )
