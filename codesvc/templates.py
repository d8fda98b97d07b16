"""Where templates lie, and how they become text.

Three kinds: `pages/` (HTML), `chat/{locale}/` and `people/{locale}/` (what is said in the chat) and `message/` (fields
of template messages, TOML whose values are jinja2 sources, so that a value can never break out of its field). Beside
them lie the catalogues of the pages' words (`texts/`, see `codesvc.web.texts`). A directory in the configuration
overrides any file. Missing variables are errors: a message with a hole in it is worse
than none.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)

from codesvc.errors import CodesvcError

if TYPE_CHECKING:
    from collections.abc import Mapping

CHAT_MESSAGES = (
    "code",
    "code_behind_link",
    "refused",
    "expired",
    "canceled",
    "approved",
    "limited",
    "disowned",
    "disown_by_link",
    "welcome",
    "soon",
    "reset_done",
    "busy",
)
"""Texts about a verification, or about nothing in particular: `chat/{locale}/`."""

PEOPLE_MESSAGES = (
    # bind intents and logins
    "ask_bind",
    "ask_login",
    "bound",
    "conflict",
    "declined",
    "login_approved",
    "login_unknown",
    "intent_over",
    # bindings that change
    "unbound",
    "moved",
    "move_asked",
    "move_done",
    # from the chat to the site
    "bind_link",
    "reset_link",
    "already_bound",
    "no_accounts",
    "digits_right",
    "digits_wrong",
    "digits_over",
)
"""Texts about bind intents, logins, bindings and tickets: `people/{locale}/`."""


class BadTemplate(CodesvcError):
    """A template is missing or broken; the text names file and line."""


def shipped_directory() -> Path:
    """The templates that came with this version: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).parent
    inside = package / "_templates"
    return inside if inside.is_dir() else package.parent / "templates"


class Templates:
    """Loads and renders.

    Args:
        override: a directory whose files stand in for the shipped ones of the same name.
    """

    def __init__(self, override: Path | None = None) -> None:
        directories = [*([override] if override else []), shipped_directory()]
        self._directories = directories
        self._environment = Environment(
            loader=FileSystemLoader(directories),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._chat = {
            (locale, name): self._load(f"{folder}/{locale}/{name}.txt")
            for folder, names in (("chat", CHAT_MESSAGES), ("people", PEOPLE_MESSAGES))
            for locale in ("zh", "en")
            for name in names
        }
        # A broken override is told at the start, with file and line, and not to the first visitor.
        for name in self._environment.list_templates(filter_func=lambda name: name.startswith("pages/")):
            if name.endswith(".html"):
                self._load(name)

    def _load(self, name: str) -> Template:
        try:
            return self._environment.get_template(name)
        except TemplateError as error:
            line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
            raise BadTemplate(f"template {name}{line}: {error.message or 'not found'}") from None

    def chat(self, name: str, locale: str, variables: Mapping[str, Any]) -> str:
        """One chat message as plain text."""
        return self._chat[locale, name].render(variables).strip()

    def page(self, name: str, variables: Mapping[str, Any]) -> str:
        """One page as HTML, everything in it escaped."""
        return self._load(f"pages/{name}.html").render(variables)

    def style(self, name: str) -> str:
        """One style sheet of the pages, as it stands.

        Raises:
            BadTemplate: there is none.
        """
        return self._loader_source(f"pages/{name}")[0]

    def catalogues(self) -> dict[str, list[Path]]:
        """The catalogues of the pages' words by language, the shipped one first."""
        found: dict[str, list[Path]] = {}
        for directory in reversed(self._directories):
            for path in sorted((directory / "texts").glob("*.po")):
                found.setdefault(path.stem, []).append(path)
        return found

    def fields(self, source: Mapping[str, str] | str) -> dict[str, Template]:
        """The fields of a template message: an inline table, or the name of a file in `templates/`.

        Raises:
            BadTemplate: no such file, no TOML, a value that is no text, or jinja2 that does not parse.
        """
        where = source if isinstance(source, str) else "the configuration"
        if isinstance(source, str):
            try:
                text, _, _ = self._loader_source(source)
                source = tomllib.loads(text)
            except tomllib.TOMLDecodeError as error:
                raise BadTemplate(f"template {where}: {error}") from None
        fields = {}
        for key, value in source.items():
            if not isinstance(value, str):
                raise BadTemplate(f"template {where}: {key} must be text")
            try:
                fields[key] = self._environment.from_string(value)
            except TemplateError as error:
                raise BadTemplate(f"template {where}, field {key}: {error.message}") from None
        return fields

    def _loader_source(self, name: str) -> tuple[str, str | None, Any]:
        loader = self._environment.loader
        if loader is None:  # pragma: no cover  the constructor sets one
            raise BadTemplate("no loader")
        try:
            return loader.get_source(self._environment, name)
        except TemplateError as error:
            raise BadTemplate(f"template {name}: not found ({error.message})") from None
