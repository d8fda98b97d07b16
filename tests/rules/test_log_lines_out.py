"""Log lines leave whole, in order, soon; and a log that nobody reads costs nobody anything."""

import json
import subprocess
import sys
import threading
from errno import ENOSPC

from codesvc.runtime.log_writer import MOST_WAITING, LogLines


class Sink:
    def __init__(self):
        self.written = b""
        self.went = threading.Event()

    def write(self, data):
        self.written += data

    def flush(self):
        self.went.set()


class Nobody(Sink):
    def write(self, _):
        raise BrokenPipeError


def test_a_line_leaves_by_itself():
    sink = Sink()
    LogLines(sink).info(b"one")
    assert sink.went.wait(20)
    assert sink.written == b"one\n"


def test_an_error_takes_all_before_it_along_at_once():
    sink = Sink()
    lines = LogLines(sink)
    lines.info(b"one")
    lines.error(b"two")
    assert sink.written == b"one\ntwo\n"


def test_what_is_too_much_is_counted():
    sink = Sink()
    lines = LogLines(sink)
    with lines._writing:  # nobody reads
        for number in range(MOST_WAITING + 5):
            lines.info(b"%d" % number)
    lines.flush()
    *_, last, told = sink.written.splitlines()
    assert last == b"%d" % (MOST_WAITING - 1)
    assert json.loads(told)["event"] == "log_lines_dropped"
    assert json.loads(told)["lines"] == 5


def test_a_reader_that_has_gone_harms_nobody():
    lines = LogLines(Nobody())
    lines.error(b"one")
    lines.flush()


class Disk(Sink):
    """A disk that is full until it is cleaned."""

    full = True

    def write(self, data):
        if self.full:
            raise OSError(ENOSPC, "No space left on device")
        super().write(data)


def test_lines_that_a_full_disk_refused_are_counted_when_there_is_room():
    disk = Disk()
    lines = LogLines(disk)
    for number in range(3):
        lines.error(b"%d" % number)
    assert lines.failing
    disk.full = False
    lines.error(b"last")
    assert not lines.failing
    last, told = disk.written.splitlines()
    assert last == b"last"
    assert json.loads(told)["lines"] == 3


def test_threads_lose_nothing():
    sink = Sink()
    lines = LogLines(sink)
    writers = [
        threading.Thread(target=lambda n=n: [lines.info(b"%d" % (n * 1000 + i)) for i in range(1000)]) for n in range(4)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        lines.flush()
    lines.flush()
    assert sorted(map(int, sink.written.split())) == list(range(4000))


STORY = """
import structlog
from codesvc.runtime import logging as logs
logs.configure(human=False)
logs.REQUEST_ID.set("id-of-it-0")
structlog.get_logger().info("before", code="123456")
logs.log_request(method="GET", route="/healthz", status=200, site="shop", seconds=0.00123456)
logs.log_attempt(
    verification="vf_abcdef", site="shop", account="main", channel="template", ending="later", reason="unreachable"
)
"""


def test_the_lines_that_are_written_most_read_as_every_other():
    run = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, check=True, timeout=60)
    before, request, attempt = map(json.loads, run.stderr.splitlines())
    assert before == {
        "event": "before", "code": "…", "level": "info", "request_id": "id-of-it-0", "timestamp": before["timestamp"]
    }  # fmt: skip
    assert request == {
        "event": "request", "level": "info", "method": "GET", "route": "/healthz", "status": 200, "site": "shop",
        "ms": 1.23, "request_id": "id-of-it-0", "timestamp": request["timestamp"],
    }  # fmt: skip
    assert attempt == {
        "event": "delivery_attempt", "level": "info", "verification": "vf_abcdef", "site": "shop", "account": "main",
        "channel": "template", "ending": "later", "reason": "unreachable", "request_id": "id-of-it-0",
        "timestamp": attempt["timestamp"],
    }  # fmt: skip
    assert before["timestamp"][:11] == request["timestamp"][:11]
