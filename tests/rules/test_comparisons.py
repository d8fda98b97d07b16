"""What depends on a secret is compared in constant time: held by reading the source; no clock could show it."""

import ast
import re
from pathlib import Path

import pytest

import codesvc

ROOT = Path(codesvc.__file__).parent
# The sandbox plays the other side, with secrets of its own making; the doctor reads what its operator already knows.
NOT_SERVED = {"sandbox", "doctor", "demo"}
SECRETS = re.compile(r"signature|digest|hmac|mac$|secret|csrf|cookie|proven|fingerprint|typed|password|seal|browser_of")
HARMLESS = {
    ("config/cross_checks.py", "digest"): "hashes of one configuration file among themselves",
    (
        "web/event_streams/connections.py",
        "digest",
    ): "what a stream has said against what it would say now, to the same reader",
    (
        "domain/signed_tokens.py",
        "signature",
    ): "a decoded signature against its own encoding: only the canonical form is taken",
}


def names_in(node):
    """The last part of each name on one side of a comparison."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def suspicious(source):
    """Each `==` or `!=` between things of which one is named like something that depends on a secret."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Constant) for side in sides):
                continue
            plain = [side for side in sides if not (isinstance(side, ast.Call) and ast.unparse(side.func) == "len")]
            yield from (name for side in plain for name in names_in(side) if SECRETS.search(name))


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_secrets_are_compared_by_compare_digest(path):
    place = path.relative_to(ROOT).as_posix()
    if place.partition("/")[0] not in NOT_SERVED:
        assert [name for name in suspicious(path.read_text()) if (place, name) not in HARMLESS] == []


@pytest.mark.parametrize(
    "source", ["if signature == expected: pass", "ok = ticket.proven != browser_of(cookie)", "a == typed.strip()"]
)
def test_the_search_finds_one(source):
    assert list(suspicious(source))
