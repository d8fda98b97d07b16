"""The SBOM of a release: CycloneDX 1.6 in JSON, what the service imports by ops/locks/runtime.txt; for `make dist`.

cyclonedx-bom reads the lock file. Then what it cannot know is added: licences, the service's own version, and which
packages the service asks for itself.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def sbom(version: str) -> dict[str, Any]:
    """The document, the same for the same lock file and version.

    Raises:
        SystemExit: the tool failed.
    """
    lock = ROOT / "ops" / "locks" / "runtime.txt"
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--sv", "1.6"]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    if done.returncode:
        raise SystemExit(f"sbom: {done.stderr[-2000:]}")
    document: dict[str, Any] = json.loads(done.stdout)
    licences = importlib.import_module("licences")
    for each in document["components"]:
        each.pop("description", None)
        each["bom-ref"] = f"pkg:pypi/{each['name']}@{each['version']}"
        # The hashes are kept; the address of an index is not: files come from whichever index a builder uses.
        for found in each.get("externalReferences", ()):
            found["url"] = each["purl"]
        each["licenses"] = [{"expression": licences.licence_of_locked(each["name"])}]
    own = document["metadata"]["component"]
    own |= {"version": version, "purl": f"pkg:pypi/codesvc@{version}"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    direct = {re.split(r"[<>=~!]", each)[0] for each in project["project"]["dependencies"]}
    asked = sorted(f"pkg:pypi/{name}@{version}" for name, version in licences.locked().items() if name in direct)
    document["dependencies"] = [{"ref": own["bom-ref"], "dependsOn": asked}]
    return document
