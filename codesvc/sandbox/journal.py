"""What was called and what was answered, newest last; `rid/get` and the console read it (WECHAT.md 4)."""

import re
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

_REMEMBERED = 2000
_LONGEST = 65_536  # characters of one text
_MOST = 32 * 2**20  # characters of all texts
_SECRETS = re.compile(r'(secret=)[^&#]*|("(?:app)?secret"\s*:\s*")[^"]*')


@dataclass(kw_only=True)
class Entry:
    """One exchange, in either direction.

    Attributes:
        direction: `api` is a call to the platform, `callback` one from it.
        at: the platform's time; `duration` is in seconds.
        query, request, response: text; an AppSecret is masked, as in the platform's own `rid/get`.
        errcode: None where the answer carries none.
        fault: the kind of fault that hit it.
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
        """How many characters it holds."""
        return len(self.query) + len(self.request) + len(self.response)

    def describe(self) -> dict[str, Any]:
        """The entry as JSON."""
        return asdict(self)


def mask(text: str) -> str:
    """Blank an AppSecret out of a query or a JSON body."""
    return _SECRETS.sub(lambda found: (found[1] or found[2]) + "********", text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


@dataclass
class Journal:
    """The last 2,000 exchanges, or fewer large ones; a very long text is kept by its beginning."""

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
        while len(self._entries) > _REMEMBERED or self._size > _MOST:
            self._size -= self._entries.popleft().size
        return entry

    def entries(
        self, direction: str, *, path: str | None = None, account: str | None = None, after: int = 0
    ) -> list[Entry]:
        """A selection, oldest first."""
        return [
            entry
            for entry in self._entries
            if entry.direction == direction
            and entry.number > after
            and path in {None, entry.path}
            and account in {None, entry.account}
        ]

    def by_rid(self, rid: str) -> Entry | None:
        """The call that was given this `rid`."""
        return next((entry for entry in reversed(self._entries) if entry.rid == rid), None)
