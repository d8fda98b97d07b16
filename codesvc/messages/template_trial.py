"""Tries templates of an operator with stand-in values, so that one without end stops the start and not a visitor."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError
from jinja2.meta import find_undeclared_variables

from codesvc.messages.bounded_environment import TemplateTooDear

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import Environment


class _StandIn:
    """A value that has every member, can be called, and is either true with three parts, or false with none.

    What a template does for some values only is bounded when it is rendered (`BoundedEnvironment`).
    """

    def __init__(self, *, full: bool) -> None:
        self._full = full

    def __getattr__(self, name: str) -> _StandIn:
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> _StandIn:
        return self

    def __getitem__(self, _: Any) -> _StandIn:
        return self

    def __bool__(self) -> bool:
        return self._full

    def __len__(self) -> int:
        return 3 if self._full else 0

    def __iter__(self) -> Iterator[_StandIn]:
        return iter([self] * len(self))

    def __str__(self) -> str:
        return "…"


def fault_in_renderings(environment: Environment, own: Mapping[str, str]) -> str:
    """The first of an operator's templates that takes too long: file and reason; "" if there is none."""
    names = set[str]()
    for file in environment.list_templates(extensions=["html", "txt"]):
        source = environment.loader.get_source(environment, file)[0] if environment.loader else ""
        names |= find_undeclared_variables(environment.parse(source))
    for file in own:
        if not file.endswith((".html", ".txt")):
            continue
        for full in (True, False):
            try:
                # The stand-in values are simple. An error that only they cause is not a fault of the template.
                with suppress(TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
                    environment.get_template(file).render(dict.fromkeys(names, _StandIn(full=full)))
            except TemplateTooDear as error:
                return f"{file}: {error}"
            except TemplateError:
                continue
    return ""
