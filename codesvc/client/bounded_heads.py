"""Connections of urllib3 on which the head of an answer has one deadline, interim answers included.

`http.client` reads any number of answers with status 100 before the final one, and each of their lines begins the
socket's timeout anew.
"""

import http.client
import socket
import time
from typing import Any, BinaryIO

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Lines:
    """The lines of a head, until a moment of `time.monotonic`."""

    def __init__(self, source: BinaryIO, until: float) -> None:
        self._source, self._until = source, until

    def readline(self, size: int = -1) -> bytes:
        if time.monotonic() > self._until:
            raise TimeoutError
        return self._source.readline(size)

    def close(self) -> None:
        self._source.close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *given: Any, **named: Any) -> None:
        super().__init__(sock, *given, **named)
        self._seconds = sock.gettimeout()

    def begin(self) -> None:
        source = self.fp
        if self._seconds is None:
            super().begin()
            return
        lines: Any = _Lines(source, time.monotonic() + self._seconds)
        self.fp = lines
        try:
            super().begin()
        finally:
            # An answer without a body has closed it by now.
            if self.fp is lines:
                self.fp = source


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}
"""For `PoolManager.pool_classes_by_scheme`."""
