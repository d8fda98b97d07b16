"""One generation of the service's configuration and templates: read, tried, and handed on as a whole.

A reload makes a new one and takes it only if everything in it can be used; else the running one stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from jinja2 import TemplateError

from codesvc.app import Fixed, create_app, prepare
from codesvc.config import ConfigError
from codesvc.config.snapshot import Document
from codesvc.domain.errors import CodesvcError
from codesvc.messages.templates import read_templates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiohttp import web

    from codesvc.config import Settings


class Unfit(CodesvcError):
    """This configuration cannot be run; the text says why, over several lines."""


@dataclass(frozen=True, slots=True, repr=False)
class Generation:
    """What a process runs.

    Attributes:
        document: the configuration.
        templates: what the configured directory overrides, by name.
    """

    document: Document
    templates: Mapping[str, str]
    _tried: list[Fixed] = field(default_factory=list, compare=False)
    """What trying it has made, for the first application that is made of it."""

    @classmethod
    def read(cls, path: Path, env: Mapping[str, str]) -> Generation:
        """Read everything from the disk, and try it.

        Raises:
            Unfit: it cannot be used.
        """
        try:
            document = Document.read(path, env)
        except ConfigError as error:
            raise Unfit(str(error)) from None
        directory = document.settings.service.templates_dir
        try:
            templates = read_templates(directory) if directory else {}
            return cls(document, templates, [prepare(document.settings, templates)])
        except (CodesvcError, TemplateError, ArithmeticError, TypeError, ValueError) as error:
            raise Unfit(str(error)) from None

    @property
    def settings(self) -> Settings:
        """The checked settings."""
        return self.document.settings

    def app(self, store_url: str) -> web.Application:
        """The application, not yet running."""
        fixed = self._tried.pop() if self._tried else prepare(self.settings, self.templates)
        return create_app(self.settings, store_url, fixed)

    def packed(self) -> bytes:
        """As bytes for `unpack`. They hold every secret."""
        return msgspec.json.encode([self.document.packed().decode(), self.templates])

    @classmethod
    def unpack(cls, octets: bytes) -> Generation:
        """What `packed` has packed."""
        document, templates = msgspec.json.decode(octets, type=tuple[str, dict[str, str]])
        return cls(Document.unpack(document.encode()), templates)


@dataclass(frozen=True, slots=True)
class Succession:
    """What a reload comes to.

    Attributes:
        generation: what is to run from now on.
        changed: options that differ, as paths; `templates` for these.
        needs_restart: options that were changed on the disk and stay as they are until a restart.
    """

    generation: Generation
    changed: list[str]
    needs_restart: list[str]


def succeed(running: Generation, path: Path, env: Mapping[str, str]) -> Succession:
    """Read what is to follow the running generation.

    Raises:
        Unfit: it cannot be used; the running one stays.
    """
    fresh = Generation.read(path, env)
    try:
        document, wanted = fresh.document.kept_over(running.document)
    except ConfigError as error:
        raise Unfit(f"needs a restart, because what stays until then does not go with the rest: {error}") from None
    generation = fresh
    if wanted:
        generation = Generation(document, fresh.templates, [prepare(document.settings, fresh.templates)])
    changed = document.changes_since(running.document)
    if fresh.templates != running.templates:
        changed.append("templates")
    return Succession(generation, changed, wanted)
