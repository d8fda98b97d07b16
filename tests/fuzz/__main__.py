"""`make fuzz`: every target, for FUZZ_SECONDS of one core in all (300). Red if one broke a promise.

python -m tests.fuzz [NAME…]          go on fuzzing; new inputs are kept in .fuzz, findings in the tree's corpus
python -m tests.fuzz --keep [NAME…]   put the inputs of .fuzz that reach most into the tree's corpus
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.fuzz.reach import chosen
from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".fuzz"
GUIDED = importlib.util.find_spec("atheris") is not None
LONGEST = 4_096
HANGS = 20
"""Seconds after which one input counts as a hang, for what no step counts: a regular expression, a parser in C."""


def fuzz(targets, seconds, made):
    """Fuzz the targets; as soon as one has ended, yields it with the number of runs and the findings.

    The findings are then in the corpus. `made` is a directory for what is needed meanwhile.
    """
    places = {target.name: (target, made / target.name / "found", made / target.name / "log") for target in targets}
    for _, found, _ in places.values():
        found.mkdir(parents=True)
    for name, status in (_guided if GUIDED else _blind)(places, seconds, made):
        target, found, log = places[name]
        yield target, *_outcome(target, status, found, log.read_text(encoding="utf-8", errors="replace"))


def _outcome(target, status, found, log):
    findings = [keep(target, path) for path in sorted(found.iterdir())]
    runs = re.search(r"number_of_executed_units: *(\d+)", log)
    if status and not findings:
        findings.append(f"{target.name} ended with {status} and left no input")
    if findings:
        sys.stdout.write(log[-4_000:])
    return int(runs[1]) if runs else 0, findings


def _guided(places, seconds, made):
    """Name and exit status of each target, as they end."""
    lines = []
    for target, found, log in places.values():
        work, kept = WORK / target.name, CORPUS / target.name
        seeds, words = made / target.name / "seeds", made / target.name / "words"
        for directory in (work, kept, seeds):
            directory.mkdir(parents=True, exist_ok=True)
        for seed in target.seeds():
            (seeds / sha256(seed).hexdigest()).write_bytes(seed)
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
        arguments = [
            f"-max_total_time={seconds}", f"-timeout={HANGS}", "-rss_limit_mb=2048", f"-max_len={LONGEST}",
            f"-artifact_prefix={found}/", "-print_final_stats=1", f"-dict={words}", *map(str, (work, kept, seeds)),
        ]  # fmt: skip
        lines.append(json.dumps([target.name, str(log), arguments]) + "\n")
    command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.guided"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        running.stdin.write("".join(lines))
        running.stdin.close()
        for line in running.stdout:
            name, status = line.split()
            yield name, int(status)
    if running.returncode:
        raise SystemExit(f"fuzz: the process that forks the targets ended with {running.returncode}")


def _blind(places, seconds, _):
    for name, (_, found, log) in places.items():
        command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.blind", name, str(seconds), str(found)]
        with log.open("w") as output:
            yield name, subprocess.run(command, cwd=ROOT, stdout=output, stderr=output, check=False).returncode


def keep(target, path):
    """Put an input into the corpus; its path."""
    data = path.read_bytes()
    place = CORPUS / target.name / f"found-{sha256(data).hexdigest()[:16]}"
    place.write_bytes(data)
    return str(place.relative_to(ROOT))


def choose(target):
    """Write the corpus anew: few inputs that reach everything that the known ones reach, and all findings."""
    kept = CORPUS / target.name
    kept.mkdir(parents=True, exist_ok=True)
    known = [path for place in (kept, WORK / target.name) if place.exists() for path in place.iterdir()]
    few = chosen(target, [path.read_bytes() for path in known if not path.name.startswith("found-")])
    for path in kept.iterdir():
        if not path.name.startswith("found-"):
            path.unlink()
    for data in few:
        (kept / sha256(data).hexdigest()[:16]).write_bytes(data)
    return len(few)


def _escaped(word):
    return "".join(f"\\x{octet:02x}" for octet in word.encode())


def main():
    asked = sys.argv[1:]
    keeping = "--keep" in asked
    chosen = [TARGETS[name] for name in asked if name != "--keep"] or list(TARGETS.values())
    if keeping:
        for target in chosen:
            sys.stdout.write(f"{target.name}: {choose(target)} inputs\n")
        return 0
    if not GUIDED:
        sys.stdout.write("fuzz: atheris is not installed here, so nothing guides the inputs to new branches\n")
    seconds = max(1, int(os.environ.get("FUZZ_SECONDS") or 300) // len(chosen))
    broken = []
    with tempfile.TemporaryDirectory() as made:
        for target, runs, findings in fuzz(chosen, seconds, Path(made)):
            sys.stdout.write(f"{target.name}: {runs} inputs in {seconds} s, {len(findings)} findings\n")
            sys.stdout.flush()
            broken += findings
    sys.stdout.write("".join(f"fuzz: look at {each}\n" for each in broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
