"""Makes the OpenAPI 3.1 document from the declared calls."""

from typing import Any, Final

from codesvc.client.schema import EVENT_SHAPES
from codesvc.web.contract import (
    administration,
    bindings,
    intents,
    messages,
    oidc_clients,
    pages,
    parameters,
    responses,
    schemas,
    service,
    verifications,
    webhooks,
    wechat,
)
from codesvc.web.contract.headers import HEADERS
from codesvc.web.contract.operation import Access, Operation, Parameter
from codesvc.web.problem_types import PROBLEMS

VERSION: Final = "1.30"
"""The version of the contract, not of the program. Every addition raises the second number; /v1 keeps the first."""

OPERATIONS: Final[tuple[Operation, ...]] = (
    *verifications.CALLS,
    *bindings.CALLS,
    *intents.CALLS,
    *messages.CALLS,
    *webhooks.CALLS,
    *pages.CALLS,
    *service.CALLS,
    *wechat.CALLS,
    *administration.CALLS,
    *oidc_clients.CALLS,
)

_TAGS: Final = {
    "Verifications": "One attempt to prove that a person controls a WeChat account.",
    "Proofs": "A signed, short-lived, single-use statement that a verification was approved.",
    "Bindings": "A user of your site and the WeChat account that belongs to that user.",
    "Tickets": "One-time links from the chat to your site.",
    "By scan": "Binding and logging in by scanning and confirming.",
    messages.TAG: "A code that you generated, delivered by WeChat or, failing that, by your own SMS or e-mail gateway.",
    "Webhooks": "Events sent to your server, and their delivery.",
    "Pages": "What a browser with a page token can do.",
    "Service": "Health, documentation, tests.",
    administration.TAG: "Sites, accounts and keys, set up while the service runs; with keys of its own.",
    "WeChat": "Called by WeChat, or by your own back end in its place.",
}
_ABOUT: Final = (
    "Proves that a person controls a WeChat account, so that a website can verify a sign-up or let a person reset a "
    "password. JSON over HTTPS; times are RFC 3339 in UTC. Unknown members of a request are refused; answers may grow "
    "members, so ignore what you do not know. Errors are RFC 9457 problem documents whose `type` leads to a page that "
    "explains it. Call from your server only: a site key never belongs in a browser."
)
_SECURITY: Final[dict[Access, str]] = {
    Access.KEY: "siteKey",
    Access.EVENT_KEY: "eventKey",
    Access.ADMIN: "adminKey",
}


def describe(public_url: str) -> dict[str, Any]:
    """The document of the service at `public_url`."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "codesvc", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": public_url}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": paths,
        "webhooks": webhooks.sent(),
        "components": {
            "schemas": dict(sorted(_schemas().items())),
            "headers": HEADERS,
            "examples": {name: {"value": schemas.example_of(problem)} for name, problem in PROBLEMS.items()},
            "securitySchemes": {
                "siteKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of the site, with the scopes that are named.",
                },
                "adminKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key under `[[admin.keys]]` of the configuration, with the scopes that are named.",
                },
                "eventKey": {"type": "http", "scheme": "bearer", "description": "One of the account's `event_keys`."},
            },
        },
    }


def _schemas() -> dict[str, Any]:
    bodies = {operation.body.shape: operation.body for operation in OPERATIONS if operation.body}
    asked = schemas.of_requests(bodies)
    for shape, body in bodies.items():
        for narrow, members in ((shape, body.narrowed), *body.narrowed_parts.items()):
            asked[narrow.__name__] |= members
    shapes = {shape for operation in OPERATIONS for answer in operation.answers for shape in responses.shapes(answer)}
    shapes.update(EVENT_SHAPES.values())
    return asked | schemas.of_answers(shapes) | schemas.of_problems()


def _operation(operation: Operation) -> dict[str, Any]:
    given = (*operation.parameters, *((parameters.IDEMPOTENCY_KEY,) if operation.retry else ()))
    document: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.description:
        document["description"] = operation.description
    if operation.access in _SECURITY:
        scopes = [operation.scope] if operation.scope else []
        document["security"] = [{_SECURITY[operation.access]: scopes}]
    if given:
        document["parameters"] = [_parameter(parameter) for parameter in given]
    if operation.body:
        content = {
            "schema": schemas.reference(operation.body.shape.__name__),
            "examples": {name: {"value": value} for name, value in operation.body.examples.items()},
        }
        document["requestBody"] = {
            "required": operation.body.required,
            "content": dict.fromkeys(operation.body.media, content),
        }
    document["responses"] = responses.of_operation(operation, {each.id: each for each in OPERATIONS})
    return document


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": parameter.schema,
        "example": parameter.example,
    }
