"""Which steps of codesvc an input takes, to choose the inputs that are worth keeping."""

from __future__ import annotations

import contextlib
import sys

from tests.fuzz.bounds import LINES_OF


def reached(target, data):
    """Pairs of lines that follow each other while a target reads an input."""
    pairs, before = set(), {}

    def call(frame, _event, _argument):
        if not frame.f_code.co_filename.startswith(LINES_OF):
            return None
        before[frame] = 0
        return line

    def line(frame, event, _argument):
        if event == "line":
            pairs.add((frame.f_code, before[frame], frame.f_lineno))
            before[frame] = frame.f_lineno
        return line

    target.prepare(data)
    known = sys.gettrace()
    sys.settrace(call)
    try:
        with contextlib.suppress(*target.declared):
            target.read(data)
    finally:
        sys.settrace(known)
    return pairs


def chosen(target, inputs):
    """As few of these inputs as reach everything that all of them reach, short ones first."""
    few, seen = [], set()
    for data in sorted(set(inputs), key=lambda each: (len(each), each)):
        pairs = reached(target, data)
        if not pairs <= seen:
            seen |= pairs
            few.append(data)
    return few
