"""The document is sound in itself, and it is the routes'."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest
from aiohttp.test_utils import make_mocked_request

from codesvc.client import schema as client_schema
from codesvc.domain import intent, verification
from codesvc.domain.channels import Channel
from codesvc.web.contract import OPERATIONS
from codesvc.web.problem_types import PROBLEMS

NOT_PUBLISHED = {
    "GET /favicon.svg": "a picture in the browser's tab",
    "GET /widget.js": "a script for a customer's page; docs/en/widget.md explains it",
    "GET /widget.d.ts": "its types",
    "GET /widget/{language}.json": "its words",
    "GET /logos/{site}/{tag}": "a picture, whose address stands in a page's state",
    "GET /docs/{section}": "a part of GET /docs, to read",
    "GET /t/{token}": "a link that a person opens in the chat; nobody calls it",
    "POST /t/{token}": "the form of that page",
    "GET /t/{token}/go": "where a site sends the browser, not a call; docs/en/api.md explains it",
    "GET /wechat/{account}/ask/{token}": "a page in WeChat's own browser",
    "POST /wechat/{account}/ask/{token}": "the form of that page",
    "GET /wechat/{account}/message/{token}": "the page behind a message, for the WeChat that received it",
    "POST /wechat/{account}/message/{token}": "the form of that page",
    **{
        f"{method} /inbound/{{adapter}}/{{site}}{path}": "identity systems call it, each in its own form; "
        "docs/en/relay.md"
        for method in ("GET", "POST")
        for path in ("", "/{word}")
    },
    "POST /inbound/{adapter}/{site}/2010-04-01/Accounts/{account}/Messages.json": "the same in Twilio's form",
    "GET /wechat/{account}/oauth": "where WeChat sends a browser back",
    **{
        f"{method} /oidc/{{site}}/{path}": "OpenID Connect, whose own discovery document describes it"
        for method, path in (
            ("GET", ".well-known/openid-configuration"),
            ("GET", ".well-known/oauth-authorization-server"),
            ("GET", "jwks.json"),
            ("GET", "authorize"),
            ("POST", "authorize"),
            ("GET", "return/{token}"),
            ("POST", "return/{token}"),
            ("GET", "logout"),
            ("POST", "logout"),
            *((method, path) for path in ("token", "revoke", "userinfo") for method in ("OPTIONS", "POST")),
            *(("OPTIONS", path) for path in (".well-known/openid-configuration", "jwks.json")),
            ("OPTIONS", ".well-known/oauth-authorization-server"),
            ("GET", "userinfo"),
        )
    },
    "GET /api/wechat/user": "wechat-server's protocol, which the panels know; docs/en/wechat-server.md describes it",
    "GET /api/wechat/access_token": "the same",
    "GET /.well-known/{kind}/{path}{site}": "OpenID Connect's discovery, where RFC 8414 puts it",
    "OPTIONS /.well-known/{kind}/{path}{site}": "its CORS preflight",
}
"""Routes for a person's browser, or whose form is not ours, and why they are not in the document."""


def examples_of(operation):
    """A real path of a call: every member filled with its example."""
    path = operation["path"]
    for parameter in operation["operation"].get("parameters", []):
        path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    return path


async def test_document_and_routes_are_the_same_set(world, published):
    routes = {}
    for route in world.app.router.routes():
        if route.method != "HEAD":
            routes[route] = f"{route.method} {route.resource.canonical}"
    met = set()
    for method, path, operation in published.operations():
        filled = examples_of({"path": path, "operation": operation})
        assert "{" not in filled, f"{path} has a member without a parameter"
        found = await world.app.router.resolve(make_mocked_request(method, filled))
        assert found.http_exception is None, f"{method} {path} has no route"
        met.add(found.route)
        shape = re.sub(r"\{\w+\}", "{}", path.replace("qr.{kind}", "qr.{}"))
        assert shape == re.sub(r"\{\w+\}", "{}", found.route.resource.canonical), f"{path} is met by another route"
    missing = {name for route, name in routes.items() if route not in met} - NOT_PUBLISHED.keys()
    # A bind intent's or login's page is met by a token of its own form; the document tells of both as one.
    alike = {f"{route.method} {route.resource.canonical}" for route in met}
    assert missing - alike == set()
    assert NOT_PUBLISHED.keys() <= set(routes.values())


