"""Every import names a package of a lock file that is installed where the file runs.

Otherwise it works only where an earlier installation was left over: here a package that is no dependency any more is
still imported, and a fresh clone fails.
"""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import codesvc

ROOT = Path(codesvc.__file__).parents[1]
LOCKS = ROOT / "ops" / "locks"
LOCKS_OF = {
    "codesvc": ("runtime",),
    "codesvc/sandbox/pytest_plugin.py": ("runtime", "test"),
    "codesvc/sandbox/certificate.py": ("runtime", "test"),
    "bench": ("runtime", "build", "test"),
    "tests": ("runtime", "build", "test"),
    "tests/fuzz": ("runtime", "build", "test", "fuzz"),
    "docs": ("runtime", "build", "test", "tools"),
    "ops": ("runtime", "build", "test", "tools"),
}
"""The locks that the Makefile installs for a file or for the files below a directory; the longest path counts.

pytest is its caller's own, and trustme belongs to an extra of the package."""
LATE = {"codesvc": ("test",), "tests": ("tools", "oldest")}
"""Locks with optional packages: they are imported in a function, or by `importorskip`."""
IN_NO_LOCK = {"_jsonnet": "has no wheel for every platform; where it is not installed, its one test is skipped"}
DISTRIBUTIONS = {"codespell_lib": ["codespell"], **packages_distributions()}
"""By module. Tools are not installed in every environment: those whose module has another name stand here."""
_LATE_CALLS = {"importorskip", "import_module", "find_spec"}


def same_name(name):
    """A distribution's name in the form in which two are compared (PyPA, names and normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(*names):
    pinned = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", re.MULTILINE)
    return {same_name(found) for name in names for found in pinned.findall((LOCKS / f"{name}.txt").read_text("utf-8"))}


def imports_of(source):
    """Each imported module, and whether only in a function or by a call."""
    nodes = [(ast.parse(source), False)]
    while nodes:
        node, late = nodes.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if not node.level:
                yield node.module, late
        else:
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in _LATE_CALLS and isinstance(node.args[0].value, str):
                    yield node.args[0].value, True
            late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                node.body = []  # never run
            nodes += [(below, late) for below in ast.iter_child_nodes(node)]


def foreign(source, at, taken, taken_late):
    """Modules that a source imports although no lock brings them to where it runs."""
    for module, late in imports_of(source):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top in IN_NO_LOCK:
            continue
        if any((folder / top).is_dir() or (folder / f"{top}.py").exists() for folder in (ROOT, at)):
            continue
        # What is not installed here has a distribution of the same name, or stands above.
        if not {same_name(name) for name in DISTRIBUTIONS.get(top, [top])} & (taken | (taken_late if late else set())):
            yield module


@pytest.mark.parametrize("place", LOCKS_OF)
def test_every_import_is_of_a_lock(place):
    below = [other for other in LOCKS_OF if other.startswith(f"{place}/")]
    taken, late = locked(*LOCKS_OF[place]), locked(*LATE.get(place, ()))
    found = [
        f"{path.relative_to(ROOT).as_posix()}: {module}"
        for path in ([ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py")))
        if not any(path.is_relative_to(ROOT / other) for other in below)
        for module in foreign(path.read_text("utf-8"), path.parent, taken, late)
    ]
    assert found == [], "no lock that is installed there has these: use another package, or add it (`make locks`)"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import segno", ["segno"]),
        ("from segno.helpers import make_wifi", ["segno.helpers"]),
        ("def t():\n    import segno", ["segno"]),
        ("import pytest\naxe = pytest.importorskip('segno')", ["segno"]),
        ("import json, aiohttp.web\nfrom tests import world\nfrom . import near", []),
        ("import mkdocs", ["mkdocs"]),
        ("def t():\n    import mkdocs", []),
        ("if TYPE_CHECKING:\n    from _typeshed.wsgi import StartResponse", []),
    ],
)
def test_the_finder_finds(source, found):
    assert list(foreign(source, ROOT, locked(*LOCKS_OF["tests"]), locked(*LATE["tests"]))) == found
