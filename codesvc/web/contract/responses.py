"""The answers of a call by status: successes and problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from codesvc.web.contract import schemas
from codesvc.web.contract.headers import OF_LIMITED, OF_PROBLEM, OF_STATUS
from codesvc.web.contract.operation import EVENTS, HTML, PROBLEM, Access, Answer, Operation
from codesvc.web.problem_types import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codesvc.client.schema import Answer as Shape

_OF_ACCESS: Final = {
    Access.KEY: ("unauthenticated", "forbidden", "too-many-calls", "unavailable"),
    Access.ADMIN: ("unauthenticated", "forbidden", "unavailable"),
    Access.EVENT_KEY: ("unauthenticated", "unavailable"),
    Access.PAGE: ("unavailable",),
    Access.SIGNATURE: ("unavailable",),
    Access.ANYBODY: (),
}
_OF_BODY: Final = ("malformed", "invalid", "slow-request", "too-large", "compressed")


def shapes(answer: Answer) -> tuple[type[Shape], ...]:
    """The possible types of an answer."""
    if answer.shape is None:
        return ()
    return answer.shape if isinstance(answer.shape, tuple) else (answer.shape,)


def problems_of(operation: Operation) -> list[str]:
    """The names of all problems that a call may answer, in the order of the table of problem types."""
    names = {*operation.problems, *_OF_ACCESS[operation.access], "internal"}
    if operation.body:
        names.update(_OF_BODY)
    if any(parameter.name == "user" for parameter in operation.parameters):
        names.add("invalid")
    return [name for name in PROBLEMS if name in names]


def of_operation(operation: Operation, calls: Mapping[str, Operation]) -> dict[str, Any]:
    """The `responses` of a call."""
    responses: dict[str, Any] = {}
    for answer in operation.answers:
        headers = (*answer.headers, *(OF_LIMITED if operation.limited else ()))
        response = responses.setdefault(str(answer.status), _empty(answer.description, headers, answer.status))
        if answer.media:
            response.setdefault("content", {})[answer.media] = _content(answer)
        for target, given in answer.links.items():
            response.setdefault("links", {})[target] = _link(calls[target], given)
    by_status: dict[int, list[str]] = {}
    for name in problems_of(operation):
        by_status.setdefault(PROBLEMS[name].status, []).append(name)
    for status, names in by_status.items():
        made = _problems(status, names, operation)
        known = responses.get(str(status))
        responses[str(status)] = known | {"content": known["content"] | made["content"]} if known else made
    return dict(sorted(responses.items()))


def _empty(description: str, names: Iterable[str], status: int) -> dict[str, Any]:
    every = ("X-Request-Id", *OF_STATUS.get(status, ()), *names)
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in every},
    }


def _content(answer: Answer) -> dict[str, Any]:
    named = [schemas.reference(shape.__name__) for shape in shapes(answer)]
    if answer.media == EVENTS:
        schema: dict[str, Any] = _event(named)
    elif named:
        schema = _any_of(named)
    else:
        schema = answer.schema or {}
    return {"schema": schema} | ({"example": answer.example} if answer.example is not None else {})


def _any_of(named: list[dict[str, Any]]) -> dict[str, Any]:
    return named[0] if len(named) == 1 else {"anyOf": named}


def _event(named: list[dict[str, Any]]) -> dict[str, Any]:
    """The schema of one event of a stream, with the fields that a client parses."""
    return {
        "type": "object",
        "description": "One event of the stream; `data` is JSON.",
        "properties": {
            "event": {"const": "change"},
            "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": _any_of(named)},
        },
        "required": ["event", "data"],
    }


def _link(target: Operation, given: Mapping[str, str]) -> dict[str, Any]:
    placed = {parameter.name: f"{parameter.place}.{parameter.name}" for parameter in target.parameters}
    own = {placed[name]: value for name, value in given.items() if name in placed}
    sent = {name: value for name, value in given.items() if name not in placed}
    return {"operationId": target.id} | ({"parameters": own} if own else {}) | ({"requestBody": sent} if sent else {})


def _problems(status: int, names: list[str], operation: Operation) -> dict[str, Any]:
    # A wrong code counts in the limits, so its answer has their headers, as a success has. No other problem counts.
    counted = OF_LIMITED if operation.limited and "wrong-code" in names else ()
    more = counted + tuple(dict.fromkeys(name for problem in names for name in OF_PROBLEM.get(problem, ())))
    titles = "; ".join(f"`{name}`: {PROBLEMS[name].title}" for name in names)
    response = _empty(titles, more, status)
    named = [schemas.reference(schemas.problem_name(name)) for name in names]
    response["content"] = {
        PROBLEM: {
            "schema": named[0] if len(named) == 1 else {"oneOf": named},
            "examples": {name: {"$ref": f"#/components/examples/{name}"} for name in names},
        }
    }
    if operation.people:
        response["content"][HTML] = {"schema": {"type": "string"}}
    return response
