"""When an account may write first: the windows of customer-service messages (WECHAT.md 8).

Every act of a person opens a window with a number of messages in it. A further act of the same kind opens it anew. A
send takes a message from the window that closes soonest, so that the long one of a chat message is kept for last.
"""

from dataclasses import dataclass, field
from typing import Literal

from codesvc.sandbox.errcodes import Refusal

Act = Literal["message", "click", "follow", "scan", "payment"]

_UNLIMITED = 10**9
WINDOWS: dict[Act, tuple[int, int]] = {
    "message": (5, 48 * 3600),
    "click": (3, 60),
    "follow": (3, 60),
    "scan": (3, 60),
    "payment": (_UNLIMITED, 48 * 3600),
}


@dataclass
class Window:
    """What one act left open; `closes_at` in seconds since the epoch."""

    act: Act
    closes_at: float
    left: int


@dataclass
class Windows:
    """The windows of one person towards one account."""

    _open: dict[Act, Window] = field(default_factory=dict)

    def open(self, act: Act, now: float) -> None:
        """Let an act open its window."""
        count, seconds = WINDOWS[act]
        self._open[act] = Window(act, now + seconds, count)

    def spend(self, now: float) -> None:
        """Take one message out.

        Raises:
            Refusal: 45015 if no window is open, 45047 if all open ones are used up.
        """
        usable = self.current(now)
        if not usable:
            raise Refusal(45015)
        fresh = [window for window in usable if window.left > 0]
        if not fresh:
            raise Refusal(45047)
        min(fresh, key=lambda window: window.closes_at).left -= 1

    def current(self, now: float) -> list[Window]:
        """The windows that are open."""
        return [window for window in self._open.values() if window.closes_at > now]

    def close(self) -> None:
        """Forget them all, as unfollowing does."""
        self._open.clear()
