"""The rooms of the package and the directions of its imports, held by reading the source (architecture.md)."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import codesvc
from codesvc.store import key_patterns
from tests.rules.rooms import INDEPENDENT, LEVEL, circles, imports_of, name_of

ROOT = Path(codesvc.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
IO = {"aiohttp", "redis", "asyncio", "socket", "ssl", "subprocess", "uvloop", "requests", "http", "urllib3", "wechatpy"}
# Beside every module of `domain`: modules of other rooms that are rules too.
PURE_ELSEWHERE = [
    "messages/composer", "messages/chat", "sites/directory", "sites/lazy", "sites/registry/contents",
    "sites/registry/sealing", "service/operators/diagnosis", "service/operators/forecast",
    "service/statistics/fields", "service/statistics/series", "service/statistics/summary",
    "store/keys", "store/key_patterns", "store/outcomes", "store/replies",
    "wechat/call_labels", "wechat/crypto", "wechat/errcodes", "wechat/event_parser", "wechat/events",
    "wechat/callback_format", "wechat/template_fields", "wechat/xml",
]  # fmt: skip
PURE = [f"domain/{path.stem}" for path in sorted((ROOT / "domain").glob("*.py"))] + PURE_ELSEWHERE


def place(path):
    return path.relative_to(ROOT).as_posix().removesuffix(".py")


@cache
def imports(path):
    """Modules that a file imports when it runs: without those under `if TYPE_CHECKING`. Each file is read once."""
    found = []
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


@cache
def inner_imports():
    """Every import of one of our modules by another."""
    return frozenset(imports_of(ROOT))


def reaches(path, seen=None):
    """Every module that is imported with a file, ours followed through."""
    seen = set() if seen is None else seen
    for name in imports(path):
        if name in seen:
            continue
        seen.add(name)
        ours = ROOT.parent / (name.replace(".", "/") + ".py")
        if name.startswith("codesvc.") and ours.exists():
            reaches(ours, seen)
    return seen


def test_every_room_is_known():
    rooms = {name_of(path, ROOT).partition(".")[0] for path in SOURCES} - {""}
    assert rooms == LEVEL.keys() | INDEPENDENT.keys()


def test_imports_go_down():
    assert sorted(f"{one.fault}: {one}" for one in inner_imports() if one.fault) == []


def test_no_modules_import_each_other():
    assert circles(inner_imports()) == []


@pytest.mark.parametrize(
    ("importer", "imported", "fault"),
    [
        ("service.tickets", "web.cors", "upward"),
        ("domain.codes", "store.keys", "upward"),
        ("doctor.report", "cli.send", "sideways"),
        ("wechat.token", "runtime.tasks", "sideways"),
        ("service.tickets", "sandbox.clock", "independent"),
        ("service.tickets", "client.schema", "independent"),
        ("web.cors", "client.errors", "independent"),
        ("sandbox.clock", "domain.clock", "independent"),
        ("client.call", "domain.codes", "independent"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "import codesvc.{0}.{1}",
        "from codesvc.{0} import {1}",
        "from codesvc.{0}.{1} import X",
        "if TYPE_CHECKING:\n    from codesvc.{0} import {1}",
        "def late():\n    from codesvc.{0} import {1}",
    ],
)
def test_a_planted_import_is_found(tmp_path, importer, imported, fault, form):
    """The guard is seen to fail, in whichever form and wherever in a file the import stands."""
    root = tmp_path / "codesvc"
    for module in (importer, imported):
        (root / module.partition(".")[0]).mkdir(parents=True)
        (root / (module.replace(".", "/") + ".py")).touch()
    (root / (importer.replace(".", "/") + ".py")).write_text(form.format(*imported.split(".")))
    assert {f"{one.fault}: {one}" for one in imports_of(root) if one.fault} == {f"{fault}: {importer} -> {imported}"}


def test_a_planted_circle_is_found(tmp_path):
    root = tmp_path / "codesvc"
    root.mkdir()
    for name, imported in {"a": "b", "b": "c", "c": "a", "d": "a"}.items():
        (root / f"{name}.py").write_text(f"from codesvc import {imported}")
    assert circles(set(imports_of(root))) == [["a", "b", "c"]]


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_reaches_no_io(name):
    reached = {module.partition(".")[0] for module in reaches(ROOT / f"{name}.py")}
    assert not reached & IO


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.py")), ids=place)
def test_the_configuration_reaches_no_network(path):
    assert not {module.partition(".")[0] for module in reaches(path)} & IO


def test_wechatpy_is_imported_in_one_file():
    assert [place(path) for path in SOURCES if any(re.match(r"wechatpy\b", m) for m in imports(path))] == ["wechat/sdk"]


def test_no_module_has_a_name_that_says_nothing():
    assert not [
        p for p in ROOT.rglob("*") if p.stem in {"utils", "util", "helpers", "helper", "manager", "base", "common"}
    ]


def test_no_file_is_longer_than_can_be_read_at_once():
    texts = [p for p in ROOT.rglob("*") if p.suffix in {".py", ".lua"}]
    assert len(texts) > 100
    assert {place(p): n for p in texts if (n := len(p.read_text().splitlines())) > 300} == {}


def test_nothing_outside_the_store_spells_a_key():
    kinds = "|".join(key_patterns.KINDS)
    for path in SOURCES:
        if place(path).startswith(("store/", "sandbox/")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.search(r"\{p\d|\{\{p", node.value), path
                assert not re.match(rf"({kinds}):[%{{a-z]", node.value), f"{place(path)}: {node.value}"


def test_errors_are_swallowed_nowhere_but_at_the_edge():
    broad = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                names = ast.unparse(node.type) if node.type else "everything"
                passes_on = any(isinstance(part, ast.Raise) for part in node.body)
                if re.search(r"\b(Exception|BaseException|everything)\b", names) and not passes_on:
                    broad.append(place(path))
    # The middleware turns whatever it is into a problem document. Nobody waits for what is done in the background: a
    # failure ends one job, one account's turn or one beginning of a task, and nothing else. All of them are logged.
    edges = ["delivery/worker", "runtime/tasks", "service/account_maintenance", "web/middleware"]
    assert sorted(name for name in broad if not name.startswith("sandbox/")) == edges


def test_rules_ask_no_clock_of_their_own():
    """Now is the store's to say (DESIGN rule 3); `domain/clock` itself is for transport."""
    asked = [ROOT / f"{name}.py" for name in PURE if name != "domain/clock"]
    asked += [p for room in ("service", "store") for p in (ROOT / room).glob("*.py")]
    for path in asked:
        calls = re.findall(r"\b(?:time\.time|datetime\.now|datetime\.utcnow|time\.monotonic)\b", path.read_text())
        assert not calls, f"{place(path)} asks the clock"


ROOTS = (ROOT, ROOT.parent)
"""Paths on the page begin in the package or in the repository."""


def named_by_change(language):
    """For each change of the page's table: the files and directories that it takes."""
    page = (ROOT.parent / f"docs/{language}/contributing/architecture.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "`" in line]
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def test_the_table_of_changes_names_what_exists():
    english, chinese = named_by_change("en"), named_by_change("zh")
    assert [set(names) for names in english] == [set(names) for names in chinese]
    missing = [name for names in english for name in names if not any((root / name).exists() for root in ROOTS)]
    assert (len(english), missing) == (10, [])
