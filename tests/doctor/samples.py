"""What the code of a page does, without the words in it that are for people: comments and docstrings.

They are Chinese on Chinese pages and English on English ones, as are texts for visitors; everything else is the same,
so that a test that runs the English sample runs both.
"""

from __future__ import annotations

import ast
import re

_STRING = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"""
_COMMENTS = {
    "js": r"//[^\n]*|/\*.*?\*/",
    "java": r"//[^\n]*|/\*.*?\*/",
    "php": r"//[^\n]*|/\*.*?\*/",
    "css": r"/\*.*?\*/",
    "html": r"<!--.*?-->",
    "python": r"#[^\n]*",
}
_AT_THE_END = re.compile(r"(?:^|(?<=\s))#(?: [^\n]*)?$", re.MULTILINE)
"""A comment of a shell, of TOML, YAML and nginx: a word of such a language may hold the sign."""


def without_comments(language: str, code: str) -> list[str]:
    """The lines of a sample without comments, indentation and empty lines."""
    if language in _COMMENTS:
        tokens = re.compile(rf"({_STRING})|({_COMMENTS[language]})", re.DOTALL)
        code = tokens.sub(lambda found: found[1] or "", code)
    else:
        code = _AT_THE_END.sub("", code)
    return [line.strip() for line in code.splitlines() if line.strip()]


def meaning(language: str, code: str) -> object:
    """What two samples have to have in common: of Python the program without docstrings, of others the lines."""
    if language != "python":
        return without_comments(language, code)
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def comments(language: str, code: str) -> list[str]:
    """The comments and docstrings of a sample."""
    if language in _COMMENTS:
        tokens = re.compile(rf'("""[^"]*""")|({_STRING})|({_COMMENTS[language]})', re.DOTALL)
        return [found[1] or found[3] for found in tokens.finditer(code) if found[1] or found[3]]
    return _AT_THE_END.findall(code)
