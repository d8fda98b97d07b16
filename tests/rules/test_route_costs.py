"""The table of what a request without a key costs is complete: each route of the service, and no other, is in it."""

import re
from pathlib import Path

import pytest

from bench import dear_requests as dear
from codesvc.app import create_app
from codesvc.config import parse
from tests.oidc.parties import provider
from tests.service.test_admin import ADMIN
from tests.world import document

PAGE = (Path(__file__).parents[2] / "docs" / "decisions" / "threat-model.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([A-Z]+ /[^`]*)` \|", re.MULTILINE)
REST = re.compile(r"^\| the other (\d+) routes \|", re.MULTILINE)


def pattern_of(resource):
    """The pattern with its expressions, which tells apart what one place takes for two routes."""
    return getattr(resource, "_orig_path", resource.canonical)


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    """Method and pattern of each route, from the service's own table."""
    full = document("http://127.0.0.1:1", "http://127.0.0.1:2", admin=ADMIN, **provider())
    app = create_app(parse(full, env={}, directory=tmp_path_factory.mktemp("routes")), "redis://127.0.0.1:1")
    return [
        (each.method, pattern_of(resource))
        for resource in app.router.resources()
        for each in resource
        if each.method not in {"HEAD", "*"}
    ]


def shown(route):
    return " ".join(route).replace("|", " or ")


def test_every_route_is_weighed(routes):
    """`bench.refusals` takes its requests from here: none for a route would be none that is weighed."""
    for method, pattern in routes:
        assert list(dear.of_every_route(method, pattern)), (method, pattern)


def test_the_table_counts_every_route_of_the_service(routes):
    table = PAGE.partition("## What a request without a key costs")[2].partition("\n## ")[0]
    named, [rest] = ROW.findall(table), REST.findall(table)
    assert set(named) <= {shown(route) for route in routes}
    assert len(set(named)) == len(named)
    assert len(named) + int(rest) == len(routes)


@pytest.mark.parametrize(
    "part", ["/oidc/", "/inbound/", "/v1/tickets", "/t/", "/widget", "/docs", "/admin", "/wechat/"]
)
def test_no_part_of_the_service_is_outside(routes, part):
    assert any(part in pattern for _, pattern in routes)
