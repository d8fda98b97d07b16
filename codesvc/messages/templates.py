"""Loading and rendering of templates.

There are four kinds: `pages/` (HTML), `chat/{locale}/` and `people/{locale}/` (chat messages), and `message/` (fields
of template messages). The last are TOML files whose values are jinja2 sources, so that a value stays inside its field.
Next to them are the catalogues of the pages' texts (`texts/`, see `codesvc.web.texts`). A directory in the
configuration can override any file. A missing variable is an error, because an incomplete message is worse than none.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jinja2 import (
    DictLoader,
    Environment,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)

from codesvc.domain.account_kinds import Right
from codesvc.domain.errors import CodesvcError
from codesvc.messages.bounded_environment import BoundedEnvironment
from codesvc.messages.compiled_templates import COMPILED
from codesvc.messages.field_sources import Field, compile_field
from codesvc.messages.template_trial import fault_in_renderings
from codesvc.messages.template_variables import fault_in_overrides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesvc.sites.directory import AccountEntry

_E = TypeVar("_E", bound=Environment)
_KINDS = (".html", ".txt", ".toml", ".css", ".js", ".po")

CHAT_MESSAGES = (
    "code",
    "code_behind_link",
    "refused",
    "expired",
    "canceled",
    "approved",
    "limited",
    "keyword_unclear",
    "disowned",
    "disown_by_link",
    "welcome",
    "soon",
    "reset_done",
    # accounts without QR codes (`wording`), and the answer to a text that is not a keyword
    "welcome_by_keyword",
    "keyword_unclear_by_keyword",
    "limited_by_keyword",
    "refused_by_keyword",
    "disowned_by_keyword",
    "unknown_by_keyword",
)
"""Texts about a verification, and general texts: `chat/{locale}/`."""

PEOPLE_MESSAGES = (
    # bind intents and logins
    "ask_bind",
    "ask_login",
    "bound",
    "bind_later",
    "conflict",
    "conflict_by_keyword",
    "declined",
    "login_approved",
    "login_unknown",
    "intent_over",
    # changed bindings
    "unbound",
    "moved",
    "move_asked",
    "move_done",
    # codes of wechat-server's protocol
    "login_code",
    "login_code_used",
    # tickets
    "bind_link",
    "reset_link",
    "already_bound",
    "no_accounts",
    "digits_right",
    "digits_wrong",
    "digits_over",
    # messages that leave by the site's own gateway
    "relay_text",
    "relay_subject",
)
"""Texts about bind intents, logins, bindings, tickets and messages: `people/{locale}/`."""

_KNOWN = frozenset({*CHAT_MESSAGES, *PEOPLE_MESSAGES})


def wording(name: str, account: AccountEntry) -> str:
    """The name of the chat text for an account: those that speak of a QR code have another form without one."""
    other = f"{name}_by_keyword"
    return other if other in _KNOWN and not account.config.may(Right.QR_CODES) else name


class BadTemplate(CodesvcError):
    """A template is missing or broken; the text names file and line."""


def shipped_directory() -> Path:
    """The directory of the shipped templates: inside the wheel, or next to the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "_templates"
    return inside if inside.is_dir() else package.parent / "templates"


