"""The audit file on a disk that is full in the middle of a line. A limit on a child's files stands for the disk."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from codesvc.domain.audit import Line
from codesvc.service.audit_file import append, written

CHILD = """
import pathlib, resource, signal, sys
from codesvc.service.audit_file import append
from tests.service.test_audit_file import line
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    append(pathlib.Path(sys.argv[1]), [line(number) for number in range(int(sys.argv[3]))])
except OSError as error:
    print(error.errno)
"""


def line(number):
    return Line(id=f"00-x-{number}-0", at="1796028441970", actor="key:full", act="binding.removed", site="club")


def appended(path, *, most, count):
    """What a process says that may write files of `most` bytes only: "" or the number of its error."""
    command = [sys.executable, "-c", CHILD, str(path), str(most), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    return done.stdout.strip()


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("missing", [1, 20])
def test_a_line_that_was_written_in_part_is_an_error_and_is_taken_back(tmp_path, count, missing):
    path = tmp_path / "audit.jsonl"
    append(path, [line(9)])
    before = path.read_bytes()
    most = len(before) + sum(len(written(line(number))) for number in range(count)) - missing
    assert appended(path, most=most, count=count) != ""
    assert path.read_bytes() == before
    assert appended(path, most=resource.RLIM_INFINITY, count=count) == ""
    assert [json.loads(each)["id"] for each in path.read_text().splitlines()][1:] == [
        line(number).id for number in range(count)
    ]


def test_a_line_without_its_end_does_not_swallow_the_next(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(written(line(1)) + written(line(2))[:30])
    append(path, [line(3)])
    whole, torn, last, rest = path.read_bytes().split(b"\n")
    assert (json.loads(whole)["id"], json.loads(last)["id"], rest) == (line(1).id, line(3).id, b"")
    assert torn == written(line(2))[:30]
    append(path, [line(4)])
    assert json.loads(path.read_bytes().splitlines()[-1])["id"] == line(4).id
