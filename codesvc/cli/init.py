"""`codesvc init`: writes a first configuration with its secrets, and says what to do next, step by step."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codesvc.cli.initial_configuration import CONFIG, SECRETS, initial_configuration
from codesvc.cli.initial_questions import UnusableAnswers, answers_from
from codesvc.cli.initial_steps import steps
from codesvc.cli.texts import speech, terminal_language

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from codesvc.cli.initial_configuration import InitialConfiguration

_DONE, _FAILED, _USAGE = 0, 1, 2
_FILE, _DIRECTORY = 0o600, 0o700
_INTERRUPTED: Final = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "--directory", type=Path, default=Path(), help="where to write the files (default: the current directory)"
    )
    parser.add_argument(
        "--sandbox", action="store_true", help="write a configuration for `codesvc sandbox`, without a WeChat account"
    )
    parser.add_argument("--yes", action="store_true", help="ask no questions: use flags and defaults, for scripts")
    parser.add_argument(
        "--public-url",
        help="the address at which browsers and WeChat reach the service, such as https://code.example.com",
    )
    parser.add_argument(
        "--kind",
        help="the kind of account: verified_service (服务号, 已认证; default), test (测试号), "
        "unverified_subscription (订阅号, or personal), verified_subscription, or unverified_service",
    )
    parser.add_argument("--appid", help="the account's AppID, from WeChat's console")
    parser.add_argument("--name", help="the account's name, as people see it in WeChat")
    parser.add_argument("--app-secret-file", type=Path, help="a file with the AppSecret (default: asked, or later)")
    parser.add_argument("--site", help="your website's short name in the configuration (default: shop)")
    parser.add_argument("--site-name", help="your website's name, as people know it (default: as --site)")
    parser.add_argument("--origin", action="append", help="your website's address; can be repeated")
    parser.add_argument("--operator", help="your name for signing in at /admin (default: admin)")


class _Console:
    """The terminal on standard input and output."""

    def ask(self, text: str, *, hidden: bool = False) -> str:
        return getpass.getpass(text) if hidden else input(text)

    def say(self, text: str) -> None:
        sys.stdout.write(text + "\n")


def run(arguments: argparse.Namespace, env: Mapping[str, str] = os.environ) -> int:
    """Ask, write and explain; returns 0, 1 if files cannot be written, 2 if answers are missing or wrong."""
    words = speech(terminal_language(env))
    directory: Path = arguments.directory
    # Before the questions: no answer is given in vain.
    if there := _there(directory, (CONFIG, SECRETS)):
        return _complain(words("exists", files=", ".join(there)), _FAILED)
    if not (arguments.yes or arguments.sandbox or sys.stdin.isatty()):
        return _complain(words("no-terminal"), _USAGE)
    try:
        answers = answers_from(arguments, words, _Console())
        made = initial_configuration(answers)
        _write(directory, made)
    except UnusableAnswers as error:
        return _complain(str(error), _USAGE)
    except FileExistsError as error:
        return _complain(words("exists", files=str(error.filename)), _FAILED)
    except OSError as error:
        return _complain(words("unwritable", file=str(error.filename), reason=str(error.strerror)), _FAILED)
    except (KeyboardInterrupt, EOFError):
        return _complain(f"\n{words('interrupted')}", _INTERRUPTED)
    where = "" if directory == Path() else f"cd {shlex.quote(str(directory))}"
    sys.stdout.write(f"\n{steps(answers, made, words, enter=where)}\n")
    return _DONE


def _there(directory: Path, names: tuple[str, ...]) -> list[str]:
    return [str(directory / name) for name in names if (directory / name).exists() or (directory / name).is_symlink()]


def _write(directory: Path, made: InitialConfiguration) -> None:
    """Write everything, or nothing. Nothing that exists is replaced.

    Raises:
        FileExistsError: a file or the directory of secrets exists.
        OSError: one cannot be written.
    """
    written: list[Path] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        place = directory / SECRETS
        place.mkdir(mode=_DIRECTORY)
        written.append(place)
        texts = {name: text and text + "\n" for name, text in made.files.items()} | {CONFIG: made.text}
        for name, content in ({name: text.encode() for name, text in texts.items()} | made.pictures).items():
            path = directory / name
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE), "wb") as file:
                written.append(path)
                file.write(content)
    except BaseException:
        for path in reversed(written):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        raise


def _complain(text: str, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write("".join(f"codesvc init: {line}\n" if line else "\n" for line in text.split("\n")))
    return status
