"""`make locks`: writes the lock files of `ops/locks`, every package with its version and the hashes of its files.

    runtime.txt    what the service imports: Containerfile, `make`
    build.txt      what builds wheel and sdist, pip included
    test.txt       with runtime.txt's packages, what tests import
    tools.txt      ruff, mypy, what checks and builds a release, what builds the documentation
    oldest.txt     a Redis 6.2 for tests

All of them are resolved together first, so that one environment can hold them. `python ops/release/locks.py --upgrade`
takes newer versions; without it, known ones stay. The files name no index: pip asks the one that it is configured for.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "ops" / "locks"
GROUPS = {
    "runtime": (),
    "test": ("test",),
    "tools": ("lint", "release", "docs"),
    "oldest": ("oldest-store",),
}
"""Lock files by the dependency groups of pyproject.toml that they lock."""
HEAD = "# Made by `make locks` from pyproject.toml: versions and hashes of files. pip installs nothing else from it.\n"


def wanted(name: str) -> list[str]:
    """The requirements that a lock file answers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if name == "build":
        # hatchling needs `editables` for `pip install --editable`.
        return [*project["build-system"]["requires"], "editables", "pip>=25.1"]
    own = project["project"]["dependencies"] if name in {"runtime", "test"} else []
    return own + [each for group in GROUPS[name] for each in project["dependency-groups"][group]]


def resolve(requirements: list[str], into: Path, constraints: Path | None, *more: str) -> None:
    """Write one lock file.

    Raises:
        SystemExit: there is no solution, or the index does not answer.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".in", encoding="utf-8") as asked:
        asked.write("\n".join(requirements))
        asked.flush()
        command = [sys.executable, "-m", "uv", "pip", "compile", asked.name, "--output-file", str(into), *more]
        command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"]
        command += ["--no-header", "--no-annotate", "--quiet", *(["-c", str(constraints)] if constraints else [])]
        if subprocess.run(command, check=False).returncode:  # noqa: S603  our own command
            raise SystemExit(f"locks: {into.name} was not written")
    into.write_text(HEAD + into.read_text(encoding="utf-8"), encoding="utf-8")


def main() -> int:
    """Resolve all together, then each file with those versions."""
    LOCKS.mkdir(exist_ok=True)
    names = [*GROUPS, "build"]
    more = ["--upgrade"] if "--upgrade" in sys.argv else []
    with tempfile.TemporaryDirectory() as made:
        known = Path(made) / "known.txt"
        known.write_text("\n".join(_pins()), encoding="utf-8")
        together = Path(made) / "all.txt"
        everything = list(dict.fromkeys(each for name in names for each in wanted(name)))
        resolve(everything, together, None if more else known)
        for name in names:
            resolve(wanted(name), LOCKS / f"{name}.txt", together, "--upgrade")
    return 0


def _pins() -> list[str]:
    """Versions that the present lock files name."""
    lines = [line for path in LOCKS.glob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted({line.removesuffix("\\").strip() for line in lines if line[:1].isalnum() and "==" in line})


if __name__ == "__main__":
    sys.exit(main())
