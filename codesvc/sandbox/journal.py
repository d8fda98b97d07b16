"""A log of requests and answers, newest last; `rid/get` and the console read it (WECHAT.md 4)."""

import re
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

_MAX_ENTRIES = 2000
_MAX_TEXT = 65_536  # characters of one text
_MAX_TOTAL = 32 * 2**20  # characters of all texts
_SECRETS = re.compile(r'(secret=)[^&#]*|("(?:app)?secret"\s*:\s*")[^"]*')


@dataclass(kw_only=True)
class Entry:
    """One request with its answer, in either direction.

    Attributes:
        direction: `api` is a call to the platform, `callback` a call from the platform.
        at: the platform's time, in seconds since the epoch; `duration` is in seconds.
        query, request, response: text; an AppSecret is masked, as in the platform's own `rid/get`.
        errcode: None if the answer has none.
        fault: the kind of the fault that hit the call.
    """

    direction: Literal["api", "callback"]
    at: float
    method: str
    path: str
    query: str
    account: str | None = None
    request: str = ""
    status: int | None = None
    response: str = ""
    errcode: int | None = None
    rid: str | None = None
    fault: str | None = None
    duration: float = 0.0
    note: str | None = None
    number: int = 0

    def __post_init__(self) -> None:
        self.query, self.request = mask(self.query), mask(self.request)

    @property
    def size(self) -> int:
        """The number of characters of its texts."""
        return len(self.query) + len(self.request) + len(self.response)

    def describe(self) -> dict[str, Any]:
        """The entry as JSON."""
        return asdict(self)


def mask(text: str) -> str:
    """Replace an AppSecret in a query or a JSON body by asterisks."""
    return _SECRETS.sub(lambda found: (found[1] or found[2]) + "********", text)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text)} characters)"


@dataclass
class Journal:
    """The last 2,000 entries, or fewer if they are large; of a very long text only the beginning is kept."""

    _entries: deque[Entry] = field(default_factory=deque)
    _size: int = 0
    _last: int = 0

    def add(self, entry: Entry) -> Entry:
        """Number an entry and keep it."""
        self._last += 1
        entry.number = self._last
        entry.query, entry.request, entry.response = map(_cut, (entry.query, entry.request, entry.response))
        self._entries.append(entry)
        self._size += entry.size
        while len(self._entries) > _MAX_ENTRIES or self._size > _MAX_TOTAL:
            self._size -= self._entries.popleft().size
        return entry

    def entries(
        self, direction: str, *, path: str | None = None, account: str | None = None, after: int = 0
    ) -> list[Entry]:
        """The matching entries, oldest first."""
        return [
            entry
            for entry in self._entries
            if entry.direction == direction
            and entry.number > after
            and path in {None, entry.path}
            and account in {None, entry.account}
        ]

    def by_rid(self, rid: str) -> Entry | None:
        """The call with this `rid`."""
        return next((entry for entry in reversed(self._entries) if entry.rid == rid), None)
