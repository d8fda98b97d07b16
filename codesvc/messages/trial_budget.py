"""How long a proposed change of messages may be tried, in steps of `BoundedEnvironment`.

Each rendering has a budget of its own. A trial renders each field under hundreds of circumstances, for each purpose of
each site, and how many of them there are is up to whoever asks for the change. So the whole trial has one budget, with
pauses in which other tasks of the process get their turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.messages.templates import BadTemplate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.messages.templates import Templates

_MOST_STEPS: Final = 300_000
"""A step takes about a microsecond. Fields as operators write them take a few hundred for each purpose."""
_STEPS_OF_SITE: Final = 10_000
_STEPS_OF_TURN: Final = 2_000
_STEPS_OF_CHARACTER: Final = 10
"""Compiling a source takes 12 µs for each character."""
_STEPS_OF_CIRCUMSTANCE: Final = 5


class TrialBudget:
    """The steps of one trial. Its methods yield where other tasks shall get their turn.

    Args:
        templates: what counts the steps of renderings.
        sites: how many sites' messages are tried.
    """

    def __init__(self, templates: Templates, sites: int) -> None:
        self._templates = templates
        self._left = _MOST_STEPS + sites * _STEPS_OF_SITE
        self._turn = 0
        self._noted = templates.steps

    def compile(self, source: str) -> Iterator[None]:
        """Count a source that is about to be compiled.

        Raises:
            BadTemplate: the budget is spent.
        """
        yield from self._spend(len(source) * _STEPS_OF_CHARACTER)

    def rendered(self) -> Iterator[None]:
        """Count what has been rendered since the last pause: a circumstance.

        Raises:
            BadTemplate: the budget is spent.
        """
        yield from self._spend(self._templates.steps - self._noted + _STEPS_OF_CIRCUMSTANCE)

    def _spend(self, steps: int) -> Iterator[None]:
        self._left -= steps
        if self._left < 0:
            raise BadTemplate(
                "the account's messages take too long to be tried for all purposes: write simpler fields, or fewer"
            )
        self._turn += steps
        if self._turn >= _STEPS_OF_TURN:
            self._turn = 0
            yield
        # What other tasks rendered in the pause is not charged to this trial.
        self._noted = self._templates.steps
