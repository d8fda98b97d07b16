"""Without atheris: `python -m tests.fuzz.blind NAME SECONDS DIRECTORY` changes kept inputs at random.

Nothing guides it to new branches, so it finds less. It is for platforms that atheris has no wheel for.
"""

from __future__ import annotations

import random
import sys
import time
from hashlib import sha256
from pathlib import Path

from tests.fuzz.targets import TARGETS


def changed(data, others, words, chance):
    """An input with a few bytes removed, doubled, replaced, or taken from another one."""
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randint(0, len(data)), chance.randint(0, 16)
        other = chance.choice(others)
        begin = chance.randint(0, len(other))
        piece = chance.choice([
            b"",
            chance.randbytes(length),
            data[at : at + length] * 2,
            other[begin : begin + 4 * length],
            chance.choice(words).encode() if words else b"",
        ])  # fmt: skip
        data = data[:at] + piece + data[at + chance.randint(0, length) :]
    return data


def main():
    name, seconds, directory = sys.argv[1:]
    target, chance, until, runs = TARGETS[name], random.Random(), time.monotonic() + int(seconds), 0  # noqa: S311  no secret
    inputs = [path.read_bytes() for path in target.kept()] + list(target.seeds())
    while time.monotonic() < until:
        data = changed(chance.choice(inputs), inputs, target.words, chance)
        runs += 1
        try:
            target.hold(data)
        except BaseException:
            (Path(directory) / f"crash-{sha256(data).hexdigest()}").write_bytes(data)
            raise
    sys.stdout.write(f"stat::number_of_executed_units: {runs}\n")


if __name__ == "__main__":
    main()
