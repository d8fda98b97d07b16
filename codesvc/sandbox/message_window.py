"""The windows of customer-service messages: when an account may write to a person (WECHAT.md 8).

Every interaction of a person opens a window with a number of messages. Another interaction of the same kind opens it
again. A send uses a message of the window that closes first, so that the long window of a chat message is used last.
"""

from dataclasses import dataclass, field
from typing import Literal

from codesvc.sandbox.errcodes import ApiError

Interaction = Literal["message", "click", "follow", "scan", "payment"]

_UNLIMITED = 10**9
WINDOWS: dict[Interaction, tuple[int, int]] = {
    "message": (5, 48 * 3600),
    "click": (3, 60),
    "follow": (3, 60),
    "scan": (3, 60),
    "payment": (_UNLIMITED, 48 * 3600),
}
"""How many messages a window has and how many seconds it is open, for each interaction."""


@dataclass
class MessageWindow:
    """The window of one interaction; `closes_at` is in seconds since the epoch, `remaining` counts messages."""

    closes_at: float
    remaining: int


@dataclass
class MessageWindows:
    """The windows in which one account may write to one person, one for each kind of interaction."""

    _open: dict[Interaction, MessageWindow] = field(default_factory=dict)

    def open(self, interaction: Interaction, now: float) -> None:
        """Open the window of an interaction."""
        count, seconds = WINDOWS[interaction]
        self._open[interaction] = MessageWindow(now + seconds, count)

    def spend(self, now: float) -> None:
        """Use one message of a window; 45015 if no window is open, 45047 if no open window has a message left."""
        usable = self.current(now)
        if not usable:
            raise ApiError(45015)
        usable = [window for window in usable if window.remaining > 0]
        if not usable:
            raise ApiError(45047)
        min(usable, key=lambda window: window.closes_at).remaining -= 1

    def current(self, now: float) -> list[MessageWindow]:
        """The windows that are open."""
        return [window for window in self._open.values() if window.closes_at > now]

    def close(self) -> None:
        """Close all windows, as when the person unfollows."""
        self._open.clear()
