"""Lua scripts as files: one file, named with a verb, for each atomic act. They are assembled from fragments at start.

A script opens with a header, which connects it to Python:

    -- Purpose: …
    -- KEYS: record live
    -- ARGS: site user
    -- OUTCOMES: started limited
    -- USES: clock windows
    -- REPLY started: record long
    -- REPLY limited: limit wait_ms

A REPLY line names the parts after outcome and time in the script's answer. An outcome without a REPLY line has no
further parts. For a script with several acts in one call (fragment `batch`) they name the parts of one act's answer.

The loader prepends the needed parts of the fragments, and replaces the name of a key or an argument by its position
(`K.record`, `A.site`). `Script.pack` refuses a call whose names are not exactly these. So no script and no caller
counts positions.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Final, TypeVar

from codesvc.domain.audit import CHANGES_LOG, LOG_OF
from codesvc.domain.binding import EVICTION_KEPT_MS, MOST_USERS
from codesvc.domain.channels import Channel
from codesvc.domain.clock import TOLERANCE_MS
from codesvc.domain.codes import TEST_ID
from codesvc.domain.guessing import blind_budgets
from codesvc.domain.intent import APP_LOGIN_KEPT_MS, BIND_MOVES, LIVE, LOGIN_MOVES, RENEW_MS, UNDO_MS
from codesvc.domain.limits import encode
from codesvc.domain.message import ENDED_MESSAGES, MESSAGE_KEPT_MS, MESSAGE_MOVES
from codesvc.domain.openid_handle import HANDLE_LIFE_MS
from codesvc.domain.quota import THRESHOLDS
from codesvc.domain.record import LAYOUT
from codesvc.domain.test_identity import TEST_OPENID
from codesvc.domain.ticket import TICKET_MOVES
from codesvc.domain.verification import (
    DELIVERY_MOVES,
    DOUBLE_START_MS,
    KEPT_AFTER_END_MS,
    KEPT_SHOWN_MS,
    MOST_KEPT,
    PROOF_LIFE_MS,
    RENEWABLE,
    VERIFICATION_MOVES,
)
from codesvc.domain.webhook import ATTEMPTS_SHOWN, KEPT_MS, MOST_DONE, MOST_PENDING
from codesvc.store.deployment_keys import WEBHOOKS
from codesvc.store.key_patterns import IN_ACCOUNT, IN_PARTITION
from codesvc.store.outcomes import Outcome
from codesvc.wechat.callback_format import CALLBACK_WINDOW

_HEADER = re.compile(r"^-- (Purpose|KEYS|ARGS|OUTCOMES|USES):[ \t]*(.*)$", re.MULTILINE)
_REPLY: Final = re.compile(r"^-- REPLY ([a-z -]+):[ \t]*(.*)$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^--.*\n", re.MULTILINE)
_DEFINITION: Final = re.compile(r"^(?=local )", re.MULTILINE)
_DEFINED: Final = re.compile(r"local (?:function )?(\w+(?:, ?\w+)*)")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_SCRIPTS = files(__package__) / "scripts"

_Word = TypeVar("_Word", bound=str)

HISTORY_LENGTH: Final = 50
"""The most lines in the history of a user's bindings; `Retention` says how long they are kept."""
MOST_PACKED: Final = 128
"""The most times of events in one packed string; more are in a list."""
MOST_RECENT: Final = 20
"""The most recent verifications kept for a user, and for a WeChat account (`recent_activity.lua`)."""
MOST_SENT: Final = 200
"""The most others that were sent to a WeChat account and may still be used (`sent_verifications.lua`)."""
NEWCOMER_MARKS: Final = 500_000
"""How many marks an account may leave in a day of people of whom nothing is kept (`newcomers.lua`)."""
_NOTICE_KEPT_MS: Final = 86_400_000

type_of_argument = str | int | bytes


@dataclass(frozen=True, slots=True)
class Script:
    """One atomic act.

    Attributes:
        name: file name without its ending.
        keys: names of the keys, in order.
        args: names of the arguments, in order.
        outcomes: its possible outcomes.
        replies: the names of the further parts in order, by outcome.
        source: complete Lua text.
        sha: SHA-1 of the text, hexadecimal, for EVALSHA.
    """

    name: str
    keys: tuple[str, ...]
    args: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    replies: Mapping[Outcome, tuple[str, ...]]
    source: str
    sha: str

    def pack(
        self, keys: Mapping[str, str], args: Mapping[str, type_of_argument], guard: Sequence[str] = ()
    ) -> list[type_of_argument]:
        """Keys and arguments in the order of the header, with the keys `guard` between, which the script does not use.

        Raises:
            TypeError: names are missing or too many.
        """
        if len(keys) == len(self.keys) and len(args) == len(self.args):
            try:
                return [*[keys[name] for name in self.keys], *guard, *[args[name] for name in self.args]]
            except KeyError:
                pass
        raise TypeError(f"{self.name} takes keys {self.keys} and arguments {self.args}")


