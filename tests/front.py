"""A real nginx in front of the service, with the example of ops/nginx that removes a path."""

from __future__ import annotations

import asyncio
import re
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ops.nginx import EXAMPLE, TEMPORARY
from tests.programs import program_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_TLS = re.compile(r"^ *(ssl_|listen \[).*\n", re.MULTILINE)
_CLOSED = re.compile(r"^ *location ~ \^/auth/\(metrics.*?\}\n", re.MULTILINE | re.DOTALL)


def configuration(directory: Path, *, port: int, upstream: int, prefix: str) -> str:
    """The example, without TLS, on loopback, for this path, and with the operator's pages open."""
    limits, server = ((EXAMPLE / name).read_text() for name in ("codesvc-limits.conf", "codesvc-path.conf"))
    # The tests behind it are one address, and in more of a hurry than a visitor.
    text = limits.replace("rate=20r/s", "rate=9999r/s") + _CLOSED.sub("", _TLS.sub("", server))
    text = text.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}").replace(
        "127.0.0.1:288", f"127.0.0.1:{upstream}"
    )
    text = text.replace("/var/log/nginx", str(directory)).replace("/auth", prefix)
    return (
        f"daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{TEMPORARY.format(directory)}\n{text}\n}}\n"
    )


@asynccontextmanager
async def nginx(port: int, upstream: int, prefix: str = "/auth") -> AsyncIterator[Path]:
    """nginx on `port`, which passes what comes below `prefix` to `upstream`; yields the directory of its logs."""
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        directory = Path(name)
        file = directory / "nginx.conf"
        file.write_text(configuration(directory, port=port, upstream=upstream, prefix=prefix), encoding="utf-8")
        silent = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            program_path("nginx", "nginx-light"), "-p", name, "-c", str(file), stderr=silent
        )
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
