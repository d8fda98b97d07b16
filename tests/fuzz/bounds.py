"""What every fuzz target is held to: a bound in steps, and no act outside of its own directory."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import codesvc

LINES_OF = f"{Path(codesvc.__file__).parent}{os.sep}"
"""Of these files each line is a step; of all others each call is one."""
_ACTS = frozenset({
    "os.chmod", "os.chown", "os.exec", "os.fork", "os.forkpty", "os.kill", "os.killpg", "os.link", "os.mkdir",
    "os.posix_spawn", "os.putenv", "os.remove", "os.rename", "os.rmdir", "os.setxattr", "os.startfile", "os.symlink",
    "os.system", "os.truncate", "os.unsetenv", "os.utime", "pty.spawn", "shutil.rmtree", "socket.bind",
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "subprocess.Popen",
})  # fmt: skip
"""Audit events (PEP 578) of what no target may do anywhere."""
# A module that is imported at its first use would be compiled into a file, which is no act of a target.
sys.dont_write_bytecode = True
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class TooManySteps(BaseException):
    """A target does not end, or takes far longer than its input is long."""


class ActedOutside(BaseException):
    """A target wrote a file, opened a connection or started a process."""


class _Watch(threading.local):
    on = False
    seen = ""


_watch = _Watch()


def _audit(event, arguments):
    if not _watch.on:
        return
    if event in _ACTS or (event == "open" and (arguments[2] or 0) & _WRITES):
        # What raises here could be caught by the code that is watched, so it is kept as well.
        _watch.seen = _watch.seen or f"{event} {arguments[:2]!r}"
        raise ActedOutside(_watch.seen)


sys.addaudithook(_audit)


@contextmanager
def watched():
    """Refuse every act outside.

    Raises:
        ActedOutside: there was one, whether or not the target let the refusal through.
    """
    _watch.on, _watch.seen = True, ""
    try:
        yield
    finally:
        _watch.on = False
    if _watch.seen:
        raise ActedOutside(_watch.seen)


class Steps:
    """Counts steps until `most`; the count does not depend on the machine."""

    def __init__(self, most):
        self.most = most
        self.taken = 0

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)

    def _step(self):
        self.taken += 1
        if self.taken > self.most:
            raise TooManySteps(f"more than {self.most:,} steps")

    def _call(self, frame, _event, _argument):
        self._step()
        return self._line if frame.f_code.co_filename.startswith(LINES_OF) else None

    def _line(self, _frame, event, _argument):
        if event == "line":
            self._step()
        return self._line
