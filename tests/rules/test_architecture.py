"""The directions of DESIGN's map, held by reading the source."""

import ast
import re
from pathlib import Path

import pytest

import codesvc
from codesvc.store import key_patterns as keys

ROOT = Path(codesvc.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
PURE = [
    "domain/device", "domain/clock", "domain/codes", "domain/errors", "domain/keyring", "domain/limits",
    "messages/composer", "domain/page_token", "domain/proof", "domain/record", "config/store_address",
    "domain/verification", "domain/binding", "domain/openid_handle", "domain/intent", "domain/signed_links",
    "domain/masking", "messages/chat", "domain/ticket", "domain/oauth_state", "domain/webhook", "sites/directory",
    "sites/lazy", "sites/registry/contents", "sites/registry/sealing", "domain/audit",
    "service/operators/diagnosis", "service/operators/forecast", "domain/passwords", "domain/timeline",
    "service/statistics/fields", "service/statistics/series", "service/statistics/summary", "wechat/call_labels",
    "store/keys", "store/key_patterns", "store/outcomes", "store/replies", "wechat/crypto", "wechat/events",
    "wechat/template_fields", "wechat/xml", "wechat/protocol", "wechat/event_parser", "wechat/errcodes",
]  # fmt: skip
IO = {"aiohttp", "redis", "asyncio", "socket", "ssl", "subprocess", "uvloop", "requests", "http", "urllib3", "wechatpy"}


def place(path):
    return path.relative_to(ROOT).as_posix().removesuffix(".py")


def imports(path, *, at_run_time=True):
    """Modules that a file imports; those under `if TYPE_CHECKING` only if wanted."""
    tree = ast.parse(path.read_text())
    if at_run_time:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


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


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_reaches_no_io(name):
    reached = {module.partition(".")[0] for module in reaches(ROOT / f"{name}.py")}
    assert not reached & IO


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.py")), ids=place)
def test_the_configuration_reaches_no_network(path):
    assert not {module.partition(".")[0] for module in reaches(path)} & IO


def test_wechatpy_is_imported_in_one_file():
    assert [place(path) for path in SOURCES if any(re.match(r"wechatpy\b", m) for m in imports(path))] == ["wechat/sdk"]


def test_the_sandbox_imports_nothing_of_the_service_and_the_service_nothing_of_it():
    for path in SOURCES:
        ours = {m for m in imports(path, at_run_time=False) if m.startswith("codesvc.")}
        if place(path).startswith("sandbox/"):
            assert all(m.startswith("codesvc.sandbox") for m in ours), path
        elif not place(path).startswith("cli/") and not place(path).startswith("demo/"):
            assert not any(m.startswith("codesvc.sandbox") for m in ours), path


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("store", {"service", "delivery", "web", "wechat", "demo"}),
        ("service", {"web", "delivery", "demo"}),
        ("wechat", {"service", "delivery", "web", "store", "demo"}),
        ("delivery", {"web", "service", "demo"}),
        ("config", {"service", "delivery", "web", "store", "wechat", "demo"}),
        ("web", {"demo"}),
    ],
)
def test_data_goes_one_way(room, forbidden):
    for path in (ROOT / room).rglob("*.py"):
        for module in imports(path):
            assert module.split(".")[1:2] == [] or not (
                module.startswith("codesvc.") and module.split(".")[1] in forbidden
            ), f"{place(path)} imports {module}"


def test_no_module_has_a_name_that_says_nothing():
    assert not [
        p for p in ROOT.rglob("*") if p.stem in {"utils", "util", "helpers", "helper", "manager", "base", "common"}
    ]


def test_no_file_is_longer_than_can_be_read_at_once():
    texts = [p for p in ROOT.rglob("*") if p.suffix in {".py", ".lua"}]
    assert len(texts) > 100
    assert {place(p): n for p in texts if (n := len(p.read_text().splitlines())) > 300} == {}


def test_nothing_outside_the_store_spells_a_key():
    kinds = {pattern.split(":")[0] for pattern in (keys.IN_PARTITION | keys.IN_ACCOUNT).values()}
    kinds |= {"idem", "word", "receipt", "seen", "pool", "token", "outbox"}
    for path in SOURCES:
        if place(path).startswith(("store/", "sandbox/")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.search(r"\{p\d|\{\{p", node.value), path
                assert not re.match(rf"({'|'.join(kinds)}):[%{{a-z]", node.value), f"{place(path)}: {node.value}"


def test_errors_are_swallowed_nowhere_but_at_the_edge():
    broad = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                names = ast.unparse(node.type) if node.type else "everything"
                passes_on = any(isinstance(part, ast.Raise) for part in node.body)
                if re.search(r"\b(Exception|BaseException|everything)\b", names) and not passes_on:
                    broad.append(place(path))
    # The middleware turns whatever it is into a problem document, and logs it.
    assert [name for name in broad if not name.startswith("sandbox/")] == ["web/middleware"]


def test_rules_ask_no_clock_of_their_own():
    """Now is the store's to say (DESIGN rule 3); `clock` itself is for transport."""
    told = [ROOT / f"{name}.py" for name in PURE if name != "domain/clock"]
    told += [p for room in ("service", "store") for p in (ROOT / room).glob("*.py")]
    for path in told:
        calls = re.findall(r"\b(?:time\.time|datetime\.now|datetime\.utcnow|time\.monotonic)\b", path.read_text())
        assert not calls, f"{place(path)} asks the clock"
