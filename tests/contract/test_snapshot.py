"""A published member that goes, changes or asks for more is noticed here, before a customer notices."""

from __future__ import annotations

import copy

import pytest

from codesvc.web.contract import describe
from tests.contract.snapshot import adds, breaks, facts, kept, published

HOW = (
    "The published contract has changed. If that is meant: raise VERSION in codesvc/web/contract/document.py, run "
    "`python -m tests.contract.snapshot`, and note it in CHANGELOG.md; docs/en/versioning.md says what may change."
)


def test_what_is_published_is_what_was():
    old, new = kept(), published()
    assert breaks(old, new) == [], HOW
    assert adds(old, new) == [], HOW
    assert old == new, HOW


def without(document, *path):
    *parents, last = path
    for part in parents:
        document = document[part]
    if isinstance(document, list):
        document.remove(last)
    else:
        del document[last]


CHANGES = {
    "a call goes": lambda d: without(d, "paths", "/v1/verifications/{id}/cancel", "post"),
    "a member of an answer goes": lambda d: without(d, "components", "schemas", "Verification", "properties", "word"),
    "a member of an answer may be missing": lambda d: without(
        d, "components", "schemas", "Verification", "required", "status"
    ),
    "an answer's type changes": lambda d: d["components"]["schemas"]["Verification"]["properties"]["id"].update(
        type="integer"
    ),
    "a request must have more": lambda d: d["components"]["schemas"]["StartInput"]["required"].append("locale"),
    "a request may have less": lambda d: without(d, "components", "schemas", "StartInput", "properties", "vouched"),
    "a request is held shorter": lambda d: d["components"]["schemas"]["StartInput"]["properties"]["user"].update(
        maxLength=64
    ),
    "a word goes": lambda d: without(
        d, "components", "schemas", "Verification", "properties", "status", "enum", "superseded"
    ),
    "a word of several types goes": lambda d: without(
        next(
            choice
            for choice in d["components"]["schemas"]["VerificationNews"]["properties"]["basis"]["anyOf"]
            if "enum" in choice
        ),
        "enum",
        "bound",
    ),
    "a status goes": lambda d: without(d, "paths", "/v1/verifications", "post", "responses", "429"),
    "a header goes": lambda d: without(
        d, "paths", "/v1/verifications", "post", "responses", "429", "headers", "RateLimit"
    ),
    "another scope is wanted": lambda d: d["paths"]["/v1/verifications"]["post"].update(
        security=[{"siteKey": ["admin"]}]
    ),
    "a parameter becomes required": lambda d: d["paths"]["/v1/verifications"]["post"]["parameters"][0].update(
        required=True
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_would_break_clients_is_called_so(change):
    document = describe("https://code.example.com")
    document["components"]["schemas"]["Verification"]["properties"]["word"] = {"type": "string"}
    before = dict(facts(document))
    changed = copy.deepcopy(document)
    change(changed)
    assert breaks(before, dict(facts(changed)))


def test_what_only_adds_does_not():
    document = describe("https://code.example.com")
    before = dict(facts(document))
    document["components"]["schemas"]["Verification"]["properties"]["more"] = {"type": "string"}
    document["components"]["schemas"]["StartInput"]["properties"]["more"] = {"type": "string"}
    document["components"]["schemas"]["Verification"]["description"] = "Otherwise said."
    without(document, "components", "schemas", "StartInput", "properties", "user", "maxLength")
    basis = document["components"]["schemas"]["VerificationNews"]["properties"]["basis"]["anyOf"]
    next(choice for choice in basis if "enum" in choice)["enum"].append("more")
    limited = document["paths"]["/v1/logins/{id}"]["get"]["responses"]["429"]["content"]["application/problem+json"]
    limited["schema"] = {"oneOf": [limited["schema"], {"$ref": "#/components/schemas/MoreProblem"}]}
    document["paths"]["/v1/more"] = {"get": {"responses": {"200": {"description": "ok"}}}}
    assert breaks(before, dict(facts(document))) == []
    assert len(adds(before, dict(facts(document)))) == 5
