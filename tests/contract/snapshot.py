"""What is published, as a flat list of facts: `python -m tests.contract.snapshot` writes it, if nothing broke.

Descriptions and examples are no part of the contract; everything else of the document is. A fact is a path into the
document and a value. Facts that go or change break a client; new ones do not, except a new condition on requests.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from codesvc.web.contract import describe

PATH = Path(__file__).with_name("contract.json")
PROSE = {"description", "summary", "title", "example", "examples", "tags", "servers"}
SETS = {"required", "enum", "security", "oneOf", "anyOf"}


def facts(node, path="", *, names=False):
    """Each fact below `node`; `names` where the keys are names that somebody chose, so that none is prose."""
    if isinstance(node, dict):
        for key, value in node.items():
            if names or key not in PROSE:
                inner = not names and key in {"properties", "schemas", "paths", "responses", "content", "headers"}
                yield from facts(value, f"{path}/{key}", names=inner)
    elif isinstance(node, list):
        at = path.rpartition("/")[2]
        for number, value in enumerate(node):
            if at in SETS:
                yield f"{path}/{json.dumps(without_prose(value), sort_keys=True, ensure_ascii=False)}", True
            elif isinstance(value, dict) and "name" in value:
                yield from facts(value, f"{path}/{value['in']}.{value['name']}")
            else:
                yield from facts(value, f"{path}/{number}")
    else:
        yield path, node


def without_prose(value, *, names=False):
    """A value without descriptions and examples at any depth; `names` as in `facts`."""
    if isinstance(value, list):
        return [without_prose(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: without_prose(inner, names=not names and key in {"properties", "schemas", "headers"})
        for key, inner in value.items()
        if names or key not in PROSE
    }


def published():
    """The facts of the document as it is now."""
    document = describe("https://code.example.com")
    del document["components"]["examples"]
    return dict(sorted(facts(document)))


def kept():
    """The facts that were published last."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def asks_more(fact):
    """Whether a new fact refuses requests that were taken before."""
    inputs = "/components/schemas/" in fact and fact.split("/")[3].endswith("Input")
    bounds = ("/required/", "/pattern", "/maxLength", "/minLength", "/additionalProperties")
    return (inputs and any(bound in fact for bound in bounds)) or fact.endswith("/requestBody/required")


def asks_less(fact, before, after=math.inf):
    """Whether a request may be longer than before; without a bound, as long as any."""
    of_input = fact.startswith("/components/schemas/") and fact.split("/")[3].endswith("Input")
    return of_input and fact.endswith("/maxLength") and after > before


def has_grown(fact, new):
    """Whether a choice between types, one of them a list of words, is there with more words."""
    place, found, choice = fact.partition("/anyOf/")
    before = json.loads(choice) if found else {}
    others = (json.loads(other[len(place + found) :]) for other in new if other.startswith(place + found))
    return "enum" in before and any(
        set(before["enum"]) <= set(other.get("enum", ())) and bare(before) == bare(other) for other in others
    )


def has_company(fact, problem, new):
    """Whether the only problem of a status has become one of several: docs/en/versioning.md allows new ones."""
    of_problem = fact.endswith("/application/problem+json/schema/$ref")
    return of_problem and f"{fact.removesuffix('/$ref')}/oneOf/{json.dumps({'$ref': problem})}" in new


def bare(choice):
    """A choice without its words and prose."""
    return {name: value for name, value in choice.items() if name not in PROSE | {"enum"}}


def breaks(old, new):
    """Facts by which a client that worked would stop to."""
    grown = [
        fact
        for fact, was in old.items()
        if fact not in new and (asks_less(fact, was) or has_grown(fact, new) or has_company(fact, was, new))
    ]
    gone = [f"gone: {fact}" for fact in old if fact not in new and fact not in grown]
    changed = [
        f"changed: {fact}: {old[fact]!r} -> {new[fact]!r}"
        for fact in old
        if fact in new
        and new[fact] != old[fact]
        and fact != "/info/version"
        and not asks_less(fact, old[fact], new[fact])
    ]
    whole = {fact.rpartition("/required/")[0] for fact in old} | {
        fact.split("/")[3] for fact in old if fact[:12] == "/components/"
    }
    more = [f"asks more: {f}" for f in new if f not in old and asks_more(f) and f.split("/")[3] in whole]
    return gone + changed + more


def adds(old, new):
    """Facts that are new."""
    return [fact for fact in new if fact not in old]


if __name__ == "__main__":
    now, before = published(), kept() if PATH.exists() else {}
    if "--break" not in sys.argv:
        if broken := breaks(before, now):
            sys.exit("\n".join([*broken, "These break clients: docs/en/versioning.md says what to do instead."]))
        if before and adds(before, now) and before["/info/version"] == now["/info/version"]:
            sys.exit("Something was added: raise the second number of VERSION in codesvc/web/contract/document.py.")
    PATH.write_text(json.dumps(now, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
