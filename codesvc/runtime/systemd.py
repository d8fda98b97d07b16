"""Notifications to systemd (`sd_notify(3)`). Without systemd they do nothing."""

import contextlib
import os
import socket
import time


def notify(*lines: str) -> None:
    """Notify the service manager, for example `READY=1`. It is not an error if there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify_socket,
    ):
        notify_socket.connect("\0" + address[1:] if address.startswith("@") else address)
        notify_socket.sendall("\n".join(lines).encode())


def notify_reloading() -> None:
    """Notify that a reload begins; the next `READY=1` ends it."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1_000}")
