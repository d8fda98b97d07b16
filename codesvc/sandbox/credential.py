"""Access tokens of one account: the ordinary kind and the stable kind (WECHAT.md 3).

Both kinds keep a current token and at most one previous one that still works for a while: with ordinary tokens 300 s
after the next fetch, with stable ones until their own end, since the platform renews them 300 s early. A third
ordinary token within the overlap kills the first. The kinds never touch one another. A dead token is remembered with
the manner of its death, because a client must be told 42001 (its time was up) apart from 40001 (another one replaced
it).

WECHAT.md 3.2 has two readings of a forced refresh: the table says that the previous token dies at once (two sources),
the advice on leaks that it lives on for the overlap (one source). The table is the default; `forced_overlap` gives
the other.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from codesvc.sandbox.clock import beijing_day
from codesvc.sandbox.errcodes import Refusal
from codesvc.sandbox.identifiers import mint_access_token

LIFE = 7200
OVERLAP = 300
FORCED_PER_DAY = 20
FORCED_SPACING = 30
_REMEMBERED = 4096

TokenKind = Literal["ordinary", "stable"]


@dataclass
class AccessToken:
    """One token. `dead_at` is set when something other than its age ends it."""

    value: str
    kind: TokenKind
    expires_at: float
    dead_at: float | None = None


@dataclass
class _Line:
    kind: TokenKind
    current: AccessToken | None = None
    previous: AccessToken | None = None


@dataclass
class Credentials:
    """The tokens of one account; times in seconds since the epoch."""

    forced_overlap: bool = False
    _ordinary: _Line = field(default_factory=lambda: _Line("ordinary"))
    _stable: _Line = field(default_factory=lambda: _Line("stable"))
    _known: dict[str, AccessToken] = field(default_factory=dict)
    _forced_day: str = ""
    _forced: int = 0
    _forced_at: float = float("-inf")

    def fetch(self, now: float) -> AccessToken:
        """Answer `/cgi-bin/token`: always a new token; the old one has 300 s left (WECHAT.md 3.1)."""
        return self._issue(self._ordinary, now, overlap=OVERLAP)

    def fetch_stable(self, now: float, *, force: bool) -> AccessToken:
        """Answer `/cgi-bin/stable_token` (WECHAT.md 3.2).

        Raises:
            Refusal: 45009 after 20 forced refreshes in a day.
        """
        line = self._stable
        current = line.current
        alive = current is not None and current.dead_at is None and current.expires_at > now
        if force and not (alive and now - self._forced_at < FORCED_SPACING):
            self._count_forced(now)
            return self._issue(line, now, overlap=OVERLAP if self.forced_overlap else 0)
        if current is not None and alive and current.expires_at - now > OVERLAP:
            return current
        if force and current is not None and alive:
            return current
        return self._issue(line, now, overlap=OVERLAP)

    def check(self, value: str, now: float) -> AccessToken:
        """Accept a token or say what is wrong with it.

        Raises:
            Refusal: 42001 or 40001 (WECHAT.md 2).
        """
        token = self._known.get(value)
        if token is None or (token.dead_at is not None and token.dead_at <= now):
            raise Refusal(40001)
        if token.expires_at <= now:
            raise Refusal(42001)
        return token

    def knows(self, value: str) -> bool:
        """Whether this account ever issued the token."""
        return value in self._known

    def revoke(self, now: float, kind: TokenKind | None = None) -> int:
        """Kill every live token, of one kind or of both, as the console's reset does; returns how many."""
        killed = 0
        for line in (self._ordinary, self._stable):
            if kind in {None, line.kind}:
                for token in (line.current, line.previous):
                    if token is not None and (token.dead_at is None or token.dead_at > now) and token.expires_at > now:
                        token.dead_at = now
                        killed += 1
        return killed

    def live(self, now: float) -> list[AccessToken]:
        """The tokens that work at the moment, for the console's gauges."""
        tokens = (self._ordinary.current, self._ordinary.previous, self._stable.current, self._stable.previous)
        return [t for t in tokens if t is not None and t.expires_at > now and (t.dead_at is None or t.dead_at > now)]

    def _issue(self, line: _Line, now: float, *, overlap: float) -> AccessToken:
        if line.previous is not None:
            line.previous.dead_at = min(now, line.previous.dead_at or now)
        line.previous = line.current
        if line.previous is not None and line.previous.expires_at > now:
            line.previous.dead_at = min(now + overlap, line.previous.dead_at or now + overlap)
        line.current = AccessToken(mint_access_token(), line.kind, now + LIFE)
        self._known[line.current.value] = line.current
        while len(self._known) > _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        return line.current

    def _count_forced(self, now: float) -> None:
        today = beijing_day(now)
        if today != self._forced_day:
            self._forced_day, self._forced = today, 0
        if self._forced >= FORCED_PER_DAY:
            raise Refusal(45009)
        self._forced += 1
        self._forced_at = now


def check_token_form(value: str) -> None:
    """Tell a token that cannot be one from a token that merely is none of ours.

    Raises:
        Refusal: 41001 if empty, 40014 if it holds characters no token has or is too long (WECHAT.md 1, 2).
    """
    if not value:
        raise Refusal(41001)
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,512}", value):
        raise Refusal(40014)
