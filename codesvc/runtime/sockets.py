"""Listening sockets that stay open while workers are replaced.

The permanent process opens them once. Each worker or application gets a copy, and closing a copy does not close the
socket. Meanwhile connections wait in the kernel's queue, so that a reload refuses none.

With several workers, each has its own queue, and the kernel distributes connections evenly (SO_REUSEPORT). With one
queue for all, the first worker to wake would accept a whole burst, and keep-alive connections of a proxy would stay
with it for hours.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codesvc.domain.listener import Listener

_QUEUE: Final = 1024
_OTHER_LISTENER: Final = "set another admin.listen: browsers look for names below localhost at 127.0.0.1 and at ::1"
_FIRST_HANDED: Final = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""


class Queue:
    """The sockets from which one worker accepts: one for each address of the host.

    Args:
        shared: whether other queues of this process listen on the same port.
        handed: sockets that are already open; they stay open.
        besides: further open sockets that every queue has; they stay open.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        shared: bool = False,
        handed: Sequence[socket.socket] = (),
        besides: Sequence[socket.socket] = (),
    ) -> None:
        self._address = (host, port)
        self._shared = shared
        self._handed = tuple(handed)
        self._besides = tuple(besides)
        self._opened: list[socket.socket] = []

    def sockets(self) -> Sequence[socket.socket]:
        """The sockets; opens them if necessary.

        Raises:
            OSError: the address does not exist, or the port is in use.
        """
        if not self._handed and not self._opened:
            self._opened = _opened(*self._address, shared=self._shared)
        return [*(self._handed or self._opened), *self._besides]

    def close(self) -> None:
        """Close the sockets, so that the kernel uses other queues. Connections waiting in this queue are lost."""
        while self._opened:
            self._opened.pop().close()


@contextlib.contextmanager
def queues(host: str, port: int, count: int, operators: Listener | None = None) -> Iterator[list[Queue]]:
    """Open `count` queues, with the sockets that systemd passed (`sd_listen_fds(3)`), or with new ones.

    Every queue also has the sockets of `operators`, if there is such a listener.

    Raises:
        OSError: the address does not exist, or the port is in use, also by another service that shares it; or systemd
            passed a unix socket for visitors. Its connections have no address, so no limit by address would hold.
    """
    passed = _handed()
    handed = [each for each in passed if operators is None or not operators.is_name(each.getsockname())]
    for each in handed:
        if each.family == socket.AF_UNIX:
            raise OSError(
                f"systemd passed the unix socket {each.getsockname()}, whose visitors have no address and so no limits."
                " Write ListenStream=127.0.0.1:PORT into the socket unit, as ops/systemd/codesvc.socket does"
            )
    if not handed:
        # Without SO_REUSEPORT, which the queues may set, this fails if another service listens there with it.
        for probe in _opened(host, port, shared=False):
            probe.close()
    with contextlib.ExitStack() as stack:
        besides = [each for each in passed if each not in handed]
        if operators is not None:
            besides += stack.enter_context(operators_sockets(operators, besides))
        made = [Queue(host, port, shared=count > 1, handed=handed, besides=besides) for _ in range(count)]
        try:
            for queue in made:
                queue.sockets()
            yield made
        finally:
            for queue in made:
                queue.close()


@contextlib.contextmanager
def operators_sockets(listener: Listener, handed: Sequence[socket.socket] = ()) -> Iterator[list[socket.socket]]:
    """Open the operators' listener, one queue for all workers.

    Args:
        listener: the addresses of it that exist on this machine are all opened, or none.
        handed: its sockets that are already open; they are not among the result.

    Raises:
        OSError: it cannot be opened; says what to do.
    """
    if not listener.path:
        with contextlib.ExitStack() as stack:
            held = {each.getsockname()[0] for each in handed}
            yield [
                stack.enter_context(made)
                for host in listener.hosts
                if host not in held and (host == listener.host or _exists(host))
                for made in _opened(host, listener.port, shared=False, remedy=_OTHER_LISTENER)
            ]
        return
    if handed:
        yield []
        return
    with socket.socket(socket.AF_UNIX) as made:
        try:
            _clear(listener.path)
            made.bind(listener.path)
            # Members of the file's group may connect too, for example Prometheus.
            Path(listener.path).chmod(0o660)
            made.listen(_QUEUE)
        except OSError as error:
            why = error.strerror or str(error)
            raise OSError(f"cannot listen on {listener.path}: {why}; set another admin.listen") from None
        try:
            yield [made]
        finally:
            with contextlib.suppress(OSError):
                Path(listener.path).unlink()


def _exists(host: str) -> bool:
    """Whether this machine has an address; without IPv6 it has no ::1."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
    except OSError as error:
        return error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
    return True


def _clear(path: str) -> None:
    """Remove the unix socket that an earlier process left behind.

    Raises:
        OSError: another process listens there, or something else has this name.
    """
    try:
        mode = Path(path).lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "a file with this name exists and is not a socket")
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(path) == 0:
            raise OSError(errno.EADDRINUSE, "another process listens there")
    Path(path).unlink()


def by_number(numbers: Sequence[int]) -> list[socket.socket]:
    """Inherited sockets, by their file descriptors."""
    return [socket.socket(fileno=number) for number in numbers]


def _handed() -> list[socket.socket]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return by_number(range(_FIRST_HANDED, _FIRST_HANDED + count))


def _opened(host: str, port: int, *, shared: bool, remedy: str = "set another service.port") -> list[socket.socket]:
    opened: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            made = socket.socket(family, kind, protocol)
            opened.append(made)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind(address)
            made.listen(_QUEUE)
    except OSError as error:
        for made in opened:
            made.close()
        raise not_listening(host, port, error, remedy=remedy) from None
    return opened


def not_listening(host: str, port: int, error: OSError, *, remedy: str) -> OSError:
    """The error of a port that cannot be opened, in words: which port, why, and what to do.

    Args:
        host: host that was to be listened on.
        port: port that was to be listened on.
        error: the error of the system.
        remedy: how another port is chosen.
    """
    advice = {
        errno.EADDRINUSE: f"another codesvc or server of yours may hold it: `ss -ltnp 'sport = :{port}'` names the "
        f"process; end that, or {remedy}",
        errno.EACCES: f"only root opens ports below 1024: let systemd's socket unit do it, or {remedy}",
        errno.EADDRNOTAVAIL: "this machine has no such address; `ip address` shows those that it has",
    }.get(error.errno or 0, remedy)
    # Without its errno, which Python would print in front.
    why = os.strerror(error.errno) if error.errno and error.errno in errno.errorcode else str(error)
    return OSError(f"cannot listen on {host}, port {port}: {why}; {advice}")


def require_free(host: str, ports: Sequence[int], *, remedy: str) -> None:
    """Raise the error of `not_listening` for the first port that cannot be opened now."""
    for port in ports:
        for probe in _opened(host, port, shared=False, remedy=remedy):
            probe.close()
