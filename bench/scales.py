"""Weighs requests by the CPU of the service and its store, in ordinary refusals of the same run."""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench import dear_requests as dear
from bench.processes import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.service import Running

_FEW = 3
_RECENT = 50


@dataclass(frozen=True)
class Cost:
    """One request's price.

    Attributes:
        dear: the request.
        us: CPU of service and store, microseconds.
        refusals: the same in ordinary refusals.
        status: of the answer.
    """

    dear: dear.Dear
    us: float
    refusals: float
    status: int


def _fields(head: bytes) -> dict[bytes, bytes]:
    lines = (line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    return {name.lower(): value for name, value in lines}


class Line:
    """A kept-alive connection; opened again whenever the service has closed it."""

    def __init__(self, port: int) -> None:
        self._port, self._rest, self._cookie = port, b"", ""
        self._socket: socket.socket | None = None

    def visit(self, path: str) -> tuple[int, bytes, str]:
        """A page as a browser sees it: status, body, and the cookie that it sets."""
        status, body = self.ask(dear.request("GET", path, Accept="text/html"))
        return status, body, self._cookie

    def ask(self, raw: bytes) -> tuple[int, bytes]:
        """Send a request, read the answer: status and body."""
        for _ in range(2):
            if self._socket is None:
                self._socket, self._rest = socket.create_connection(("127.0.0.1", self._port), 10), b""
            with contextlib.suppress(ConnectionError):
                # The service may answer, and close, before it has read all.
                with contextlib.suppress(ConnectionError):
                    self._socket.sendall(raw)
                return self._answer()
            self.close()
        raise SystemExit(f"no answer to {raw[:80]!r}")

    def _answer(self) -> tuple[int, bytes]:
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        fields = _fields(head)
        self._cookie = fields.get(b"set-cookie", b"").partition(b";")[0].decode()
        length = int(fields.get(b"content-length", b"0"))
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        if fields.get(b"connection") == b"close":
            self.close()
        return int(head[9:12]), body

    def _more(self) -> None:
        chunk = self._socket.recv(262_144)
        if not chunk:
            raise ConnectionResetError
        self._rest += chunk

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None


class Scales:
    """Weighs requests by the CPU of the service and its store."""

    def __init__(self, here: Running, store_pid: int) -> None:
        self._port, self._line, self._pids = here.port, Line(here.port), (here.pid, store_pid)
        self._units: deque[float] = deque(maxlen=_RECENT)

    def _weigh(self, raws: list[bytes]) -> tuple[float, int]:
        before, status = sum(map(cpu_seconds, self._pids)), 0
        for raw in raws:
            status, _ = self._line.ask(raw)
        return (sum(map(cpu_seconds, self._pids)) - before) / len(raws) * 1e6, status

    def most(self, one: dear.Dear) -> Cost:
        """What a request costs at most, by a few of it.

        Beside it stands the cheapest of the last refusals: what disturbs either says too much then, never too little.
        """
        found = self.cost(one, times=_FEW, rounds=1)
        self._units.append(found.us / found.refusals)
        return replace(found, refusals=found.us / min(self._units))

    def cost(self, one: dear.Dear, *, times: int, rounds: int) -> Cost:
        """A request's price: the least of the rounds, because what disturbs one makes it dearer, never cheaper."""
        with _watching(self._port, one.streams):
            pairs = [
                (self._weigh(requests), self._weigh([dear.ordinary_refusal()] * times))
                for requests in self._rounds(one, times, rounds)
            ]
        us, unit = min(mine for (mine, _), _ in pairs), min(unit for _, (unit, _) in pairs)
        return Cost(one, us, us / unit, pairs[-1][0][1])

    def _rounds(self, one: dear.Dear, times: int, rounds: int) -> list[list[bytes]]:
        if one.others:
            each = [one.raw, *one.others]
            return [each[number :: 2 * rounds] for number in range(2 * rounds)]
        if one.streams:
            return [[one.raw]] * rounds
        self._line.ask(one.raw)  # what is made once, at the first request, is made now
        return [[one.raw] * times] * rounds


@contextlib.contextmanager
def _watching(port: int, stream: str) -> Iterator[None]:
    """As many open streams of this address as the service allows, and a few that it refuses."""
    with contextlib.ExitStack() as stack:
        for _ in range(40 if stream else 0):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            connection.sendall(dear.request("GET", stream))
            connection.recv(65_536)
        yield