async def test_it_is_served_as_it_is_described(world, published):
    served = await world.call("GET", "/openapi.json", key=None)
    published.hold("GET", "/openapi.json", served)
    assert served.json == published.document | {"servers": [{"url": world.service}]}


def test_every_schema_is_a_json_schema(published):
    for schema in published.document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_every_reference_leads_somewhere(published):
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                target = published.document
                for part in node["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(published.document)


def test_every_example_is_what_it_is_an_example_of(published):
    closed = published.closed()
    for method, path, operation in published.operations():
        for parameter in operation.get("parameters", []):
            assert closed.faults(parameter["schema"], parameter["example"]) == [], (method, path, parameter["name"])
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for name, example in content["examples"].items():
                assert closed.faults(content["schema"], example["value"]) == [], (method, path, name)
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                if "example" in content:
                    assert closed.faults(content["schema"], content["example"]) == [], (method, path, status)
                for name in content.get("examples", {}):
                    example = closed.document["components"]["examples"][name]
                    assert closed.faults(content["schema"], example["value"]) == [], (method, path, status, name)


def test_every_call_says_enough(published):
    ids = [operation["operationId"] for *_, operation in published.operations()]
    assert len(ids) == len(set(ids))
    for method, path, operation in published.operations():
        assert operation["summary"], (method, path)
        if path.startswith("/v1/"):
            assert operation["security"], (method, path)
        described = operation["responses"]
        assert "500" in described, (method, path)
        for status, response in described.items():
            assert "X-Request-Id" in response["headers"]
            if status in {"429", "503"}:
                assert "Retry-After" in response["headers"]
        if operation.get("requestBody"):
            assert {"400", "413"} <= described.keys(), (method, path)
        for status, response in described.items():
            for media, content in response.get("content", {}).items():
                if media == "application/json" and path != "/openapi.json":
                    assert "example" in content, (method, path, status)


def test_every_problem_can_happen_somewhere_and_has_an_example(published):
    told = {
        name
        for *_, operation in published.operations()
        for response in operation["responses"].values()
        for name in response.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }
    assert told | {"method-not-allowed"} == PROBLEMS.keys()
    assert published.document["components"]["examples"].keys() == PROBLEMS.keys()
    assert PROBLEMS.keys() >= client_schema.PROBLEM_SHAPES.keys()


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (client_schema.STATUSES, verification.Status),
        (client_schema.CHANNELS, Channel),
        (client_schema.BASES, verification.Basis),
        (set(client_schema.DELIVERY_STATUSES) - {"pending"}, verification.DeliveryStatus),
        (client_schema.INTENT_STATUSES, intent.BIND_MOVES),
        (client_schema.LOGIN_STATUSES, intent.LOGIN_MOVES),
    ],
)
def test_published_words_are_those_there_are(words, kinds):
    assert set(words) == {str(kind) for kind in kinds}


def test_a_description_is_of_one_member_only(published):
    """A text that was reworded for one member said of another, `disabled_at`, when a binding was made."""
    general = {"its name", "`bi_…`", "when it was approved"}
    members: dict[str, set[str]] = {}
    for schema in published.document["components"]["schemas"].values():
        for member, its in schema.get("properties", {}).items():
            if text := its.get("description") or (its.get("anyOf") or [{}])[0].get("description"):
                members.setdefault(text, set()).add(member)
    shared = {text: names for text, names in members.items() if len(names) > 1 and not text.startswith("must be ")}
    assert shared.keys() == general


def test_links_lead_to_calls_with_their_members(published):
    calls = {operation["operationId"]: operation for *_, operation in published.operations()}
    count = 0
    for operation in calls.values():
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                target = calls[link["operationId"]]
                known = {f"{p['in']}.{p['name']}" for p in target.get("parameters", [])}
                assert link.get("parameters", {}).keys() <= known
                count += 1
    assert count > 20
    assert len(calls) == len(OPERATIONS)


def test_what_a_request_means_without_a_member_may_also_be_said(published):
    """A default that its own schema refuses misleads generated clients, which send it."""
    wrong = [
        f"{name}.{member}"
        for name, schema in published.document["components"]["schemas"].items()
        for member, its in schema.get("properties", {}).items()
        if "default" in its and published.faults(its, its["default"])
    ]
    assert wrong == []
