"""A command on a page can be typed as it stands: with its configuration, or as a link to what shows it whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.reference.commands import commands
from tests.doctor.test_writing import BLOCK

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("[ez][nh]/**/*.md"))]
OF_THE_COMMAND_LINE = {"cli.md"}
"""Shows every command with its options."""
NEED_ONE = sorted(
    words
    for words, parser, _ in commands()
    if any(action.required and {"--config", "--from"} & {*action.option_strings} for action in parser._actions)
)
COMMAND = re.compile(rf"codesvc (?:{'|'.join(each.removeprefix('codesvc ') for each in NEED_ONE)})(?![\w-])")
LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")


def without_configuration(text):
    """Commands that need a configuration and name none."""
    lines = [line for block in BLOCK.finditer(text) for line in block[0].splitlines()]
    inline = re.findall(r"`([^`]+)`", LINK.sub("", BLOCK.sub("", text)))
    found = [each for each in (*lines, *inline) if COMMAND.search(each)]
    return [each for each in found if not re.search(r"--(?:config|from) |^\s*#", each)]


def test_the_commands_are_known():
    assert {"codesvc check", "codesvc send", "codesvc bindings", "codesvc store migrate"} <= {*NEED_ONE}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_printed_command_names_its_configuration(path):
    if path.name not in OF_THE_COMMAND_LINE:
        assert without_configuration(path.read_text(encoding="utf-8")) == []


def test_a_command_without_one_is_found():
    page = "Run `codesvc check`, see [`codesvc send`](cli.md#send).\n\n```\ncodesvc send --site shop\n```\n"
    assert without_configuration(page) == ["codesvc send --site shop", "codesvc check"]
    assert without_configuration("`codesvc check --config config.toml`, `codesvc keys new shop`") == []
