"""The questions of `codesvc init`: flags answer them, a terminal is asked for the rest, `--yes` takes the defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from codesvc.cli.initial_configuration import ACCOUNT, Answers, document_of, sandbox_answers
from codesvc.config import ConfigError, parse
from codesvc.config.constraints import NAME
from codesvc.domain.account_kinds import AccountKind
from codesvc.domain.errors import CodesvcError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from codesvc.web.texts import Speech

_ASKED: Final = (
    AccountKind.VERIFIED_SERVICE,
    AccountKind.TEST,
    AccountKind.UNVERIFIED_SUBSCRIPTION,
    AccountKind.VERIFIED_SUBSCRIPTION,
    AccountKind.UNVERIFIED_SERVICE,
)
"""As the question numbers them."""
_KIND_WORDS: Final = {
    **{str(number): kind for number, kind in enumerate(_ASKED, 1)},
    "service": AccountKind.VERIFIED_SERVICE,
    "服务号": AccountKind.VERIFIED_SERVICE,
    "订阅号": AccountKind.UNVERIFIED_SUBSCRIPTION,
    "个人订阅号": AccountKind.UNVERIFIED_SUBSCRIPTION,
    "personal": AccountKind.UNVERIFIED_SUBSCRIPTION,
    "测试号": AccountKind.TEST,
}
_SITE, _OPERATOR = "shop", "admin"
_APP_SECRET: Final = re.compile(r"[!-~]{16,128}")


class UnusableAnswers(CodesvcError):
    """Answers are missing or break their rules; the text has a line for each."""


class Terminal(Protocol):
    """A person who can be asked."""

    def ask(self, text: str, *, hidden: bool = False) -> str:
        """Ask a question and return the typed line without its end; `hidden` does not show the typing."""

    def say(self, text: str) -> None:
        """Show a line."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        name: the name of the flag without dashes, and of the texts `ask.{name}` and `rule.{name}`.
        place: the option that the answer becomes; its own rule checks the answer.
        default: the answer if nothing is typed; None: there has to be one.
    """

    name: str
    place: tuple[str, ...]
    default: str | None = None


_QUESTIONS: Final = (
    Question("kind", ()),
    Question("public-url", ("service",)),
    Question("appid", ("accounts", ACCOUNT, "appid")),
    Question("name", ("accounts", ACCOUNT, "name")),
    Question("site", ("sites",), _SITE),
    Question("site-name", ("sites", _SITE, "name"), ""),
    Question("origin", ("sites", _SITE, "origins"), ""),
    Question("operator", ("admin",), _OPERATOR),
)
_OF_A_SANDBOX: Final = {"kind", "site", "site-name", "operator"}
"""The flags that are allowed for a sandbox configuration."""


def answers_from(arguments: argparse.Namespace, words: Speech, terminal: Terminal) -> Answers:
    """The answers by flags, then by asking.

    Args:
        arguments: the flags; with `yes` or `sandbox` nothing is asked.
        words: the language of questions and rules.
        terminal: is asked.

    Raises:
        UnusableAnswers: flags are wrong, or missing while nothing may be asked; names every one.
    """
    given = {question.name: _given(arguments, question.name) for question in _QUESTIONS}
    faults = [_complaint(words, question.name) for question in _QUESTIONS if _wrong(question, given[question.name])]
    secret = ""
    if arguments.app_secret_file is not None:
        secret, fault = _secret_in(arguments.app_secret_file, words)
        faults += [fault] if fault else []
    if arguments.sandbox:
        # The rest has to fit `codesvc sandbox` with no option but the kind, so a flag for it would be given in vain.
        vain = [name for name in given if name not in _OF_A_SANDBOX and given[name] is not None]
        vain += ["app-secret-file"] if arguments.app_secret_file is not None else []
        faults += [words("not-with-sandbox", flag=name) for name in vain]
    silent = arguments.yes or arguments.sandbox
    if arguments.yes and not arguments.sandbox:
        missing = (question.name for question in _QUESTIONS if given[question.name] is question.default is None)
        faults += [words("missing", flag=name, rule=words(f"rule.{name}")) for name in missing]
    if faults:
        raise UnusableAnswers("\n".join(faults))
    found: dict[str, str] = {}
    for question in _QUESTIONS:
        answer = given[question.name]
        if answer is None:
            answer = (question.default or "") if silent else _asked(question, found, words, terminal)
        found[question.name] = answer
    if arguments.sandbox:
        kind = AccountKind(found["kind"] or AccountKind.VERIFIED_SERVICE)
        return sandbox_answers(kind, found["site"], found["site-name"] or found["site"], found["operator"])
    return _answers(found, secret if secret or silent else _asked_secret(words, terminal))


def _asked(question: Question, before: Mapping[str, str], words: Speech, terminal: Terminal) -> str:
    default = before["site"] if question.name == "site-name" else question.default
    while True:
        shown = words(f"ask.{question.name}") + (f" [{default}]" if default else "") + ": "
        answer = _normal(question.name, terminal.ask(shown)) or (default or "")
        if (answer or default is not None) and not _wrong(question, answer):
            return answer
        terminal.say(f"  {words(f'rule.{question.name}')}")


def _asked_secret(words: Speech, terminal: Terminal) -> str:
    while True:
        secret = terminal.ask(words("ask.app-secret") + ": ", hidden=True).strip()
        if not secret or _APP_SECRET.fullmatch(secret):
            return secret
        terminal.say(f"  {words('rule.app-secret')}")


def _given(arguments: argparse.Namespace, name: str) -> str | None:
    value = getattr(arguments, name.replace("-", "_"))
    return _normal(name, " ".join(value) if isinstance(value, list) else value) if value else None


def _normal(name: str, text: str) -> str:
    """The answer without what people add: blanks, the slash after a host, WeChat's names of the kinds."""
    text = text.strip()
    if name == "public-url":
        return text.rstrip("/")
    if name == "origin":
        return " ".join(each.rstrip("/") for each in re.split(r"[\s,，]+", text) if each)
    return _KIND_WORDS.get(text, text) if name == "kind" else text


def _wrong(question: Question, text: str | None) -> bool:
    if text is None or (text == "" and question.default is not None):
        return False
    if question.name == "kind":
        return text not in _ASKED
    if question.name in {"site", "operator"}:  # also parts of a key, of a TOML table's name, and of file names
        return NAME.fullmatch(text) is None
    document = document_of(_answers({**_HARMLESS, question.name: text}, ""))
    try:
        parse(document, env={}, directory=Path())
    except ConfigError as error:
        return any(fault.path[: len(question.place)] == question.place for fault in error.faults)
    return False


_HARMLESS: Final = {
    "kind": "verified_service",
    "public-url": "https://code.example.com",
    "appid": "wx0123456789abcdef",
    "name": "name",
    "site": _SITE,
    "site-name": "name",
    "origin": "",
    "operator": _OPERATOR,
}


def _complaint(words: Speech, name: str) -> str:
    return f"--{name}: {words(f'rule.{name}')}"


def _secret_in(path: Path, words: Speech) -> tuple[str, str]:
    """The AppSecret in a file, and what is wrong with it."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    return secret, "" if _APP_SECRET.fullmatch(secret) else _complaint(words, "app-secret-file")


def _answers(found: Mapping[str, str], secret: str) -> Answers:
    return Answers(
        kind=AccountKind(found["kind"]),
        public_url=found["public-url"],
        appid=found["appid"],
        name=found["name"],
        site=found["site"],
        site_name=found["site-name"] or found["site"],
        origins=tuple(found["origin"].split()),
        operator=found["operator"],
        app_secret=secret,
    )
