"""`make release-check`: what would be published is built twice, compared, installed as a stranger would, and tried.

    1. Wheel and sdist are built twice from the tree: equal hashes.
    2. The sdist alone, without git, builds the same wheel: it is complete, and its version is its own.
       The wheel carries its SBOM (PEP 770).
    3. The wheel goes into a new environment by `pip install` alone, with nothing of this tree in sight.
    4. From there, in an empty directory: its version is the wheel's, and `codesvc demo --check` tells its story.

`--short` leaves out what takes a minute, the installation of everything that the wheel needs: the story is told from
the unpacked wheel, with the dependencies of this environment.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
# No clock in what is built: the commit's own time, or a fixed one where there is no git.
EPOCH = "1577836800"


def told(step: str, since: float) -> None:
    """Say what has been done, and how long it took."""
    sys.stdout.write(f"ok  {step} ({time.monotonic() - since:.0f} s)\n")
    sys.stdout.flush()


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """Run a program in an environment without this tree; what it printed.

    Raises:
        SystemExit: it failed.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CODESVC", "VIRTUAL"))}
    done = subprocess.run(  # noqa: S603  our own commands
        [str(word) for word in command], cwd=cwd, env=clean | env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(f"FAILED {' '.join(map(str, command))}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}\n")
        raise SystemExit(1)
    return done.stdout


def build(tree: Path, into: Path) -> dict[str, str]:
    """Build wheel and sdist; their hashes by name."""
    run(sys.executable, "-m", "hatchling", "build", "-d", into, cwd=tree, SOURCE_DATE_EPOCH=epoch())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(into.iterdir())}


def epoch() -> str:
    """The time that files in the archives carry."""
    if shutil.which("git") and (ROOT / ".git").exists():
        return run("git", "log", "-1", "--format=%ct", cwd=ROOT).strip()
    return EPOCH


def main() -> int:
    """Do all of it; the exit status."""
    with tempfile.TemporaryDirectory(prefix="codesvc-release-") as made:
        here = Path(made)
        since = time.monotonic()
        first, second = build(ROOT, here / "a"), build(ROOT, here / "b")
        if first != second:
            sys.stderr.write(f"FAILED two builds differ:\n{first}\n{second}\n")
            return 1
        told(f"two builds are equal: {', '.join(first)}", since)

        since = time.monotonic()
        sdist = next((here / "a").glob("*.tar.gz"))
        with tarfile.open(sdist) as archive:
            archive.extractall(here / "sdist")  # noqa: S202  built here, a moment ago; Python 3.11.2 knows no filter
        again = build(next((here / "sdist").iterdir()), here / "c")
        wheel = next((here / "a").glob("*.whl"))
        if again.get(wheel.name) != first[wheel.name]:
            sys.stderr.write(f"FAILED the sdist builds another wheel:\n{first}\n{again}\n")
            return 1
        told("the sdist, without git, builds the same wheel", since)

        with zipfile.ZipFile(wheel) as archive:
            carried = [name for name in archive.namelist() if ".dist-info/sboms/" in name]
        if len(carried) != 1:
            sys.stderr.write(f"FAILED the wheel carries {len(carried)} SBOMs, not 1\n")
            return 1
        told(f"the wheel carries its SBOM, {carried[0]}", since)

        (here / "empty").mkdir()
        since = time.monotonic()
        command = unpacked(wheel, here) if "--short" in sys.argv else installed(wheel, here)
        said = run(*command, "--version", cwd=here / "empty").strip()
        if said != f"codesvc {wheel.name.split('-')[1]}":
            sys.stderr.write(f"FAILED it calls itself {said}, the file is {wheel.name}\n")
            return 1
        run(*command, "demo", "--check", "--port-base", str(four_free_ports()), cwd=here / "empty")
        told("the demo's whole story, told from there", since)
    return 0


def installed(wheel: Path, here: Path) -> list[str | Path]:
    """Install the wheel and all that it needs into a new environment; the program there."""
    since = time.monotonic()
    venv.create(here / "env", with_pip=True)
    pip = (here / "env" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, wheel, cwd=here)
    told("installed by pip alone into a new environment", since)
    return [here / "env" / "bin" / "codesvc"]


def unpacked(wheel: Path, here: Path) -> list[str | Path]:
    """Unpack the wheel; what runs it with the packages of this environment."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(here / "wheel")  # noqa: S202  built here, a moment ago
    start = f"import sys; sys.path.insert(0, {str(here / 'wheel')!r}); from codesvc.cli import main; sys.exit(main())"
    return [sys.executable, "-P", "-c", start]


def four_free_ports() -> int:
    """The first of four free ports in a row."""
    for base in random.sample(range(12_000, 22_000), 100):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(base, base + 4):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return base
    raise SystemExit("no free ports")


if __name__ == "__main__":
    sys.exit(main())
