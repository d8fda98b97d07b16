"""The commands and their options, from the parsers of the command line."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from codesvc import cli
from docs.reference.words import anchor, choice, pick, sentence, told

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands() -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Every command with its parser and what the list of commands says of it."""
    kept = sys.argv
    try:
        sys.argv = ["codesvc"]
        for name in _below(cli._parser()):  # noqa: SLF001  the parser has no public name
            sys.argv = ["codesvc", name]
            parser, text = _below(cli._parser())[name]  # noqa: SLF001
            yield from _each(f"codesvc {name}", parser, text)
    finally:
        sys.argv = kept


def _below(parser: argparse.ArgumentParser) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    for action in parser._actions:  # noqa: SLF001  argparse lists them nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            texts = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
            return {name: (below, texts.get(name, "")) for name, below in action.choices.items()}
    return {}


def _each(name: str, parser: argparse.ArgumentParser, text: str) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    yield name, parser, text
    for word, (below, said) in _below(parser).items():
        yield from _each(f"{name} {word}", below, said)


def command_line(language: str) -> Iterator[str]:
    """The page of the commands."""
    for name, parser, text in commands():
        yield f"## `{name}` {{#{anchor(name.removeprefix('codesvc '))}}}"
        if text:
            yield sentence(_said(text, language), language)
        lines = []
        for action in parser._actions:  # noqa: SLF001
            if isinstance(action, (argparse._HelpAction, argparse._SubParsersAction)):  # noqa: SLF001
                continue
            words = ", ".join(f"`{each}`" for each in action.option_strings) or f"`{action.metavar or action.dest}`"
            if action.choices is not None:
                words += f" ({choice(action.choices, language)})"
            elif action.option_strings and action.nargs != 0:
                words += f" `{(action.metavar or action.dest).upper()}`"
            if action.required and action.option_strings:
                words += pick(language, "（必填）", " (required)")
            if action.help:
                said = _said(action.help, language).replace("%(default)s", str(action.default))
                words += pick(language, "：", ": ") + said
            lines.append(f"- {words}")
        if lines:
            yield "\n".join(lines)


def _said(text: str, language: str) -> str:
    return text if language == "en" else told("cli", text, "zh")
