"""`make audit`: known weaknesses of what is installed, by pip-audit from the OSV database.

Exit status 1 for a known weakness. Where the database cannot be reached that is said, in so many words, and is no
failure: a machine without the internet can build and test, and must not be told that all is well.
"""

from __future__ import annotations

import json
import subprocess
import sys

_SECONDS = 120


def main() -> int:
    """Ask, and tell; the exit status."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--format", "json"]
    try:
        done = subprocess.run(  # noqa: S603  our own command
            [*command, "--skip-editable", "--progress-spinner", "off", "--timeout", "10"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError) as error:
        sys.stdout.write(f"audit: NOT DONE, the database could not be asked ({type(error).__name__})\n")
        return 0
    weak = [(each["name"], each["version"], known) for each in found for known in each.get("vulns", ())]
    for name, version, known in weak:
        mended = ", ".join(known.get("fix_versions", ())) or "no version yet"
        sys.stdout.write(f"audit: {name} {version}: {known['id']}, mended in {mended}\n")
    skipped = [each["name"] for each in found if each.get("skip_reason")]
    sys.stdout.write(f"audit: {len(found) - len(skipped)} packages looked up, {len(weak)} known weaknesses\n")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
