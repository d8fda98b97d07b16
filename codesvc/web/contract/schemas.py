"""JSON schemas of requests, answers and problems, made from their Python types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.client.schema import PROBLEM_SHAPES, Answer, Fault, ProblemDocument
from codesvc.web.problem_types import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.web.api.inputs import Input
    from codesvc.web.problem_types import ProblemType

REFERENCE: Final = "#/components/schemas/{name}"


def reference(name: str) -> dict[str, Any]:
    """A reference to a schema of the document."""
    return {"$ref": REFERENCE.format(name=name)}


def problem_name(name: str) -> str:
    """The name of a problem's schema: `WrongCodeProblem` for `wrong-code`."""
    return "".join(part.capitalize() for part in name.split("-")) + "Problem"


def of_requests(shapes: Iterable[type[Input]]) -> dict[str, Any]:
    """The schemas of request bodies; they allow exactly what the validating types accept."""
    return _components(shapes)


def of_answers(shapes: Iterable[type[Answer]]) -> dict[str, Any]:
    """The schemas of answers. In these types a default only means that the member may be absent."""
    components = _components(shapes)
    for schema in components.values():
        for member in schema["properties"].values():
            member.pop("default", None)
    return components


def of_problems() -> dict[str, Any]:
    """One schema for each problem type; `type`, `status` and `title` distinguish them."""
    made = {problem_name(problem.name): _of_problem(problem) for problem in PROBLEMS.values()}
    return of_answers([Fault]) | made


def _of_problem(problem: ProblemType) -> dict[str, Any]:
    shape = PROBLEM_SHAPES.get(problem.name, ProblemDocument)
    schema: dict[str, Any] = of_answers([shape])[shape.__name__]
    members = schema["properties"]
    members["type"] |= {"pattern": f"/problems/{problem.name}$"}
    members["status"] |= {"const": problem.status}
    members["title"] |= {"const": problem.title}
    return schema | {"title": problem.name, "description": f"{problem.meaning}\n\n{problem.remedy}"}


def _components(shapes: Iterable[type[msgspec.Struct]]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components(shapes, ref_template=REFERENCE)
    for schema in components.values():
        schema.setdefault("properties", {})
    return dict(components)


def example_of(problem: ProblemType) -> dict[str, Any]:
    """An example of a problem document."""
    shape = PROBLEM_SHAPES.get(problem.name, ProblemDocument)
    document = {
        "type": f"https://code.example.com/problems/{problem.name}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.meaning,
        "request_id": "ba8ce95b629b5c12",
    }
    members = of_answers([shape])[shape.__name__]["properties"]
    if "errors" in members:
        fault = of_answers([Fault])["Fault"]["properties"]
        document["errors"] = [{name: member["examples"][0] for name, member in fault.items()}]
    more = {name: member["examples"][0] for name, member in members.items() if name not in document}
    return document | more
