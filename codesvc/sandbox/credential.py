"""Access tokens of one account: the ordinary kind and the stable kind (WECHAT.md 3).

Each kind has a current token and at most one previous token that still works for some time. A previous ordinary token
works for 300 s after the next fetch. A previous stable token works until its own expiry, because the platform renews
it 300 s early. A third ordinary token within the 300 s ends the first one. The two kinds do not affect each other.
Dead tokens stay known, because the error differs: 42001 means expired, 40001 means replaced or revoked.

WECHAT.md 3.2 gives two answers about a forced refresh. Its table says that the previous token ends at once (two
sources). Its advice on leaked tokens says that the previous token works for another 300 s (one source). The table is
the default; `forced_overlap` selects the other answer.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from codesvc.sandbox.clock import beijing_day
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.identifiers import mint_access_token

LIFE = 7200
OVERLAP = 300
FORCED_PER_DAY = 20
FORCED_SPACING = 30
_MAX_KNOWN = 4096

TokenKind = Literal["ordinary", "stable"]


@dataclass
class AccessToken:
    """One token. `dead_at` is set when the token ends for another reason than its expiry."""

    value: str
    kind: TokenKind
    expires_at: float
    dead_at: float | None = None


@dataclass
class _TokenPair:
    kind: TokenKind
    current: AccessToken | None = None
    previous: AccessToken | None = None


@dataclass
class Credentials:
    """The tokens of one account; times in seconds since the epoch."""

    forced_overlap: bool = False
    _ordinary: _TokenPair = field(default_factory=lambda: _TokenPair("ordinary"))
    _stable: _TokenPair = field(default_factory=lambda: _TokenPair("stable"))
    _known: dict[str, AccessToken] = field(default_factory=dict)
    _forced_day: str = ""
    _forced: int = 0
    _forced_at: float = float("-inf")

    def fetch(self, now: float) -> AccessToken:
        """Answer `/cgi-bin/token`: always a new token; the previous one works for another 300 s (WECHAT.md 3.1)."""
        return self._issue(self._ordinary, now, overlap=OVERLAP)

    def fetch_stable(self, now: float, *, force: bool) -> AccessToken:
        """Answer `/cgi-bin/stable_token` (WECHAT.md 3.2); 45009 after 20 forced refreshes in a day."""
        pair = self._stable
        current = pair.current
        alive = current is not None and current.dead_at is None and current.expires_at > now
        if force and not (alive and now - self._forced_at < FORCED_SPACING):
            self._count_forced(now)
            return self._issue(pair, now, overlap=OVERLAP if self.forced_overlap else 0)
        if current is not None and alive and current.expires_at - now > OVERLAP:
            return current
        if force and current is not None and alive:
            return current
        return self._issue(pair, now, overlap=OVERLAP)

    def check(self, value: str, now: float) -> AccessToken:
        """The token with this value, if it still works.

        Raises:
            ApiError: 42001 if it has expired, 40001 if it is unknown or was ended (WECHAT.md 2).
        """
        token = self._known.get(value)
        if token is None or (token.dead_at is not None and token.dead_at <= now):
            raise ApiError(40001)
        if token.expires_at <= now:
            raise ApiError(42001)
        return token

    def knows(self, value: str) -> bool:
        """Whether this account ever issued the token."""
        return value in self._known

    def revoke(self, now: float, kind: TokenKind | None = None) -> int:
        """End every live token of one kind or of both, as the reset in WeChat's console does; returns how many."""
        killed = 0
        for pair in (self._ordinary, self._stable):
            if kind in {None, pair.kind}:
                for token in (pair.current, pair.previous):
                    if token is not None and (token.dead_at is None or token.dead_at > now) and token.expires_at > now:
                        token.dead_at = now
                        killed += 1
        return killed

    def live(self, now: float) -> list[AccessToken]:
        """The tokens that work at this time, for the console."""
        tokens = (self._ordinary.current, self._ordinary.previous, self._stable.current, self._stable.previous)
        return [t for t in tokens if t is not None and t.expires_at > now and (t.dead_at is None or t.dead_at > now)]

    def _issue(self, pair: _TokenPair, now: float, *, overlap: float) -> AccessToken:
        if pair.previous is not None:
            pair.previous.dead_at = min(now, pair.previous.dead_at or now)
        pair.previous = pair.current
        if pair.previous is not None and pair.previous.expires_at > now:
            pair.previous.dead_at = min(now + overlap, pair.previous.dead_at or now + overlap)
        pair.current = AccessToken(mint_access_token(), pair.kind, now + LIFE)
        self._known[pair.current.value] = pair.current
        while len(self._known) > _MAX_KNOWN:
            self._known.pop(next(iter(self._known)))
        return pair.current

    def _count_forced(self, now: float) -> None:
        today = beijing_day(now)
        if today != self._forced_day:
            self._forced_day, self._forced = today, 0
        if self._forced >= FORCED_PER_DAY:
            raise ApiError(45009)
        self._forced += 1
        self._forced_at = now


def check_token_form(value: str) -> None:
    """Check the form of an access token, before it is looked up.

    Raises:
        ApiError: 41001 if it is empty, 40014 if it has wrong characters or is too long (WECHAT.md 1, 2).
    """
    if not value:
        raise ApiError(41001)
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,512}", value):
        raise ApiError(40014)