def _table(members: Iterable[tuple[str, str]]) -> str:
    return f"{{{','.join(f'{name}={value}' for name, value in members)}}}"


def _moves(moves: Mapping[_Word, frozenset[_Word]]) -> str:
    """The moves in one text, ` pending>approved pending>canceled `: tables would be created for each call."""
    pairs = [f"{source}>{target}" for source, targets in moves.items() for target in sorted(targets)]
    return repr(f" {' '.join(pairs)} ")


def _known() -> dict[str, str]:
    return {
        "VERIFICATION_MOVES": _moves(VERIFICATION_MOVES),
        "DELIVERY_MOVES": _moves(DELIVERY_MOVES),
        "BIND_MOVES": _moves(BIND_MOVES),
        "LOGIN_MOVES": _moves(LOGIN_MOVES),
        "TICKET_MOVES": _moves(TICKET_MOVES),
        "MESSAGE_MOVES": _moves(MESSAGE_MOVES),
        "ENDED_MESSAGES": _table((status, "true") for status in sorted(ENDED_MESSAGES)),
        "MESSAGE_KEPT": f"{MESSAGE_KEPT_MS}",
        "WITH_RECEIPT": _table((channel.value, "true") for channel in Channel if channel.traits.receipt),
        "WITH_QUOTA": _table((channel.value, "true") for channel in Channel if channel.traits.quota),
        "LIVE_INTENTS": _table((status, "true") for status in sorted(LIVE)),
        "RENEWABLE": _table((status, "true") for status in sorted(RENEWABLE)),
        "RENEW_AFTER_END": _table((kind, f"{ms}") for kind, ms in RENEW_MS.items()),
        "MOST_USERS": f"{MOST_USERS}",
        "HISTORY_LENGTH": f"{HISTORY_LENGTH}",
        "LOG_OF_ACT": _table((f"[{act.value!r}]", repr(log)) for act, log in sorted(LOG_OF.items())),
        "CHANGES_LOG": repr(CHANGES_LOG),
        "TEST_ID": repr(TEST_ID),
        "TEST_OPENID": repr(TEST_OPENID),
        "WEBHOOK_KEPT": f"{KEPT_MS}",
        "WEBHOOK_ATTEMPTS_SHOWN": f"{ATTEMPTS_SHOWN}",
        "WEBHOOK_MOST_PENDING": f"{MOST_PENDING}",
        "WEBHOOK_MOST_DONE": f"{MOST_DONE}",
        "WEBHOOK_WAKES": repr(WEBHOOKS),
        "QUOTA_THRESHOLDS": repr(" ".join(map(str, THRESHOLDS))),
        "NOTICE_KEPT": f"{_NOTICE_KEPT_MS}",
        "MOST_PACKED": f"{MOST_PACKED}",
        "NEWCOMER_MARKS": f"{NEWCOMER_MARKS}",
        "MOST_RECENT": f"{MOST_RECENT}",
        "MOST_SENT": f"{MOST_SENT}",
        "KEPT_AFTER_END": f"{KEPT_AFTER_END_MS}",
        "SEEN_KEPT": f"{4 * CALLBACK_WINDOW * 1000}",
        "CLOCK_TOLERANCE": f"{TOLERANCE_MS}",
        "APP_LOGIN_KEPT": f"{APP_LOGIN_KEPT_MS}",
        "PROOF_LIFE": f"{PROOF_LIFE_MS}",
        "HANDLE_LIFE": f"{HANDLE_LIFE_MS}",
        "UNDO_LIFE": f"{UNDO_MS}",
        "EVICTION_KEPT": f"{EVICTION_KEPT_MS}",
        "DOUBLE_START": f"{DOUBLE_START_MS}",
        "KEPT_SHOWN": f"{KEPT_SHOWN_MS}",
        "MOST_KEPT": f"{MOST_KEPT}",
        "BLIND_GUESSES": repr("".join(f" {tag}={encode(rates)}" for tag, rates in blind_budgets().items())),
    }


def _layout() -> str:
    """Lua code that converts a record to an array and back, field by field: a loop takes three times as long."""
    places = {field: place for place, field in enumerate(LAYOUT, 2)}
    into = "".join(
        f"  v = r.{field} if v == nil then v = null else last = {place} end flat[{place}] = v\n"
        for field, place in places.items()
    )
    return (
        f"local PLACES = {_table((field, str(place)) for field, place in places.items())}\n"
        "local function flatten(r)\n"
        "  local null, last, v = cjson.null, 1, nil\n"
        "  local flat = {null}\n"
        f"{into}"
        f"  for place = last + 1, {len(LAYOUT) + 1} do flat[place] = nil end\n"
        "  return flat\n"
        "end\n"
        "local function unflatten(flat)\n"
        f"  return {_table((field, f'flat[{place}]') for field, place in places.items())}\n"
        "end\n"
    )


