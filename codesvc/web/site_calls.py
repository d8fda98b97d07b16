"""How many calls of one site this process has under way, so that its neighbours' calls come between them.

The reasons and what was measured: docs/decisions/0082-calls-of-a-site-have-turns.md.

A process does its work in the order in which it arrives. So a site with a thousand calls under way has a thousand of
them answered before each call of a neighbour. The site itself gains nothing by that: one thread does the work.

Calls that wait for their turn are not refused at once. Whoever is refused at once asks again at once, and thousands of
refusals delay the neighbours as well.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_AT_ONCE: Final = 32
"""Calls of a site that are worked on at a time: while the store does 16 starts in one call, 16 more are read."""
MOST_UNDER_WAY: Final = 1_024
"""Calls of a site that have begun and are not answered; their bodies may still be on their way. Each can hold 100 kB.
An address has 400 at most in nginx's example.
"""
PATIENCE_SECONDS: Final = 2.0
"""How long a call waits for its turn, about what 1,024 calls take. Were it longer, each group of calls would wait
for the timeouts of those before it while the store does not answer.
"""
ANSWER_SECONDS: Final = 0.8
"""Until a call of an identity system is refused because its turn or the store is slow. The shortest limits of systems
begin at 1 s; the rest of it is for a process that is busy (`bench.inbound`).
"""
LIMIT: Final = "site_calls"
"""The name of the limit in the figures."""


class _Line:
    """The calls of one site and kind."""

    __slots__ = ("free", "timer", "under_way", "waiting")

    def __init__(self, turns: int) -> None:
        self.free = turns
        self.under_way = 0
        self.waiting: deque[tuple[float, asyncio.Future[bool]]] = deque()
        self.timer: asyncio.TimerHandle | None = None

    def pass_on(self) -> None:
        """Give a turn that is over to the call that has waited longest."""
        while self.waiting:
            _, turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self.free += 1

    def wait(self, loop: asyncio.AbstractEventLoop, seconds: float) -> asyncio.Future[bool]:
        """A turn that comes later, True; False once it is too late for it. One timer serves all that wait."""
        turn: asyncio.Future[bool] = loop.create_future()
        self.waiting.append((loop.time() + seconds, turn))
        if self.timer is None:
            self.timer = loop.call_later(seconds, self._give_up, loop)
        return turn

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self.waiting and self.waiting[0][0] <= now:
            _, turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(False)
        self.timer = loop.call_at(self.waiting[0][0], self._give_up, loop) if self.waiting else None


class SiteCall:
    """One call, from its head to its answer. Whoever makes one closes it.

    Calls of one kind take no turns of another's.

    Raises:
        Problem: the site has too many calls under way.
    """

    __slots__ = ("_calls", "_has_turn", "_line", "_name")

    def __init__(self, calls: SiteCalls, site: str, kind: str = "") -> None:
        self._calls, self._name, self._has_turn = calls, (site, kind), False
        line = calls.lines.get(self._name)
        if line is None:
            line = calls.lines[self._name] = _Line(calls.most_at_once)
        if line.under_way >= calls.most_under_way:
            raise calls.refusal(site)
        line.under_way += 1
        self._line = line

    async def turn(self) -> bool:
        """Wait until fewer than `most_at_once` calls are worked on.

        Returns whether it had to wait. Then what the call was admitted by may have been removed, and is asked again.

        Raises:
            Problem: that takes too long.
        """
        line = self._line
        waits = not line.free
        if not waits:
            line.free -= 1
        else:
            turn = line.wait(self._calls.loop, self._calls.patience_seconds)
            try:
                came = await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled() and turn.result():
                    line.pass_on()  # it came in the moment in which the call was cancelled
                raise
            if not came:
                raise self._calls.refusal(self._name[0])
        self._has_turn = True
        return waits

    def close(self) -> None:
        """The call is over: its turn goes to the next one."""
        line = self._line
        if self._has_turn:
            line.pass_on()
        line.under_way -= 1
        if not line.under_way:
            del self._calls.lines[self._name]  # sites come and go


@dataclass(slots=True)
class SiteCalls:
    """The calls under way.

    Args:
        refused: is called with a site's name when a call of it is refused.
        patience_seconds: how long a call waits for its turn.
        answer_seconds: how long a call of an identity system may take, its turn included.
    """

    refused: Callable[[str], object]
    most_at_once: int = MOST_AT_ONCE
    most_under_way: int = MOST_UNDER_WAY
    patience_seconds: float = PATIENCE_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    lines: dict[tuple[str, str], _Line] = field(default_factory=dict)

    def refusal(self, site: str) -> Problem:
        """The answer to a call that is one too many."""
        self.refused(site)
        return Problem("too-many-calls", headers={"Retry-After": "1"})
