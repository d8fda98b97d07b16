"""Programs that tests start and pip does not install."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest


def program_path(name: str, package: str = "") -> str:
    """The path of a program, the tests' environment first.

    Without it the test is skipped, and the reason names the package. It fails where CODESVC_REQUIRE_TOOLS names the
    program, as in CI.
    """
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin")
    if found is None:
        _missing(name, package or name)
    return found


def java_libraries(name: str, packages: str, *jars: str) -> str:
    """A class path of Debian's jars, each a name or a pattern; without them as `program_path`, under that name."""
    found = [sorted(Path("/usr/share/java").glob(f"{each}.jar")) for each in jars]
    if not all(found):
        _missing(name, packages)
    return ":".join(dict.fromkeys(str(path) for paths in found for path in paths))


def _missing(name: str, package: str) -> None:
    required = name in os.environ.get("CODESVC_REQUIRE_TOOLS", "").split()
    (pytest.fail if required else pytest.skip)(f"NOT TESTED: {name} is not installed (package {package})")
