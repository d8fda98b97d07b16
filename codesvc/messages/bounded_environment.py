"""A jinja2 environment whose templates end: bounded steps, bounded texts, bounded numbers.

jinja2's sandbox keeps a template from values that are not for it. It does not keep it from running for ever: two nested
loops over `range(99999)`, `"a" * 10 ** 9`, `9 ** 9 ** 9`, a text that is joined with itself forty times. Templates come
from operators and, through the admin API, from everybody with an admin key. So each rendering has a budget, when the
template is tried and whenever it is rendered later. A template that exceeds it raises `TemplateTooDear`.

Each step of a rendering is small, because each value is (`_LONGEST` characters, `_MOST_PARTS` parts), and there are few
steps (`_MOST_STEPS`, few for a message's field: turns of loops, calls, files; large values and long bodies count as
several).

Each filter and method takes a time in proportion to its arguments, and these are counted. Those that take gigabytes or
hours for short arguments are not there (`(1).to_bytes`, `.encode("punycode")`, `|striptags`).
"""

from __future__ import annotations

import re
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jinja2 import Template, TemplateRuntimeError, nodes, pass_context
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment

from codesvc.messages.counted_template import Counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2.runtime import Context

_MOST_STEPS: Final = 50_000
_MOST_STEPS_OF_FIELD: Final = 500
"""A field of a template message holds 20 to 64 characters, and is rendered for each push."""
_STEPS_OF_RENDERING: Final = 10
_LONGEST: Final = 65_536
_LONGEST_PAGE: Final = 1_048_576
_LARGEST: Final = 10_000
_MOST_PARTS: Final = 100_000
_MOST_BITS: Final = 256
_PARTS_OF_STEP: Final = 50
_LETTERS_OF_STEP: Final = 4_096
_LETTERS_OF_CALL: Final = 256
"""So many characters of a filter's or a method's text count as a step: `title` takes 50 µs for them."""
_WIDTH: Final = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4,})|\{[^{}]*(?:\{|\d{4,})")
_CONTAINERS: Final = (list, tuple, dict, set, frozenset)
_SIZED: Final = frozenset({"center", "indent", "batch", "slice", "round", "truncate", "tojson"})
"""Filters for which a number is a size."""
_GROWING: Final = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "replace", "join"})
"""Methods of texts whose result can be much longer than their input."""
_FILTERS: Final = FILTERS.keys() - {"pprint", "random", "striptags", "urlize", "wordwrap"}
_METHODS: Final = frozenset(dir(str)) - {"encode", "maketrans", "translate"}
"""Methods of texts; markup has no others. Of numbers and octets a template has none."""
_COMPARED_IN_STEP: Final = 100_000
"""Characters that a method compares: those of the text, for each character of what it looks for."""


class TemplateTooDear(TemplateRuntimeError):
    """A template does more than a rendering may do. The text says what, and how much is allowed."""


def _refuse(what: str) -> NoReturn:
    raise TemplateTooDear(f"the template takes too long or too much memory: {what}")


def _require_short(length: int) -> None:
    if length > _LONGEST:
        _refuse(f"a text of more than {_LONGEST:,} characters")


def _require_small(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, int | float) and abs(value) > _LARGEST:
            _refuse(f"a number over {_LARGEST:,} as a size")


def _weight(value: Any, known: int = 0) -> int:
    """How many parts a nested value has; eight characters are one."""
    if isinstance(value, str | bytes):
        return known + 1 + len(value) // 8
    if not isinstance(value, _CONTAINERS):
        return known + 1
    for part in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
        if known > _MOST_PARTS:
            _refuse(f"a list of more than {_MOST_PARTS:,} parts")
        known = _weight(part, known)
    return known + 1


def _steps_for(value: Any) -> int:
    """What a filter or a method takes for a value, besides the one step of each call."""
    if isinstance(value, str):
        return len(value) // _LETTERS_OF_CALL
    if isinstance(value, range):
        return len(value) // _PARTS_OF_STEP
    return _weight(value) // _PARTS_OF_STEP if isinstance(value, _CONTAINERS) else 0


def _bounded_range(*arguments: int) -> range:
    numbers = range(*arguments)
    if len(numbers) > _LARGEST:
        _refuse(f"a range of more than {_LARGEST:,} numbers")
    return numbers


def _require_fitting(name: str, given: tuple[Any, ...], more: dict[str, Any]) -> None:
    """Refuse a filter or a method before it makes a long text of short ones."""
    arguments = (*given, *more.values())
    if name in _SIZED | _GROWING:
        _require_small(arguments[1:])
    text = str(given[0]) if given and isinstance(given[0], str | bytes) else ""
    others = [str(each) for each in arguments[1:] if isinstance(each, str | bytes)]
    most = max(map(len, others), default=0)
    match name:
        case "replace":
            _require_short(len(text) + max(map(text.count, others), default=0) * most)
        case "indent":
            _require_short(len(text) + (text.count("\n") + 1) * most)
        case "join" | "xmlattr":
            parts = [part for each in arguments if isinstance(each, _CONTAINERS) for part in each]
            _require_short(8 * _weight(parts) + len(parts) * max(most, len(text)))
        case "expandtabs":
            _require_short(
                len(text) + text.count("\t") * max([8, *(each for each in given[1:] if isinstance(each, int))])
            )
        case "format":
            if _WIDTH.search(text):
                _refuse("a width over 999 in a format")
            largest = max([8 * _weight(each) for each in arguments[1:]], default=0)
            _require_short(len(text) + max(text.count("%"), text.count("{")) * largest)
        case _:
            pass


@pass_context  # so that it is not computed once, when the template is compiled
def _step(context: Context, count: int) -> bool:
    environment = context.environment
    return isinstance(environment, BoundedEnvironment) and environment.step(count)


