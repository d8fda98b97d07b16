"""Call quotas per day and per minute, for each account and API (WECHAT.md 4, 13).

A day ends at 0:00 Beijing time. A minute is a minute of the clock, not a sliding window, because the platform's error
says "retry next minute". `None` means no limit.
"""

from dataclasses import dataclass, field

from codesvc.sandbox.clock import beijing_day, beijing_month
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.rights import AccountKind

CLEARINGS_PER_MONTH = 10
FALLBACK_DAILY = 100_000


@dataclass(frozen=True)
class Limit:
    """The limits of one API; None means no limit."""

    daily: int | None
    minute: int | None = None


_SERVICE = {
    "/cgi-bin/token": Limit(2_000),
    "/cgi-bin/stable_token": Limit(500_000, 10_000),
    "/cgi-bin/message/template/send": Limit(100_000),
    "/cgi-bin/message/custom/send": Limit(500_000),
    "/cgi-bin/qrcode/create": Limit(100_000),
    "/cgi-bin/user/info": Limit(5_000_000),
    "/cgi-bin/user/info/batchget": Limit(5_000_000),
    "/cgi-bin/user/get": Limit(500),
    "/cgi-bin/menu/create": Limit(1_000),
    "/cgi-bin/menu/get": Limit(10_000),
    "/cgi-bin/menu/delete": Limit(1_000),
    "/cgi-bin/message/mass/send": Limit(100),
    "/cgi-bin/message/mass/preview": Limit(100),
    "/cgi-bin/menu/addconditional": Limit(2_000),
    "/cgi-bin/menu/delconditional": Limit(2_000),
    "/cgi-bin/menu/trymatch": Limit(20_000),
    "/cgi-bin/media/upload": Limit(100_000),
    "/cgi-bin/media/get": Limit(200_000),
    "/cgi-bin/clear_quota": Limit(None),
    "/cgi-bin/clear_quota/v2": Limit(None),
}

_TEST = {
    "/cgi-bin/token": Limit(200),
    "/cgi-bin/message/custom/send": Limit(50_000),
    "/cgi-bin/qrcode/create": Limit(10_000),
    "/cgi-bin/user/info": Limit(500_000),
    "/cgi-bin/user/info/batchget": Limit(500_000),
    "/cgi-bin/user/get": Limit(100),
    "/cgi-bin/menu/create": Limit(100),
    "/cgi-bin/menu/get": Limit(1_000),
    "/cgi-bin/menu/delete": Limit(100),
    "/cgi-bin/tags/create": Limit(100),
    "/cgi-bin/tags/get": Limit(100),
    "/cgi-bin/tags/update": Limit(100),
    "/cgi-bin/tags/delete": Limit(100),
    "/cgi-bin/media/upload": Limit(500),
    "/cgi-bin/media/get": Limit(1_000),
    "/cgi-bin/material/batchget_material": Limit(10),
}


def default_limit(kind: AccountKind, path: str) -> Limit:
    """The limit of a new account (WECHAT.md 13); 100,000 a day where no source names one."""
    if path.startswith("/sns/"):
        return Limit(None, 50_000)
    if kind == "test" and path in _TEST:
        return _TEST[path]
    return _SERVICE.get(path, Limit(FALLBACK_DAILY))


@dataclass
class _Count:
    day: str = ""
    used: int = 0
    minute: int = 0
    in_minute: int = 0


@dataclass(frozen=True)
class Reading:
    """The state of one counter, as `openapi/quota/get` shows it."""

    limit: Limit
    used: int
    in_minute: int


@dataclass
class Quotas:
    """Counters of one account.

    Attributes:
        kind: the kind of the account, which decides the default limits.
        limits: limits by path that replace the defaults.
    """

    kind: AccountKind
    limits: dict[str, Limit] = field(default_factory=dict)
    _counts: dict[str, _Count] = field(default_factory=dict)
    _month: str = ""
    _clearings: int = 0

    def limit(self, path: str) -> Limit:
        """The limit in force for a path."""
        return self.limits.get(path) or default_limit(self.kind, path)

    def spend(self, path: str, now: float) -> None:
        """Count one call; 45009 if the daily limit is reached, 45011 if the limit per minute is."""
        limit, count = self.limit(path), self._count(path, now)
        if limit.daily is not None and count.used >= limit.daily:
            raise ApiError(45009)
        if limit.minute is not None and count.in_minute >= limit.minute:
            raise ApiError(45011)
        count.used += 1
        count.in_minute += 1

    def read(self, path: str, now: float) -> Reading:
        """Read one counter without counting."""
        count = self._count(path, now)
        return Reading(self.limit(path), count.used, count.in_minute)

    def used_paths(self) -> list[str]:
        """The paths that were called at least once, for the console."""
        return sorted(self._counts)

    def clear(self, now: float, path: str | None = None) -> None:
        """Reset the counters of one path or of all; allowed ten times a month (WECHAT.md 4).

        Raises:
            ApiError: 48006 if it was done ten times this month.
        """
        month = beijing_month(now)
        if month != self._month:
            self._month, self._clearings = month, 0
        if self._clearings >= CLEARINGS_PER_MONTH:
            raise ApiError(48006)
        self._clearings += 1
        for name in [path] if path is not None else list(self._counts):
            self._counts.pop(name, None)

    def _count(self, path: str, now: float) -> _Count:
        count = self._counts.setdefault(path, _Count())
        day, minute = beijing_day(now), int(now // 60)
        if day != count.day:
            count.day, count.used = day, 0
        if minute != count.minute:
            count.minute, count.in_minute = minute, 0
        return count
