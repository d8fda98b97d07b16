"""Which rooms the package has, in which order, and every import between its modules (contributing/architecture.md)."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# From the top down; rooms of one line do not import each other. A room imports rooms below it, never above.
ORDER: tuple[frozenset[str], ...] = tuple(
    frozenset(level.split())
    for level in (
        "cli doctor demo",
        "app",
        "web",
        "delivery",
        "service",
        "messages",
        "sites",
        "store",
        "wechat runtime config",
        "domain",
    )
)
# These could be published by themselves; each names which of its parts which rooms may import.
INDEPENDENT: Mapping[str, Mapping[str, frozenset[str]]] = {
    "client": {"client.schema": frozenset({"web"}), "client": frozenset({"demo"})},
    "sandbox": {"sandbox": frozenset({"cli", "demo"})},
}
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
# Two subcommands are large enough for rooms of their own; the command line hands over to them.
COMMANDS = frozenset({("cli", "doctor"), ("cli", "demo")})


@dataclass(frozen=True)
class Import:
    """One module imports another; names are without the leading `codesvc.`."""

    importer: str
    imported: str

    @property
    def rooms(self) -> tuple[str, str]:
        """The two rooms; the package itself is the room ""."""
        return self.importer.partition(".")[0], self.imported.partition(".")[0]

    @property
    def fault(self) -> str | None:
        """Why it may not be, or None."""
        here, there = self.rooms
        if here == there or not there or not here:
            return None
        if here in INDEPENDENT:
            return "independent"
        if there in INDEPENDENT:
            allowed = INDEPENDENT[there]
            part = next((p for p in allowed if f"{self.imported}.".startswith(f"{p}.")), "")
            return None if here in allowed.get(part, ()) else "independent"
        if (here, there) in COMMANDS or LEVEL[here] < LEVEL[there]:
            return None
        return "sideways" if LEVEL[here] == LEVEL[there] else "upward"

    def __str__(self) -> str:
        return f"{self.importer} -> {self.imported}"


def name_of(path: Path, root: Path) -> str:
    """A module's name below the package, "" for the package itself."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(root: Path) -> Iterator[Import]:
    """Every import of one module of the package by another, those under `TYPE_CHECKING` and inside functions too."""
    modules = {name_of(path, root): path for path in sorted(root.rglob("*.py"))}
    for importer, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{importer}: imports are absolute"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                package, _, inner = name.partition(".")
                if package != root.name:
                    continue
                if inner not in modules:
                    inner = inner.rpartition(".")[0]
                if inner != importer:
                    yield Import(importer, inner)


def circles(imports: set[Import]) -> list[list[str]]:
    """Every set of modules that import one another, whichever way round (Tarjan's strongly connected components)."""
    following: dict[str, list[str]] = {}
    for one in imports:
        following.setdefault(one.importer, []).append(one.imported)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in following.get(module, ()):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            component = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(component) > 1:
                found.append(sorted(component))

    for module in sorted(following):
        if module not in index:
            visit(module)
    return found


def table(imports: set[Import]) -> str:
    """Each room and the rooms that it imports, as a table in Markdown."""
    below: dict[str, set[str]] = {}
    for one in imports:
        here, there = one.rooms
        if here and there and here != there:
            below.setdefault(here, set()).add(there)
    rooms = [room for level in ORDER for room in sorted(level)] + sorted(INDEPENDENT)
    lines = [
        f"| `{room}` | {', '.join(f'`{there}`' for there in rooms if there in below.get(room, ()))} |" for room in rooms
    ]
    return "\n".join(["| room | imports |", "| --- | --- |", *lines])


if __name__ == "__main__":
    from pathlib import Path

    import codesvc

    print(table(set(imports_of(Path(codesvc.__file__).parent))))  # noqa: T201