class _Budget:
    """Steps of the rendering that runs, and of all before it. Overlays of an environment share it."""

    steps = 0
    most = _MOST_STEPS
    _before = 0

    @property
    def total(self) -> int:
        """All steps until now."""
        return self._before + self.steps

    def begin(self, most: int) -> None:
        """Begin a rendering that may take so many steps."""
        self._before += self.steps + _STEPS_OF_RENDERING
        self.steps, self.most = 0, most


class _BoundedTemplate(Template):
    """Begins each rendering with a new budget."""

    environment: BoundedEnvironment

    def render(self, *given: Any, **more: Any) -> str:
        """Render the template.

        Raises:
            TemplateTooDear: it takes more than a rendering may take.
        """
        self.environment.budget.begin(self.environment.most_steps)
        try:
            return super().render(*given, **more)
        except RecursionError:
            _refuse("files or macros that call themselves")


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Compiles templates that end. Renderings must not overlap in threads, because they share a budget."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    template_class = _BoundedTemplate
    most_steps = _MOST_STEPS

    def __init__(self, **options: Any) -> None:
        self.budget = _Budget()
        super().__init__(finalize=self.checked, **options)
        self.globals["range"] = _bounded_range
        del self.globals["lipsum"]
        self.filters = {name: self._bounded(name, each) for name, each in self.filters.items() if name in _FILTERS}
        self.filters |= {"checked": self.checked, "stepped": _step}

    def step(self, count: int = 1) -> bool:
        """Count steps; always true, so that it can stand in a condition. A template that calls it gains nothing."""
        self.budget.steps += max(count, 0)
        if self.budget.steps > self.budget.most:
            _refuse(f"more than {self.budget.most:,} steps in loops, calls and files")
        return True

    def for_fields(self) -> BoundedEnvironment:
        """An overlay for the fields of template messages: they are not HTML, and have a smaller budget."""
        found = self.overlay(autoescape=False)
        found.most_steps = _MOST_STEPS_OF_FIELD
        return found

    def checked(self, value: Any) -> Any:
        """The value, if it is short."""
        if isinstance(value, str) and len(value) < _LETTERS_OF_STEP:
            return value
        if isinstance(value, str | bytes):
            _require_short(len(value))
            self.step(len(value) // _LETTERS_OF_STEP)
        elif isinstance(value, int):
            if value.bit_length() > _MOST_BITS:
                _refuse(f"a number of more than {_MOST_BITS} bits")
        elif isinstance(value, _CONTAINERS):
            self.step(_weight(value) // _PARTS_OF_STEP)
        return value

    def concat(self, pieces: Iterable[str]) -> str:
        """The text of a file, block or macro."""
        kept, length = [], 0
        for piece in pieces:
            length += len(piece)
            if length > _LONGEST_PAGE:
                _refuse(f"a page of more than {_LONGEST_PAGE:,} characters")
            kept.append(piece)
        return "".join(kept)

    def _bounded(self, name: str, made: Callable[..., Any]) -> Callable[..., Any]:
        context_first = 1 if hasattr(made, "jinja_pass_arg") else 0
        risky = name in _SIZED | _GROWING | {"xmlattr", "format"}

        @wraps(made)
        def bounded(*given: Any, **more: Any) -> Any:
            first = given[context_first] if len(given) > context_first else None
            self.step(1 + _steps_for(first))
            if risky:
                _require_fitting(name, given[context_first:], more)
            return self.checked(made(*given, **more))

        return bounded

    def call(__self, __context: Any, __obj: Any, *given: Any, **more: Any) -> Any:  # noqa: N805, PYI063  jinja2's
        """Call a function from a template: one step."""
        owner, name = getattr(__obj, "__self__", None), getattr(__obj, "__name__", "")
        arguments = (*given, *more.values())
        __self.step(1 + _steps_for(owner) + sum(_steps_for(each) for each in arguments))
        if isinstance(owner, int | float | bytes | type):
            _refuse(f"the method {name}, which numbers, octets and types do not have in templates")
        if isinstance(owner, str):
            if name not in _METHODS:
                _refuse(f"the method {name}, which texts do not have in templates")
            longest = max((len(each) for each in arguments if isinstance(each, str)), default=0)
            __self.step(len(owner) * longest // _COMPARED_IN_STEP)
            if name in _GROWING:
                _require_fitting(name, (owner, *given), more)
        called = super().call(__context, __obj, *given, **more)
        if not isinstance(called, str):
            return __self.checked(called)
        if len(called) > _LONGEST_PAGE:  # a macro may make much of a page
            _refuse(f"a text of more than {_LONGEST_PAGE:,} characters")
        __self.step(len(called) // _LETTERS_OF_STEP)
        return called

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """As jinja2's, for formats without large widths."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        @wraps(wrapped)
        def bounded(*given: Any, **more: Any) -> str:
            _require_fitting("format", (value.__self__, *given), more)
            return wrapped(*given, **more)

        return bounded

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute with small numbers and short texts."""
        if operator == "**":
            _require_small((left, right))
            if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _MOST_BITS:
                _refuse(f"a number of more than {_MOST_BITS} bits")
        elif operator == "*":
            for one, other in ((left, right), (right, left)):
                if isinstance(other, int) and isinstance(one, str | bytes | list | tuple):
                    _require_short(len(one) * other)
        elif operator == "%" and isinstance(left, str | bytes):
            _require_fitting("format", (left, right), {})
        return self.checked(super().call_binop(context, operator, left, right))

    def _load_template(self, *given: Any, **more: Any) -> Any:
        self.step()
        return super()._load_template(*given, **more)

    def _generate(self, source: nodes.Template, *given: Any, **more: Any) -> str:
        return super()._generate(Counted().visit(source), *given, **more)
