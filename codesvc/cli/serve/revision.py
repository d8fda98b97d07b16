"""One revision of the service's configuration and templates: it is read, checked and replaced as a whole.

A reload reads a new revision. The service uses it only if everything in it is valid; otherwise it keeps the old one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from jinja2 import TemplateError

from codesvc.app import PreparedParts, create_app, prepare
from codesvc.config import ConfigError
from codesvc.config.snapshot import ConfigSnapshot
from codesvc.domain.errors import CodesvcError
from codesvc.messages.templates import read_templates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiohttp import web

    from codesvc.config import Settings


class UnusableConfiguration(CodesvcError):
    """The configuration cannot be used; the text has several lines and says why."""


@dataclass(frozen=True, slots=True, repr=False)
class Revision:
    """The configuration and templates with which a process runs.

    Attributes:
        templates: the templates from the configured directory, by name; they override the shipped ones.
    """

    document: ConfigSnapshot
    templates: Mapping[str, str]
    _tried: list[PreparedParts] = field(default_factory=list, compare=False)
    """The objects that checking the revision has made; the first application with this revision uses them."""

    @classmethod
    def read(cls, path: Path, env: Mapping[str, str]) -> Revision:
        """Read configuration and templates from the disk, and check them.

        Raises:
            UnusableConfiguration: they cannot be used.
        """
        try:
            document = ConfigSnapshot.read(path, env)
        except ConfigError as error:
            raise UnusableConfiguration(str(error)) from None
        directory = document.settings.service.templates_dir
        try:
            templates = read_templates(directory) if directory else {}
            return cls(document, templates, [prepare(document.settings, templates)])
        # Preparing tries every message, so a template's own errors come up, such as a division by zero.
        except (CodesvcError, TemplateError, ArithmeticError, TypeError, ValueError) as error:
            raise UnusableConfiguration(str(error)) from None

    @property
    def settings(self) -> Settings:
        """The checked settings."""
        return self.document.settings

    def app(self, store_url: str) -> web.Application:
        """A new application with this revision, not started yet."""
        prepared = self._tried.pop() if self._tried else prepare(self.settings, self.templates)
        return create_app(self.settings, store_url, prepared)

    def packed(self) -> bytes:
        """Serialise for `unpack`; the bytes contain every secret."""
        return msgspec.json.encode([self.document.packed().decode(), self.templates])

    @classmethod
    def unpack(cls, octets: bytes) -> Revision:
        """Restore from the bytes of `packed`."""
        document, templates = msgspec.json.decode(octets, type=tuple[str, dict[str, str]])
        return cls(ConfigSnapshot.unpack(document.encode()), templates)


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """The result of a reload.

    Attributes:
        revision: the revision to run from now on.
        changed: the paths of the options that differ; `templates` if templates differ.
        needs_restart: options that changed on the disk but take effect only after a restart.
    """

    revision: Revision
    changed: list[str]
    needs_restart: list[str]


def read_successor(running: Revision, path: Path, env: Mapping[str, str]) -> ReloadResult:
    """Read the revision that replaces the running one.

    Raises:
        UnusableConfiguration: it cannot be used; the running one stays.
    """
    fresh = Revision.read(path, env)
    secrets = fresh.settings.secrets
    if running.settings.secrets.master_key not in {secrets.master_key, *secrets.previous_master_keys}:
        raise UnusableConfiguration(
            "secrets.previous_master_keys: lacks the master key in use, so codes that were sent and entries of the "
            "registry could no longer be read. Add it there and keep it for a day. A restart takes the file as it is, "
            "and what depends on the key is then lost"
        )
    try:
        document, needs_restart = fresh.document.with_fixed_of(running.document)
    except ConfigError as error:
        raise UnusableConfiguration(
            f"needs a restart, because settings that only a restart can change do not fit the new ones: {error}"
        ) from None
    revision = fresh
    if needs_restart:
        revision = Revision(document, fresh.templates, [prepare(document.settings, fresh.templates)])
    changed = document.changes_since(running.document)
    if fresh.templates != running.templates:
        changed.append("templates")
    return ReloadResult(revision, changed, needs_restart)
