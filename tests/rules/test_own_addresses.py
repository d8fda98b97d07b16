"""One place writes addresses of the service, `codesvc.domain.service_address`: it knows the path of `public_url`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from codesvc.domain.service_address import ServiceAddress
from codesvc.web.admin.routes import _TABLES as ADMIN_TABLES
from codesvc.web.routes import TABLES

ROOT = Path(__file__).parents[2] / "codesvc"
PAGES = ROOT.parent / "templates" / "pages"
SHARED = ["app", "delivery", "doctor", "domain", "messages", "runtime", "service", "sites", "store", "web", "cli"]
"""All rooms but those that are other software: the sandbox plays WeChat, the demo a customer's website."""

PATHS = [route.path for table in (*TABLES, *ADMIN_TABLES) for route in table]
SEGMENTS = {found[1] for path in PATHS if (found := re.match(r"/(\.?[\w-]+)", path))}
ROUTE = re.compile(rf"/(?:{'|'.join(sorted(map(re.escape, SEGMENTS)))})(?:[/.?]|$)")

# Calls that take a route, not an address: declarations of routes, tests of one, and the writers themselves.
TAKES_ROUTES = {"get", "post", "put", "patch", "delete", "options", "path", "url", "go_to", "route"}
TAKES_ROUTES |= {"startswith", "removesuffix", "removeprefix", "Worry"}
OF_THE_CONTRACT = "web/contract/"
ROUTE_NAMES = {"_PAGE", "_PATHS", "_FORWARDED", "_BY_HOST"}
"""Constants that hold routes, for declarations and for the writers."""
MAKES_ROUTES = {"person_route", "logo_route", "route", "oidc_return_route"}
"""Functions whose result is a route."""


def sources():
    for name in SHARED:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def beginning(node):
    """The text that a string or an f-string begins with; None for other expressions."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0] if node.values else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def stray_routes(text):
    """Routes in Python that go nowhere but into an answer, with their lines."""
    tree = ast.parse(text)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}

    def fits(node):
        inner = node
        while inner in parents:
            inner, child = parents[inner], inner
            if isinstance(inner, ast.Call) and child is not inner.func:
                name = inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", "")
                return name in TAKES_ROUTES
            if isinstance(inner, ast.Expr | ast.arguments | ast.Compare):
                return True  # a docstring, the default of a parameter that is a route, or a test of one
            if isinstance(inner, ast.AnnAssign | ast.Assign):
                targets = [inner.target] if isinstance(inner, ast.AnnAssign) else inner.targets
                return all(isinstance(each, ast.Name) and each.id in ROUTE_NAMES for each in targets)
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                return inner.name in MAKES_ROUTES
        return False

    found = []
    for node in ast.walk(tree):
        if isinstance(parents.get(node), ast.JoinedStr):
            continue
        said = beginning(node)
        if said is not None and ROUTE.match(said) and not fits(node):
            found.append((node.lineno, said))
    return found


def joined_by_hand(text):
    """f-strings and sums that put something behind `public_url`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr | ast.BinOp):
            parts = [getattr(each, "attr", getattr(each, "id", "")).lstrip("_") for each in ast.walk(node)]
            if "public_url" in parts:
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in sources()])
def test_no_module_writes_an_address_by_hand(path):
    place, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    if not place.startswith(OF_THE_CONTRACT):
        assert stray_routes(text) == []
    if place != "domain/service_address.py":
        assert joined_by_hand(text) == []


ATTRIBUTE = re.compile(
    r'\b(?:href|src|action|formaction|poster|data-base|data-go)="([^"]*(?:"[^"{}]*"[^"]*)*?)"(?=[\s>/{])'
)
WRITTEN = (
    r"\{\{ own_path\(.*",
    r"(?:#|\?|weixin://).*",
    r"",
    # Variables that a view has made with the writer, or that are another host's.
    r"\{\{ (?:base|here|link|action|back|leave|back\[0\]|state\.return_to|state\.link) \}\}.*",
)
TEMPLATES = [*sorted(PAGES.glob("*.html")), *sorted((ROOT / "web" / "admin" / "templates").glob("*.html"))]


def stray_attributes(text):
    return [each for each in ATTRIBUTE.findall(text) if not any(re.fullmatch(form, each) for form in WRITTEN)]


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name) for p in TEMPLATES])
def test_no_template_writes_an_address_by_hand(path):
    text = path.read_text(encoding="utf-8")
    assert stray_attributes(text) == []
    values = re.findall(r'value="(/[^"]*)"|url\((/[^)]*)\)', text)
    assert values == []


SCRIPTS = [*sorted(PAGES.glob("*.[jc]s*")), *sorted((ROOT / "web" / "static").glob("*.js"))]
SCRIPTS += sorted((ROOT / "web" / "admin" / "static").glob("*.[jc]s*"))
LITERAL = re.compile(r"""["'`](/[a-z$][^"'`]*)["'`]|url\(\s*["']?(/[^)]*)\)""")


def stray_literals(text):
    return [one or other for one, other in LITERAL.findall(text)]


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name) for p in SCRIPTS])
def test_no_script_and_no_style_writes_an_address_by_hand(path):
    assert stray_literals(path.read_text(encoding="utf-8")) == []


def test_the_rules_see_what_they_are_for():
    for planted in (
        'headers = {"Location": f"/v1/verifications/{id}"}',
        'def f():\n    return see_other("/admin")',
        'base = f"/p/{token}"',
        'see_other(f"/wechat/{account}/ask/{token}")',
    ):
        assert stray_routes(planted), planted
    for planted in ('url = f"{self.public_url}/t/x"', 'url = service._public_url + "/t"'):
        assert joined_by_hand(planted), planted
    for planted in (
        '<a href="/docs">',
        '<form action="/admin/{{ x }}">',
        '<img src="{{ picture }}">',
        '<a href="//x">',
    ):
        assert stray_attributes(planted), planted
    for planted in ('fetch("/p/x")', "fetch(`/p/${token}`)", "background: url(/favicon.svg)", "url('/x')"):
        assert stray_literals(planted), planted
    for fine in (
        "<a href=\"{{ own_path('/docs') }}\">",
        '<a href="?scan=open" data-x>',
        '<form action="{{ base }}/check">',
    ):
        assert not stray_attributes(fine), fine


@pytest.mark.parametrize(
    ("public_url", "path", "url", "origin", "cookie"),
    [
        ("https://a.example", "/p/x", "https://a.example/p/x", "https://a.example", ("__Host-c", "/")),
        (
            "https://a.example/auth",
            "/auth/p/x",
            "https://a.example/auth/p/x",
            "https://a.example",
            ("__Secure-c", "/auth"),
        ),
        (
            "https://a.example:443/a/b",
            "/a/b/p/x",
            "https://a.example:443/a/b/p/x",
            "https://a.example",
            ("__Secure-c", "/a/b"),
        ),
        ("http://[::1]:8080/%E7", "/%E7/p/x", "http://[::1]:8080/%E7/p/x", "http://[::1]:8080", ("c", "/%E7")),
        ("http://a.example:80", "/p/x", "http://a.example:80/p/x", "http://a.example", ("c", "/")),
    ],
)
def test_what_the_writer_writes(public_url, path, url, origin, cookie):
    address = ServiceAddress(public_url)
    assert (address.path("/p/x"), address.url("/p/x"), address.origin) == (path, url, origin)
    assert (address.cookie_name("c"), address.cookie_path) == cookie
