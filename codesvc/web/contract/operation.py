"""The declaration of one API call. The OpenAPI document is made from all declarations."""

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
    """The credentials that a call needs."""

    KEY = "a site key"
    ADMIN = "an admin key of the configuration"
    EVENT_KEY = "an event key of the account"
    PAGE = "whoever holds the page token of the path"
    SIGNATURE = "WeChat, by its signature"
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter in the path, in the query or in a request header.

    Attributes:
        place: `path`, `query` or `header`.
        schema: JSON schema of its value.
        required: whether the call fails without it.
    """

    name: str
    place: str
    description: str
    schema: dict[str, Any]
    example: Any
    required: bool = True


_TEXT: Final = {"type": "string"}


def in_path(name: str, description: str, example: Any, schema: dict[str, Any] = _TEXT) -> Parameter:
    """A parameter in the path; a text, if no other schema is given."""
    return Parameter(name=name, place="path", description=description, schema=schema, example=example)


def in_query(name: str, description: str, example: Any, schema: dict[str, Any] = _TEXT) -> Parameter:
    """An optional parameter in the query; a text, if no other schema is given."""
    return Parameter(name=name, place="query", description=description, schema=schema, example=example, required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The request body of a call.

    Attributes:
        shape: the type that validates it.
        examples: example bodies by name; the first is shown as the call's example.
        media: the accepted content types.
        required: whether the call fails without a body.
        narrowed: JSON Schema members that are added to the schema of `shape`: rules that the type cannot express.
        narrowed_parts: JSON Schema members that are added to the types of nested members, by type.
    """

    shape: type[Input]
    examples: dict[str, Any]
    media: tuple[str, ...] = (JSON,)
    required: bool = True
    narrowed: dict[str, Any] = field(default_factory=dict)
    narrowed_parts: dict[type[Input], dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One successful answer of a call.

    Attributes:
        description: what the answer means. Of several answers with one status, the first one's is published.
        shape: the type of the JSON body, or of the data of each event; several: one of them; None: no JSON.
        media: content type; "" if there is no body.
        schema: the JSON Schema of a body that is not JSON.
        headers: names from `codesvc.web.contract.headers`, in addition to the headers of every answer.
        links: calls that can follow: the operation id, with the values for its parameters or for members of its body
            as OpenAPI runtime expressions.
    """

    status: int = 200
    description: str
    shape: type[Shape] | tuple[type[Shape], ...] | None = None
    example: Any = None
    media: str = JSON
    schema: dict[str, Any] | None = None
    headers: tuple[str, ...] = ()
    links: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of the API.

    Attributes:
        method: the HTTP method in capitals.
        path: the path, with `{name}` for parameters.
        id: the operation id: unique, in lower camel case. Generated clients name their methods after it.
        tag: the group of calls in which it is listed.
        summary: the title of the call.
        description: what a caller must know; Markdown.
        scope: the scope that a site key or an admin key needs, "" for none.
        parameters: parameters of path, query and headers, except Idempotency-Key (see `retry`).
        body: the request body, None for none.
        problems: the problem types of this call. Those that follow from `access` and `body` are added.
        retry: whether it accepts an Idempotency-Key.
        limited: whether every successful answer has the headers RateLimit and RateLimit-Policy.
        people: whether a browser gets problems as an HTML page.
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
