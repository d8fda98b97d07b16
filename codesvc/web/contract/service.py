"""The calls for health, metrics, documentation and the test clock."""

from functools import partial
from typing import Final

from codesvc.client import schema
from codesvc.web.api.inputs import ClockInput
from codesvc.web.contract.operation import HTML, Access, Answer, Body, Operation, in_path
from codesvc.web.problem_types import PROBLEMS

_TEXT: Final = {"type": "string"}
_FRONT: Final = {"service": "codesvc", "reference": "/docs", "contract": "/openapi.json"}

_call = partial(Operation, tag="Service", access=Access.ANYBODY)
HEALTH: Final = _call(
    method="GET",
    path="/healthz",
    id="getHealth",
    summary="Is the process running?",
    answers=(Answer(description="It is.", shape=schema.Health, example={"status": "ok"}),),
)
READINESS: Final = _call(
    method="GET",
    path="/readyz",
    id="getReadiness",
    summary="Is the process ready to serve?",
    answers=(
        Answer(description="The store answers.", shape=schema.Readiness, example={"status": "ready", "store": "ok"}),
        Answer(
            status=503,
            description="The store does not answer.",
            shape=schema.Readiness,
            example={"status": "unavailable", "store": "no answer"},
        ),
    ),
)
METRICS: Final = _call(
    method="GET",
    path="/metrics",
    id="getMetrics",
    summary="Metrics for Prometheus",
    description="For operators: through `admin.listen`, with a key with the scope `admin` of the only site, or with "
    "an admin key with the scope `read`.",
    answers=(Answer(description="The metrics.", media="text/plain", schema=_TEXT),),
    problems=("unauthenticated", "forbidden", "unavailable"),
)
DOCUMENT: Final = _call(
    method="GET",
    path="/openapi.json",
    id="getContract",
    summary="This document",
    answers=(Answer(description="OpenAPI 3.1.", schema={"type": "object"}),),
)
REFERENCE: Final = _call(
    method="GET",
    path="/docs",
    id="readReference",
    summary="This document as a page",
    answers=(Answer(description="A page.", media=HTML, schema=_TEXT),),
)
FRONT: Final = _call(
    method="GET",
    path="/",
    id="readFront",
    summary="What this service is",
    description="A short page if `Accept` includes `text/html`.",
    answers=(Answer(description="Where to find the reference.", shape=schema.Front, example=_FRONT),),
)
EXPLANATION: Final = _call(
    method="GET",
    path="/problems/{name}",
    id="explainProblem",
    summary="What a problem type means, and what to do",
    parameters=(
        in_path(
            "name", "The last part of a problem's `type`.", "wrong-code", {"type": "string", "enum": sorted(PROBLEMS)}
        ),
    ),
    answers=(Answer(description="A page.", media=HTML, schema=_TEXT),),
    problems=("not-found",),
)
CLOCK: Final = _call(
    method="POST",
    path="/test/clock",
    id="moveClock",
    summary="Move the service's clock forward (test mode only)",
    description="It cannot be moved back. In live mode this address does not exist.",
    body=Body(shape=ClockInput, examples={"minute": {"advance": 60}}),
    answers=(
        Answer(
            description="The current time.",
            shape=schema.Clock,
            example={"offset": 60.0, "now": "2026-11-22T09:31:16.810Z"},
        ),
    ),
    problems=("not-found", "unavailable"),
)
CALLS: Final = (HEALTH, READINESS, METRICS, DOCUMENT, REFERENCE, FRONT, EXPLANATION, CLOCK)
