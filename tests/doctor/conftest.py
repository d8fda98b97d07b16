"""A service on a store that lasts, and a doctor who looks at it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import aiohttp
import pytest

from codesvc.doctor.examination import Examination
from codesvc.store.embedded import run_embedded
from codesvc.web.context import SERVICES
from tests.world import World, running_world

if TYPE_CHECKING:
    from codesvc.config import Settings


@dataclass
class Report:
    """What a run said."""

    findings: list
    faulty: bool

    def of(self, *words):
        """The finding whose `what` is one of these words, or holds all of them."""
        holding = [f for f in self.findings if all(word in f.what for word in words)]
        [found] = [f for f in holding if f.what in words] or holding
        return found

    @property
    def text(self):
        return "\n".join(f"{f.what} {f.found} {f.remedy}" for f in self.findings)


@dataclass
class Ward:
    """A running service and its settings."""

    world: World
    settings: Settings

    async def examine(self, settings=None) -> Report:
        async with aiohttp.ClientSession() as http:
            examination = Examination(settings or self.settings, http)
            found = [finding async for finding in examination.findings()]
        return Report(found, examination.faulty)

    def with_account(self, **changes) -> Settings:
        """The settings with another main account."""
        account = replace(self.settings.accounts["main"], **changes)
        return replace(self.settings, accounts={"main": account})


@asynccontextmanager
async def _admitted(tmp_path, **changes):
    data_dir = tmp_path / "data"
    async with (
        run_embedded(data_dir) as embedded,
        running_world(embedded.url, tmp_path, store__data_dir=str(data_dir), **changes) as world,
    ):
        yield Ward(world, world.app[SERVICES].settings)


@pytest.fixture
def admit(tmp_path):
    """Wards with other settings: `async with admit(mode=…) as ward`."""
    return lambda **changes: _admitted(tmp_path, **changes)


@pytest.fixture
async def ward(tmp_path):
    """A service as the tests' configuration has it, on an embedded store."""
    async with _admitted(tmp_path) as ward:
        yield ward


def toml(tables, path=()):
    """Tables as TOML; enough for configurations."""
    plain = {k: v for k, v in tables.items() if not isinstance(v, dict)}
    lines = [f"[{'.'.join(path)}]"] if path else []
    for key, value in plain.items():
        lines.append(f"{key} = {_value(value)}")
    for key, value in tables.items():
        if isinstance(value, dict):
            lines.append(toml(value, (*path, key)))
    return "\n".join(lines)


def _value(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