_MAY_MOVE: Final = (
    "local function may_move(moves, from, to)"
    " return string.find(moves, ' ' .. from .. '>' .. to .. ' ', 1, true) ~= nil end\n"
)


def _preamble() -> str:
    return "".join(f"local {name} = {value}\n" for name, value in _known().items()) + _MAY_MOVE + _layout()


def _needed(definitions: str, text: str) -> str:
    """Select the definitions that a text needs, because the store creates all functions and tables anew for each call.

    A definition begins with `local` at the start of a line and ends where the next begins. Lua knows a name only after
    its definition, so one pass from the end to the beginning finds all. A name inside a string counts too, which only
    keeps a definition too many.
    """
    kept: list[str] = []
    seen = set(_NAME.findall(_COMMENT.sub("", text)))
    for definition in reversed(_DEFINITION.split(_COMMENT.sub("", definitions))):
        named = _DEFINED.match(definition)
        if named is not None and not seen.isdisjoint(_NAME.findall(named[1])):
            kept.append(definition)
            seen.update(_NAME.findall(definition))
    return "".join(reversed(kept))


_KEY_OF: Final = re.compile(r"\b(account_)?key\((?:'(\w+)'(, |\)))?")


def _with_patterns(text: str) -> str:
    """Put the pattern of a key in the place of its kind. A table of all patterns would be created for each call.

    Raises:
        ValueError: there is no such kind of key, or it is not a word.
    """

    def pattern(found: re.Match[str]) -> str:
        of_account, kind, end = found.groups()
        root, patterns = ("A.account", IN_ACCOUNT) if of_account else ("A.root", IN_PARTITION)
        if kind not in patterns:
            raise ValueError(f"{found[0]} names no kind of key")
        return f"{root} .. {patterns[kind]!r}" if end == ")" else f"{root} .. string.format({patterns[kind]!r}, "

    return _KEY_OF.sub(pattern, text)


def _placed(text: str, tables: Mapping[str, tuple[str, tuple[str, ...]]]) -> str:
    """Replace names by positions, because a table of names would be created for each call.

    Raises:
        ValueError: the header does not have a name.
    """

    def place(found: re.Match[str]) -> str:
        table, names = tables[found[1]]
        if found[2] not in names:
            raise ValueError(f"{found[0]} is not in the header")
        return f"{table}[{names.index(found[2]) + 1}]"

    return re.sub(rf"\b([{''.join(tables)}])\.(\w+)", place, text)


@cache
def load(name: str) -> Script:
    """Read and assemble one script.

    Raises:
        ValueError: the header lacks a line or names an outcome that does not exist.
        FileNotFoundError: no such script or fragment.
    """
    text = (_SCRIPTS / f"{name}.lua").read_text(encoding="utf-8")
    header = dict(_HEADER.findall(text))
    if missing := {"Purpose", "KEYS", "ARGS", "OUTCOMES", "USES"} - header.keys():
        raise ValueError(f"{name}.lua: the header lacks {', '.join(sorted(missing))}")
    outcomes = tuple(Outcome(word) for word in header["OUTCOMES"].split())
    parts_of = {Outcome(word): tuple(names.split()) for words, names in _REPLY.findall(text) for word in words.split()}
    if more := parts_of.keys() - set(outcomes):
        raise ValueError(f"{name}.lua: a REPLY line names {', '.join(sorted(more))}, OUTCOMES does not")
    keys, args = tuple(header["KEYS"].split()), tuple(header["ARGS"].split())
    used = header["USES"].split()
    parts = [(_SCRIPTS / "fragments" / f"{fragment}.lua").read_text(encoding="utf-8") for fragment in used]
    text = _with_patterns(text)
    definitions = _needed(_with_patterns("".join([_preamble(), *parts])), text)
    source = _placed(definitions + text, {"K": ("KEYS", keys), "A": ("ARGV", args)})
    return Script(
        name=name,
        keys=keys,
        args=args,
        outcomes=outcomes,
        replies={outcome: parts_of.get(outcome, ()) for outcome in outcomes},
        source=source,
        # The name of a script for EVALSHA; not used for security.
        sha=sha1(source.encode(), usedforsecurity=False).hexdigest(),
    )


def names() -> list[str]:
    """All scripts that are shipped."""
    return sorted(entry.name.removesuffix(".lua") for entry in _SCRIPTS.iterdir() if entry.name.endswith(".lua"))
