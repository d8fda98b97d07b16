"""Lua scripts as files: one verb-named file for each atomic act, put together at start from fragments.

A script opens with a header, and the header is what binds it to Python:

    -- Purpose: …
    -- KEYS: record live
    -- ARGS: site user
    -- OUTCOMES: started limited
    -- USES: clock windows

The loader turns KEYS and ARGS into Lua tables `K` and `A` with these names, puts the named fragments in front, and
`Script.pack` refuses a call whose names are not exactly these. So no script and no caller ever counts positions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import TYPE_CHECKING, Final, TypeVar

from codesvc.codes import TEST_ID
from codesvc.identity import TEST_OPENID
from codesvc.intent import BIND_MOVES, LIVE, LOGIN_MOVES
from codesvc.quota import THRESHOLDS
from codesvc.record import LAYOUT
from codesvc.store.keys import WEBHOOKS
from codesvc.store.kinds import IN_ACCOUNT, IN_PARTITION
from codesvc.store.outcomes import Outcome
from codesvc.ticket import TICKET_MOVES
from codesvc.verification import DELIVERY_MOVES, KEPT_AFTER_END_MS, PROOF_LIFE_MS, VERIFICATION_MOVES
from codesvc.webhook import ATTEMPTS_SHOWN, KEPT_MS, MOST_DONE, MOST_PENDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADER = re.compile(r"^-- (Purpose|KEYS|ARGS|OUTCOMES|USES):[ \t]*(.*)$", re.MULTILINE)
_SCRIPTS = files(__package__) / "scripts"

_Word = TypeVar("_Word", bound=str)

HISTORY_LENGTH: Final = 50
"""So many lines are remembered of a user's bindings; how long, `Retention` says."""
AUDIT_LENGTH: Final = 20_000
"""The same of the audit log, of each partition."""
_NOTICE_KEPT_MS: Final = 86_400_000

type_of_argument = str | int | bytes


@dataclass(frozen=True, slots=True)
class Script:
    """One atomic act.

    Attributes:
        name: file name without its ending.
        keys: names of the keys, in order.
        args: names of the arguments, in order.
        outcomes: what it can answer.
        source: complete Lua text.
        sha: SHA-1 of the text, hexadecimal, as EVALSHA wants it.
    """

    name: str
    keys: tuple[str, ...]
    args: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    source: str
    sha: str

    def pack(
        self, keys: Mapping[str, str], args: Mapping[str, type_of_argument], guard: Sequence[str] = ()
    ) -> list[type_of_argument]:
        """Keys and arguments in the order of the header; `guard` goes between, keys that the script does not look at.

        Raises:
            TypeError: names are missing or too many.
        """
        if len(keys) == len(self.keys) and len(args) == len(self.args):
            try:
                return [*[keys[name] for name in self.keys], *guard, *[args[name] for name in self.args]]
            except KeyError:
                pass
        raise TypeError(f"{self.name} takes keys {self.keys} and arguments {self.args}")


def _moves_in_lua(name: str, moves: Mapping[_Word, frozenset[_Word]]) -> str:
    rows = (f"{source}={{{','.join(f'{t}=true' for t in sorted(targets))}}}" for source, targets in moves.items())
    return f"local {name} = {{{','.join(rows)}}}\n"


def _patterns_in_lua(name: str, patterns: Mapping[str, str]) -> str:
    return f"local {name} = {{{','.join(f'{kind}={pattern!r}' for kind, pattern in patterns.items())}}}\n"


@cache
def _constants() -> str:
    return (
        _patterns_in_lua("IN_PARTITION", IN_PARTITION)
        + _patterns_in_lua("IN_ACCOUNT", IN_ACCOUNT)
        + f"local LAYOUT = {{{','.join(map(repr, LAYOUT))}}}\n"
        + _moves_in_lua("VERIFICATION_MOVES", VERIFICATION_MOVES)
        + _moves_in_lua("DELIVERY_MOVES", DELIVERY_MOVES)
        + _moves_in_lua("BIND_MOVES", BIND_MOVES)
        + _moves_in_lua("LOGIN_MOVES", LOGIN_MOVES)
        + _moves_in_lua("TICKET_MOVES", TICKET_MOVES)
        + f"local LIVE_INTENTS = {{{','.join(f'{status}=true' for status in sorted(LIVE))}}}\n"
        + f"local HISTORY_LENGTH = {HISTORY_LENGTH}\n"
        + f"local TEST_ID, TEST_OPENID = {TEST_ID!r}, {TEST_OPENID!r}\n"
        + f"local WEBHOOK_KEPT, WEBHOOK_ATTEMPTS_SHOWN = {KEPT_MS}, {ATTEMPTS_SHOWN}\n"
        + f"local WEBHOOK_MOST_PENDING, WEBHOOK_MOST_DONE = {MOST_PENDING}, {MOST_DONE}\n"
        + f"local WEBHOOK_WAKES = '{WEBHOOKS}'\n"
        + f"local QUOTA_THRESHOLDS = '{' '.join(map(str, THRESHOLDS))}'\n"
        + f"local AUDIT_LENGTH = {AUDIT_LENGTH}\n"
        + f"local NOTICE_KEPT = {_NOTICE_KEPT_MS}\n"
        + f"local KEPT_AFTER_END = {KEPT_AFTER_END_MS}\nlocal PROOF_LIFE = {PROOF_LIFE_MS}\n"
    )


def _named(table: str, source: str, names: tuple[str, ...]) -> str:
    return f"local {table} = {{{', '.join(f'{name}={source}[{i}]' for i, name in enumerate(names, 1))}}}\n"


@cache
def load(name: str) -> Script:
    """Read and put together one script.

    Raises:
        ValueError: the header lacks a line or names an outcome that does not exist.
        FileNotFoundError: no such script or fragment.
    """
    text = (_SCRIPTS / f"{name}.lua").read_text(encoding="utf-8")
    header = dict(_HEADER.findall(text))
    if missing := {"Purpose", "KEYS", "ARGS", "OUTCOMES", "USES"} - header.keys():
        raise ValueError(f"{name}.lua: the header lacks {', '.join(sorted(missing))}")
    keys, args = tuple(header["KEYS"].split()), tuple(header["ARGS"].split())
    used = header["USES"].split()
    parts = [(_SCRIPTS / "fragments" / f"{fragment}.lua").read_text(encoding="utf-8") for fragment in used]
    tables = _constants() if used else ""
    source = "".join([_named("K", "KEYS", keys), _named("A", "ARGV", args), tables, *parts, text])
    return Script(
        name=name,
        keys=keys,
        args=args,
        outcomes=tuple(Outcome(word) for word in header["OUTCOMES"].split()),
        source=source,
        # EVALSHA's name for a script; nothing is protected by it.
        sha=sha1(source.encode(), usedforsecurity=False).hexdigest(),
    )


def names() -> list[str]:
    """All scripts that are shipped."""
    return sorted(entry.name.removesuffix(".lua") for entry in _SCRIPTS.iterdir() if entry.name.endswith(".lua"))
