"""Compiles the source of one field of a template message."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from jinja2 import Environment, UndefinedError, nodes

from codesvc.messages.template_variables import MESSAGE_VARIABLES

_NAMES: Final = frozenset({"site", "purpose", "account"})
_FIRST_CJK: Final = "\u2e80"


class Field(Protocol):
    """A compiled field of a template message.

    Attributes:
        names: names of the variables that it may read.
    """

    names: frozenset[str]

    def render(self, variables: Mapping[str, Any], /) -> str:
        """Render the field.

        Raises:
            TemplateError: it cannot be rendered.
        """


class _PlainField:
    """A field of plain text and variables, like nearly all fields. It costs a twentieth of a jinja2 template.

    Two names side by side, such as site and purpose, are separated by a blank if their script separates words.
    """

    def __init__(self, parts: list[nodes.Name | nodes.TemplateData]) -> None:
        self.names = frozenset(part.name for part in parts if isinstance(part, nodes.Name))
        self._parts = [(part.name, True) if isinstance(part, nodes.Name) else (part.data, False) for part in parts]
        named = [named and text in _NAMES for text, named in self._parts]
        self._joints = [place for place in range(len(named) - 1) if named[place] and named[place + 1]]

    def render(self, variables: Mapping[str, Any], /) -> str:
        """Render the field."""
        try:
            texts = [str(variables[text]) if named else text for text, named in self._parts]
        except KeyError as error:
            raise UndefinedError(f"{error} is undefined") from None
        for place in self._joints:
            if _separates(texts[place][-1:]) and _separates(texts[place + 1][:1]):
                texts[place] += " "
        return "".join(texts)


class _JinjaField:
    """A field that needs jinja2."""

    def __init__(self, environment: Environment, source: str) -> None:
        tree = environment.parse(source)
        # Local names may be among them; a variable too many is only computed in vain. Another file may read any.
        others = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
        self.names = frozenset(node.name for node in tree.find_all(nodes.Name))
        if next(tree.find_all(others), None) is not None:
            self.names |= MESSAGE_VARIABLES["code"]
        self.render = environment.from_string(source).render


def compile_field(environment: Environment, source: str) -> Field:
    """Compile a jinja2 source.

    Raises:
        TemplateError: it does not parse.
    """
    parts: list[Any] = []
    for node in environment.parse(source).body:
        if not isinstance(node, nodes.Output):
            return _JinjaField(environment, source)
        parts += node.nodes
    if all(isinstance(part, nodes.Name | nodes.TemplateData) for part in parts):
        return _PlainField(parts)
    return _JinjaField(environment, source)


def _separates(character: str) -> bool:
    """Whether a character is of a word in a script that separates words, or the mark of a cut one."""
    return character == "…" or (character.isalnum() and character < _FIRST_CJK)
