"""One fuzz target in a process of its own: `python -m tests.fuzz.guided NAME ARGUMENTS…`, the arguments of libFuzzer.

atheris (libFuzzer for Python) sees which branches an input takes and goes on from the inputs that take new ones.
"""

from __future__ import annotations

import sys

import atheris


def main():
    with atheris.instrument_imports(include=["codesvc", "csv", "json", "tomllib", "urllib", "cattrs"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.hold)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
