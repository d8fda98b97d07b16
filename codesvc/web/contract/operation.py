"""One call of the API, as it is published."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from codesvc.client.schema import Answer as Shape
    from codesvc.web.api.inputs import Input

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
EVENTS: Final = "text/event-stream"
HTML: Final = "text/html"
FORM: Final = "application/x-www-form-urlencoded"


class Access(Enum):
    """Who may call."""

    KEY = "a site key"
    ADMIN = "an admin key of the configuration"
    EVENT_KEY = "an event key of the account"
    PAGE = "whoever holds the page token of the path"
    SIGNATURE = "WeChat, by its signature"
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A member of the path or the query, or a request header.

    Attributes:
        name: as it is sent.
        place: `path`, `query` or `header`.
        description: what it is.
        schema: JSON schema of its value.
        example: a value.
        required: whether the call fails without it.
    """

    name: str
    place: str
    description: str
    schema: dict[str, Any]
    example: Any
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent.

    Attributes:
        shape: the type that validates it.
        examples: name to value; the first is shown as the call's example.
        media: content types.
        required: whether the call fails without one.
        narrowed: members of the schema that the type cannot say.
        narrowed_parts: the same of the types of members.
    """

    shape: type[Input]
    examples: dict[str, Any]
    media: tuple[str, ...] = (JSON,)
    required: bool = True
    narrowed: dict[str, Any] = field(default_factory=dict)
    narrowed_parts: dict[type[Input], dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success.

    Attributes:
        status: HTTP status.
        description: what it means.
        shape: the JSON's type, or the type of the data of each event; None where the body is something else.
        example: a value.
        media: content type; "" where there is no body.
        schema: for what is no JSON.
        headers: names of `codesvc.web.contract.headers`, besides those of every answer.
        links: calls that can follow: operation id to its parameters, or members of its body, as runtime
            expressions.
    """

    status: int
    description: str
    shape: type[Shape] | tuple[type[Shape], ...] | None = None
    example: Any = None
    media: str = JSON
    schema: dict[str, Any] | None = None
    headers: tuple[str, ...] = ()
    links: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A call.

    Attributes:
        method: in capitals.
        path: with `{name}` for members.
        id: unique, in lower camel case; names of generated clients come from it.
        tag: the group that it stands in.
        summary: a few words.
        description: what one must know to use it; Markdown.
        access: who may call.
        scope: which scope a site key needs.
        parameters: of path, query and headers, the common ones left out.
        body: what is sent.
        answers: every success.
        problems: every problem that is not common to all calls of its kind.
        retry: takes an Idempotency-Key.
        limited: says how much of its limits remains, also if they were not reached.
        people: a browser that asks for `text/html` gets problems as a page.
    """

    method: str
    path: str
    id: str
    tag: str
    summary: str
    description: str = ""
    access: Access = Access.KEY
    scope: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    answers: tuple[Answer, ...]
    problems: tuple[str, ...] = ()
    retry: bool = False
    limited: bool = False
    people: bool = False