def read_templates(directory: Path) -> dict[str, str]:
    """Read every template below a directory, by its relative name.

    Raises:
        BadTemplate: it is not a directory, or a file cannot be read or is not UTF-8.
    """
    if not directory.is_dir():
        raise BadTemplate(f"{directory} is not a directory")
    found = {}
    for name in _names(directory):
        path = directory / name
        try:
            found[name] = path.read_text(encoding="utf-8")
        except OSError as error:
            raise BadTemplate(f"template {name}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise BadTemplate(f"template {name}, line {line}: not UTF-8") from None
    return found


def _names(directory: Path) -> list[str]:
    """The relative names of the templates below a directory."""
    found = []
    for folder, _, files in os.walk(directory):
        below = folder[len(str(directory)) :].replace(os.sep, "/")
        found += [f"{below}/{name}"[1:] for name in files if name.endswith(_KINDS)]
    return [name for name in sorted(found) if (directory / name).is_file()]


def _first_folder(name: str) -> str:
    return name.partition("/")[0]


def _prepared(kind: type[_E], sources: Mapping[str, str], own_path: Callable[[str], str]) -> _E:
    """An environment with these files."""
    environment = kind(
        loader=DictLoader(sources),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["own_path"] = own_path
    return environment


def _place(source: Mapping[str, str] | str) -> str:
    return source if isinstance(source, str) else "the configuration"


class Templates:
    """Loads and renders templates. Files are read once; later changes on disk need a reload.

    Args:
        override: a directory whose files replace the shipped ones of the same name, or the contents of such a
            directory.
        own_path: makes the path of a route of the service, see `codesvc.domain.service_address`. Pages call it for each
            address that they contain.

    Raises:
        BadTemplate: a template is missing or broken.
    """

    def __init__(
        self, override: Path | Mapping[str, str] | None = None, *, own_path: Callable[[str], str] = str
    ) -> None:
        own = read_templates(override) if isinstance(override, Path) else override or {}
        shipped = read_templates(shipped_directory())
        self._layers = (shipped, own)
        # Accounts in the store bring their own templates (`codesvc.sites.registry`). In jinja2's sandbox, these reach
        # values and nothing else, and each rendering is bounded.
        self._environment = _prepared(BoundedEnvironment, {**shipped, **own}, own_path)
        # Shipped templates are trusted. They are rendered without sandbox and bounds, which saves a third of a page
        # (decision 39). A template may include others of its directory, so one overridden file there ends that.
        self._trusted = _prepared(Environment, shipped, own_path)
        self._trusted.bytecode_cache = COMPILED
        self._overridden = {_first_folder(name) for name in own}
        # Template messages are not HTML: WeChat would show `&amp;` as it is.
        self._unescaped = self._environment.for_fields()
        self._chat: dict[tuple[str, str], Template] = {}
        if own:
            self.try_all()
            if fault := fault_in_overrides(self._environment, shipped, own):
                raise BadTemplate(f"template {fault}")
            if fault := fault_in_renderings(self._environment, own):
                raise BadTemplate(f"template {fault}")

    @property
    def steps(self) -> int:
        """The steps of all bounded renderings until now."""
        return self._environment.budget.total

    def try_all(self) -> None:
        """Load every template now, so that a broken override is reported at the start, with file and line.

        Tests check the shipped templates. Each of those is compiled on first use, which takes a few milliseconds.

        Raises:
            BadTemplate: a template does not load.
        """
        for name in self._environment.list_templates():
            if name.endswith(".html") and name.startswith("pages/"):
                self._load(name)
        for locale in ("zh", "en"):
            for name in (*CHAT_MESSAGES, *PEOPLE_MESSAGES):
                self._message(name, locale)

    def _message(self, name: str, locale: str) -> Template:
        folder = "chat" if name in CHAT_MESSAGES else "people"
        found = self._chat[locale, name] = self._load(f"{folder}/{locale}/{name}.txt")
        return found

    def _load(self, name: str) -> Template:
        environment = self._environment if _first_folder(name) in self._overridden else self._trusted
        try:
            return environment.get_template(name)
        except TemplateError as error:
            line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
            raise BadTemplate(f"template {name}{line}: {error.message or 'not found'}") from None

    def chat(self, name: str, locale: str, variables: Mapping[str, Any]) -> str:
        """Render a chat message as plain text."""
        template = self._chat.get((locale, name)) or self._message(name, locale)
        return template.render(variables).strip()

    def page(self, name: str, variables: Mapping[str, Any]) -> str:
        """Render a page as HTML. All values are escaped."""
        return self._load(f"pages/{name}.html").render(variables)

    def source(self, name: str) -> str:
        """The source of one style sheet or script of the pages, as it stands.

        Raises:
            BadTemplate: there is no such file.
        """
        return self._loader_source(f"pages/{name}")[0]

    def catalogues(self) -> dict[str, list[str]]:
        """The sources of the catalogues of the pages' texts by language, the shipped one first."""
        found: dict[str, list[str]] = {}
        for layer in self._layers:
            for name, text in layer.items():
                if name.startswith("texts/") and name.endswith(".po"):
                    found.setdefault(name.removeprefix("texts/").removesuffix(".po"), []).append(text)
        return found

    def fields(self, source: Mapping[str, str] | str) -> dict[str, Field]:
        """Compile the fields of a template message from an inline table, or from a file in `templates/`.

        Raises:
            BadTemplate: no such file, no TOML, a value that is not text, or jinja2 that does not parse.
        """
        return {key: self.field(source, key, text) for key, text in self.field_sources(source).items()}

    def field_sources(self, source: Mapping[str, str] | str) -> dict[str, str]:
        """The sources of a message's fields, not compiled. Raises as `fields` does."""
        try:
            found = tomllib.loads(self._loader_source(source)[0]) if isinstance(source, str) else source
        except tomllib.TOMLDecodeError as error:
            raise BadTemplate(f"template {_place(source)}: {error}") from None
        if other := next((key for key, text in found.items() if not isinstance(text, str)), None):
            raise BadTemplate(f"template {_place(source)}: {other} must be text")
        return dict(found)

    def field(self, source: Mapping[str, str] | str, key: str, text: str) -> Field:
        """Compile one field of a message. Raises as `fields` does."""
        try:
            return compile_field(self._unescaped, text)
        except TemplateError as error:
            raise BadTemplate(f"template {_place(source)}, field {key}: {error.message}") from None

    def _loader_source(self, name: str) -> tuple[str, str | None, Any]:
        loader = self._environment.loader
        if loader is None:  # pragma: no cover  the constructor sets one
            raise BadTemplate("no loader")
        try:
            return loader.get_source(self._environment, name)
        except TemplateError as error:
            raise BadTemplate(f"template {name}: not found ({error.message})") from None
