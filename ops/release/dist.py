"""`make dist`: what is published, in dist/: wheel, sdist, SBOM, provenance, and their hashes, to be signed.

The SBOM says what the lock file holds, while the wheel allows ranges of versions. It lies beside the wheel with the
version in it, and without in the wheel.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
sys.path.insert(0, str(Path(__file__).parent))

import check  # noqa: E402  beside this file
from sbom import sbom  # noqa: E402  beside this file


def _git(*words: str) -> str | None:
    """What git says; None if it cannot be asked."""
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError):
        return None


def changed() -> bool | None:
    """Whether the tree holds anything that is in no commit; None if git does not say.

    All of it is packed but what .gitignore names, so files that git does not know count too, whatever else tells git to
    leave them out.
    """
    known = _git("status", "--porcelain", "--untracked-files=no")
    unknown = _git("ls-files", "--others", "--exclude-per-directory=.gitignore")
    return None if known is None or unknown is None else bool(known or unknown)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def provenance(built: dict[str, str], *, is_changed: bool | None) -> dict[str, object]:
    """From what and with what it was built; in the words of SLSA's provenance, version 1, without a signature."""
    locks = {f"ops/locks/{path.name}": _hash(path) for path in sorted((ROOT / "ops" / "locks").glob("*.txt"))}
    source = {"commit": _git("rev-parse", "HEAD"), "tag": _git("describe", "--tags", "--always")}
    state = {"changed": is_changed, "SOURCE_DATE_EPOCH": check.epoch()}
    return {
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(built.items())],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "make dist",
                "externalParameters": source,
                "internalParameters": state,
                "resolvedDependencies": [{"name": name, "digest": {"sha256": each}} for name, each in locks.items()],
            },
            "runDetails": {"builder": {"python": platform.python_version(), "system": platform.system()}},
        },
    }


def main() -> int:
    """Build all of it; the exit status."""
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    built = check.build(ROOT, DIST)
    version = next(name for name in built if name.endswith(".whl")).split("-")[1]
    parts = DIST / f"codesvc-{version}.cdx.json"
    parts.write_text(json.dumps(sbom(version), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    built[parts.name] = _hash(parts)
    notes = DIST / f"codesvc-{version}.provenance.json"
    is_changed = changed()
    notes.write_text(json.dumps(provenance(built, is_changed=is_changed), indent=2) + "\n", encoding="utf-8")
    lines = [f"{_hash(path)}  {path.name}\n" for path in sorted(DIST.iterdir())]
    (DIST / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    if is_changed is not False:
        sys.stdout.write("dist: NOT FOR A RELEASE: the tree is not that of a commit (git status)\n")
    sys.stdout.write("".join(lines) + "dist: sign dist/SHA256SUMS now (docs/en/contributing/releasing.md)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
