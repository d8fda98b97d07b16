"""`make fuzz`: every target in turn, for FUZZ_SECONDS in all (300). Red if one broke a promise.

python -m tests.fuzz [NAME…]          go on fuzzing; new inputs are kept in .fuzz, findings in the tree's corpus
python -m tests.fuzz --keep [NAME…]   put the inputs of .fuzz that reach most into the tree's corpus
"""

from __future__ import annotations

import importlib.util
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


def fuzz(target, seconds):
    """Fuzz one target; returns the number of runs and the findings, which are now in the corpus."""
    work, kept = WORK / target.name, CORPUS / target.name
    work.mkdir(parents=True, exist_ok=True)
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        found, seeds = Path(made) / "found", Path(made) / "seeds"
        found.mkdir()
        seeds.mkdir()
        for seed in target.seeds():
            (seeds / sha256(seed).hexdigest()).write_bytes(seed)
        if GUIDED:
            words = Path(made) / "words"
            words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
            done = _guided(
                target, f"-max_total_time={seconds}", f"-timeout={HANGS}", "-rss_limit_mb=2048", f"-max_len={LONGEST}",
                f"-artifact_prefix={found}/", "-print_final_stats=1", f"-dict={words}", work, kept, seeds,
            )  # fmt: skip
        else:
            done = _run("tests.fuzz.blind", target.name, str(seconds), str(found))
        findings = [keep(target, path) for path in sorted(found.iterdir())]
    runs = re.search(r"number_of_executed_units: *(\d+)", done.stdout + done.stderr)
    if done.returncode and not findings:
        findings.append(f"{target.name} ended with {done.returncode} and left no input")
    if findings:
        sys.stdout.write((done.stdout + done.stderr)[-4_000:])
    return int(runs[1]) if runs else 0, findings


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


def _guided(target, *arguments):
    return _run("tests.fuzz.guided", target.name, *map(str, arguments))


def _run(module, *arguments):
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)


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
    for target in chosen:
        runs, findings = fuzz(target, seconds)
        sys.stdout.write(f"{target.name}: {runs} inputs in {seconds} s, {len(findings)} findings\n")
        sys.stdout.flush()
        broken += findings
    sys.stdout.write("".join(f"fuzz: look at {each}\n" for each in broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
