"""The calls for health, metrics, documentation and the test clock."""

from __future__ import annotations

from typing import Final

from codesvc.client import schema
from codesvc.web.api.inputs import ClockInput
from codesvc.web.contract.operation import HTML, Access, Answer, Body, Operation, Parameter
from codesvc.web.problem_types import PROBLEMS

_TEXT: Final = {"type": "string"}
_FRONT: Final = {"service": "codesvc", "reference": "/docs", "contract": "/openapi.json"}

HEALTH: Final = Operation(
    method="GET",
    path="/healthz",
    id="getHealth",
    tag="Service",
    summary="Does the process run?",
    access=Access.ANYBODY,
    answers=(Answer(status=200, description="It does.", shape=schema.Health, example={"status": "ok"}),),
)
READINESS: Final = Operation(
    method="GET",
    path="/readyz",
    id="getReadiness",
    tag="Service",
    summary="Can the process do its work?",
    access=Access.ANYBODY,
    answers=(
        Answer(
            status=200,
            description="The store answers.",
            shape=schema.Readiness,
            example={"status": "ready", "store": "ok"},
        ),
        Answer(
            status=503,
            description="The store does not answer.",
            shape=schema.Readiness,
            example={"status": "unavailable", "store": "no answer"},
        ),
    ),
)
METRICS: Final = Operation(
    method="GET",
    path="/metrics",
    id="getMetrics",
    tag="Service",
    summary="Numbers for Prometheus",
    description="For operators: by `admin.listen`, with the only site's key of scope `admin`, or with an admin key of "
    "scope `read`.",
    access=Access.ANYBODY,
    answers=(Answer(status=200, description="The numbers.", media="text/plain", schema=_TEXT),),
    problems=("unauthenticated", "forbidden", "unavailable"),
)
DOCUMENT: Final = Operation(
    method="GET",
    path="/openapi.json",
    id="getContract",
    tag="Service",
    summary="This document",
    access=Access.ANYBODY,
    answers=(Answer(status=200, description="OpenAPI 3.1.", schema={"type": "object"}),),
)
REFERENCE: Final = Operation(
    method="GET",
    path="/docs",
    id="readReference",
    tag="Service",
    summary="This document, to read",
    access=Access.ANYBODY,
    answers=(Answer(status=200, description="A page.", media=HTML, schema=_TEXT),),
)
FRONT: Final = Operation(
    method="GET",
    path="/",
    id="readFront",
    tag="Service",
    summary="What this service is",
    description="A small page where `Accept` names `text/html`.",
    access=Access.ANYBODY,
    answers=(Answer(status=200, description="Where the reference stands.", shape=schema.Front, example=_FRONT),),
)
EXPLANATION: Final = Operation(
    method="GET",
    path="/problems/{name}",
    id="explainProblem",
    tag="Service",
    summary="What a problem type means and what to do",
    access=Access.ANYBODY,
    parameters=(
        Parameter(
            name="name",
            place="path",
            description="The last part of a problem's `type`.",
            schema={"type": "string", "enum": sorted(PROBLEMS)},
            example="wrong-code",
        ),
    ),
    answers=(Answer(status=200, description="A page.", media=HTML, schema=_TEXT),),
    problems=("not-found",),
)
CLOCK: Final = Operation(
    method="POST",
    path="/test/clock",
    id="moveClock",
    tag="Service",
    summary="Move the service's time ahead (test mode only)",
    description="Never back. In live mode the address does not exist.",
    access=Access.ANYBODY,
    body=Body(shape=ClockInput, examples={"minute": {"advance": 60}}),
    answers=(
        Answer(
            status=200,
            description="The time now.",
            shape=schema.Clock,
            example={"offset": 60.0, "now": "2026-11-22T09:31:16.810Z"},
        ),
    ),
    problems=("not-found", "unavailable"),
)
CALLS: Final = (HEALTH, READINESS, METRICS, DOCUMENT, REFERENCE, FRONT, EXPLANATION, CLOCK)
