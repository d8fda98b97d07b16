"""CPU of service and store for each step of something that is done many times."""

from __future__ import annotations

import asyncio
import statistics
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.processes import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Meter:
    """CPU of service and store by step, one entry for each person."""

    pids: tuple[int, int]
    steps: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    requests: int = 0

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Count what the block costs, with what the service does right after it."""
        before = [cpu_seconds(pid) for pid in self.pids]
        yield
        await asyncio.sleep(0.003)
        mine, its = (cpu_seconds(pid) - was for pid, was in zip(self.pids, before, strict=True))
        self.steps.setdefault(name, []).append((mine * 1e6, its * 1e6))

    def medians(self) -> dict[str, tuple[float, float]]:
        return {
            name: (statistics.median(mine for mine, _ in found), statistics.median(its for _, its in found))
            for name, found in self.steps.items()
        }


class Uncounted(Meter):
    """For many people at once, whose steps overlap."""

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:  # noqa: ARG002  as `Meter`
        yield
