"""A real nginx in front of the service, with the example of ops/nginx that removes a path."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EXAMPLE = Path(__file__).parents[1] / "ops" / "nginx" / "codesvc-path.conf"
_TLS = re.compile(r"^ *(ssl_|listen \[).*\n", re.MULTILINE)
_CLOSED = re.compile(r"^ *location ~ \^/auth/\(metrics.*?\}\n", re.MULTILINE | re.DOTALL)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def program() -> str:
    """Where nginx is, or a skip; where it must be there, a failure."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None and "nginx" in os.environ.get("CODESVC_REQUIRE_TOOLS", "").split():
        pytest.fail("nginx is not installed")
    return found or str(pytest.skip("NOT CHECKED: nginx is not installed"))


def configuration(directory: Path, *, port: int, upstream: int, prefix: str) -> str:
    """The example, without TLS, on loopback, for this path, and with the operator's pages open."""
    text = _CLOSED.sub("", _TLS.sub("", EXAMPLE.read_text(encoding="utf-8")))
    text = text.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}").replace(
        "127.0.0.1:8080", f"127.0.0.1:{upstream}"
    )
    text = text.replace("/var/log/nginx", str(directory)).replace("/auth", prefix)
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        text = f"{name}_temp_path {directory}/{name};\n{text}"
    return (
        f"daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{text}\n}}\n"
    )


@asynccontextmanager
async def nginx(port: int, upstream: int, prefix: str = "/auth") -> AsyncIterator[Path]:
    """nginx on `port`, which passes what comes below `prefix` to `upstream`; yields the directory of its logs."""
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        directory = Path(name)
        file = directory / "nginx.conf"
        file.write_text(configuration(directory, port=port, upstream=upstream, prefix=prefix), encoding="utf-8")
        silent = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(program(), "-p", name, "-c", str(file), stderr=silent)
        try:
            await _until_it_listens(process, port, directory)
            yield directory
        finally:
            process.terminate()
            await process.wait()


async def _until_it_listens(process: asyncio.subprocess.Process, port: int, directory: Path) -> None:
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert process.returncode is None, (directory / "error.log").read_text(encoding="utf-8")
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
    raise AssertionError("nginx does not listen")
