"""`make audit`: known weaknesses of what is installed, by pip-audit from the OSV database, else from PyPI's.

Exit status 0: every package was looked up and none has a known weakness. 1: one has. 3: not every package could be
looked up. That is a failure too, because nothing was looked up; with
`--allow-no-database` it is only said, loudly, for machines that build and test without the internet.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_SECONDS = 120
_SERVICES = ("osv", "pypi")
_WEAK, _NOT_DONE = 1, 3
_EDITABLE = "editable"  # the project itself, which no database knows


def _ask(service: str) -> tuple[list[dict[str, Any]], str]:
    """What a database says of each package; and why it says nothing, "" if it does."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", service, "--format", "json"]
    try:
        done = subprocess.run(  # noqa: S603  our own command
            [*command, "--skip-editable", "--progress-spinner", "off", "--timeout", "10"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [], f"{service}: no answer in {_SECONDS} s"
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return [], f"{service}: {last[:200]}"
    return found, ""


def _skipped(found: list[dict[str, Any]]) -> list[str]:
    return [each["name"] for each in found if _EDITABLE not in each.get("skip_reason", _EDITABLE)]


def main(arguments: list[str]) -> int:
    """Ask, and say what was found; the exit status."""
    best: list[dict[str, Any]] = []
    reasons: list[str] = []
    for service in _SERVICES:
        found, reason = _ask(service)
        known, missed = [each for each in found if "skip_reason" not in each], _skipped(found)
        if missed or reason:
            reasons.append(reason or f"{service}: knows nothing of {len(missed)} packages, such as {missed[0]}")
        if len(known) > len([each for each in best if "skip_reason" not in each]):
            best = found
        if known and not missed:
            break
    weak = [(each["name"], each["version"], known) for each in best for known in each.get("vulns", ())]
    for name, version, known in weak:
        mended = ", ".join(known.get("fix_versions", ())) or "no version yet"
        sys.stdout.write(f"audit: {name} {version}: {known['id']}, mended in {mended}\n")
    asked, missed = [each for each in best if "skip_reason" not in each], _skipped(best)
    sys.stdout.write(f"audit: {len(asked)} packages looked up, {len(weak)} known weaknesses\n")
    if weak:
        return _WEAK
    if asked and not missed:
        return 0
    for reason in reasons:
        sys.stdout.write(f"audit: {reason}\n")
    which = "nothing was looked up" if not asked else f"{len(missed)} packages were not looked up: {', '.join(missed)}"
    allowed = "--allow-no-database" in arguments
    sys.stdout.write(
        f"audit: NOT DONE, {which}. No database of weaknesses could be asked from this machine, so nothing is known "
        "about them. Run `make audit` where https://api.osv.dev or https://pypi.org can be reached"
        f"{', before a release at the latest' if allowed else ''}.\n"
    )
    return 0 if allowed else _NOT_DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
