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
        required = name in os.environ.get("CODESVC_REQUIRE_TOOLS", "").split()
        (pytest.fail if required else pytest.skip)(f"NOT TESTED: {name} is not installed (package {package or name})")
    return found
