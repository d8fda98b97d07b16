"""Node packages for tests that need them: installed once into pytest's cache, by a package.json that pins them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from tests.programs import program_path


def installed(request, tmp_path_factory, package: Path) -> Path:
    """The directory with `node_modules`; skips, loudly, where there is no node or npm.

    What stands under `withoutDependencies` comes alone: a package of which one module is needed, and which would bring
    hundreds of others for the rest. What that module needs stands under `dependencies`.
    """
    program_path("node", "nodejs")
    program_path("npm")
    cache = getattr(request.config, "cache", None)
    name = f"{package.parent.parent.name}-node"
    shelf = cache.mkdir(name) if cache else tmp_path_factory.getbasetemp() / name
    shelf.mkdir(exist_ok=True)
    wanted = package.read_bytes()
    home = shelf / hashlib.sha256(wanted).hexdigest()[:16]
    if not home.exists():
        fresh = Path(tempfile.mkdtemp(dir=shelf))
        (fresh / "package.json").write_bytes(wanted)
        command = ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=180, check=False)
        for name, version in json.loads(wanted).get("withoutDependencies", {}).items():
            if done.returncode == 0:
                done = _unpack(fresh, name, version)
        if done.returncode:
            pytest.skip(f"NOT TESTED: npm could not install what {package} pins: {done.stderr[-300:]}")
        try:
            fresh.rename(home)
        except OSError:  # another test process was quicker
            shutil.rmtree(fresh)
    return home


def _unpack(home: Path, name: str, version: str) -> subprocess.CompletedProcess[str]:
    command = ["npm", "pack", "--silent", f"{name}@{version}"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=180, check=False)
    if done.returncode == 0:
        with tarfile.open(home / done.stdout.split()[-1]) as archive:
            archive.extractall(home / "unpacked")  # noqa: S202  pinned above; Python 3.11.2 knows no filter
        place = home / "node_modules" / name
        place.parent.mkdir(exist_ok=True)
        (home / "unpacked" / "package").rename(place)
    return done
