"""`codesvc reload`: checks the configuration and templates on the disk, then asks the service to reload.

The service reloads the file that it was started with. Another file would be examined in vain, and SIGHUP ends a process
that is not a service; both are refused, as far as the system tells about processes (`proc_pid_cmdline(5)`, Linux).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codesvc.cli.binding_check import refuse_elsewhere
from codesvc.cli.serve.revision import Revision, UnusableConfiguration
from codesvc.doctor.store_probe import running_embedded
from codesvc.runtime import http_server
from codesvc.service.misplaced_bindings import BindingsElsewhere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesvc.config import Settings

_HIGHEST_PID: Final = 2**31 - 1  # pid_t


def run(path: Path, pid: int, env: Mapping[str, str]) -> int:
    """Send SIGHUP if configuration and templates are valid and the service's own.

    The service logs the result as `reload_done` or `reload_refused`.

    Returns:
        0; 1 if no service runs; 2 if the configuration is invalid or not the one of that service.
    """
    if not 0 < pid <= _HIGHEST_PID:
        sys.stderr.write(f"codesvc reload: there is no process {pid}; nothing was reloaded\n")
        return 2
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError) as error:
        sys.stderr.write(f"codesvc reload: process {pid}: {error.strerror}\n")
        return 1
    refusal = _why_not(path, pid)
    if refusal:
        sys.stderr.write(f"codesvc reload: {refusal}; nothing was reloaded\n")
        return 2
    try:
        revision = Revision.read(path, env)
    except UnusableConfiguration as error:
        sys.stderr.write(f"{error}\ncodesvc reload: nothing was reloaded; the service runs as before\n")
        return 2
    try:
        http_server.run(_look_at_bindings(revision.settings))
    except BindingsElsewhere as error:
        sys.stderr.write(f"codesvc reload: {error}\nnothing was reloaded; the service runs as before\n")
        return 2
    for notice in revision.settings.notices:
        sys.stderr.write(f"note: {notice}\n")
    try:
        os.kill(pid, signal.SIGHUP)
    except (ProcessLookupError, PermissionError) as error:
        sys.stderr.write(f"codesvc reload: process {pid}: {error.strerror}\n")
        return 1
    return 0


async def _look_at_bindings(settings: Settings) -> None:
    url = settings.store.url.reveal() if settings.store.url is not None else await running_embedded(settings.store)
    if url is not None:
        await refuse_elsewhere(settings, url)


def _why_not(path: Path, pid: int) -> str:
    """Why that process must not reload by this file; "" if it may, or if the system does not tell."""
    try:
        words = _words(pid)
    except OSError:
        return ""
    own = _configuration(words)
    if "serve" not in words or own is None:
        return (
            f"process {pid} is not `codesvc serve`, and SIGHUP might end it; give the process that was started as --pid"
        )
    if not _is_same(path, own, Path(f"/proc/{pid}")):
        return (
            f"process {pid} was started with --config {own}, and would reload that file, not {path}; give its own file"
        )
    return ""


def _words(pid: int) -> list[str]:
    octets = Path(f"/proc/{pid}/cmdline").read_bytes()
    return [os.fsdecode(word) for word in octets.rstrip(b"\0").split(b"\0")]


def _configuration(words: Sequence[str]) -> str | None:
    """The value of `--config`, also as `--config=FILE` and shortened as argparse allows; the last one counts."""
    found = None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        option, equals, value = word.partition("=")
        if option.startswith("--c") and "--config".startswith(option):
            found = value if equals else following
    return found


def _is_same(path: Path, own: str, process: Path) -> bool:
    """Whether both name one file. The process may have another working directory, and in a container another root."""
    absolute = Path(own).is_absolute()
    seen = process / "root" / own.lstrip("/") if absolute else process / "cwd" / own
    try:
        return path.samefile(seen)
    except OSError:
        # A process that hides its memory hides its directories too; names are then all there is to compare.
        real = path.resolve()
        return real == Path(own).resolve() if absolute else real.parts[-len(Path(own).parts) :] == Path(own).parts
