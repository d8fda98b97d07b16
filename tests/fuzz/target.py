"""A fuzz target: a border of the service that reads bytes from elsewhere."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.bounds import Steps, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Target:
    """One border.

    Attributes:
        name: of the target and of its directory in the corpus.
        read: takes the bytes, and asserts what must hold of the answer.
        declared: the exceptions by which the border refuses what it is given.
        seeds: genuine inputs, from which mutations begin. They are made anew where keys and times go into them.
        steps: so many steps are allowed whatever comes in.
        steps_per_byte: so many more for each byte.
        words: what mutations put in.
        prepare: runs before the bounds are watched, such as writing the input into a file.
    """

    name: str
    read: Callable[[bytes], None]
    declared: tuple[type[Exception], ...]
    seeds: Callable[[], Iterable[bytes]]
    steps: int = 20_000
    steps_per_byte: int = 60
    words: tuple[str, ...] = ()
    prepare: Callable[[bytes], None] = lambda _: None

    def hold(self, data):
        """Read an input within the bounds; returns the steps that it took.

        Raises:
            TooManySteps: more than the bound.
            ActedOutside: a write, a connection or a process.
            Exception: any that is not declared, AssertionError where a promise does not hold.
        """
        self.prepare(data)
        steps = Steps(self.steps + self.steps_per_byte * len(data))
        with watched(), steps, contextlib.suppress(*self.declared):
            self.read(data)
        return steps.taken

    def kept(self):
        """The inputs of the corpus."""
        return sorted((CORPUS / self.name).glob("*"))
