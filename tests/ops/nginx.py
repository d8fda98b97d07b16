"""A real nginx with the example of ops/nginx, on ports of its own and in front of whatever listens on `upstream`."""

import contextlib
import re
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.programs import program_path

EXAMPLE = Path(__file__).parents[2] / "ops" / "nginx"
TEMPORARY = "\n".join(
    f"{kind}_temp_path {{0}}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)


@dataclass
class Nginx:
    """Where it listens, whom it may be trusted by, and where it writes."""

    directory: Path
    plain: int
    secure: int
    trust: ssl.SSLContext

    def logs(self):
        """All that it has written."""
        return "\n".join(path.read_text() for path in sorted(self.directory.glob("*.log")))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def installed(directory, upstream, plain, secure, *, least=""):
    """Put the example's files into a directory, as an operator would. Returns the certificate's authority.

    Args:
        least: a configuration in place of both files.
    """
    authority = trustme.CA()
    issued = authority.issue_cert("code.example.com", "127.0.0.1")
    issued.private_key_pem.write_to_path(directory / "key.pem")
    issued.cert_chain_pems[0].write_to_path(directory / "fullchain.pem")
    for name in ("codesvc.conf",) if least else ("codesvc-limits.conf", "codesvc.conf"):
        text = least or (EXAMPLE / name).read_text()
        text = text.replace("/etc/letsencrypt/live/code.example.com/privkey.pem", str(directory / "key.pem"))
        for place in ("/etc/letsencrypt/live/code.example.com", "/etc/ssl/codesvc", "/var/log/nginx"):
            text = text.replace(place, str(directory))
        text = text.replace("127.0.0.1:288", f"127.0.0.1:{upstream}")
        text = re.sub(r" *listen \[::\]:\d+[^;]*;\n", "", text)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{plain};")
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{secure} ")
        (directory / name).write_text(text)
    (directory / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {directory}/pid; error_log {directory}/main.log;\n"
        "events { worker_connections 2048; }\n"
        # Debian's nginx.conf has these two lines.
        f"http {{ access_log {directory}/access.log; error_log {directory}/error.log;\n"
        f"{TEMPORARY.format(directory)}\ninclude {directory}/codesvc*.conf; }}\n"
    )
    return authority


@contextlib.contextmanager
def nginx(directory, upstream, *, least="", ready=0):
    """Run it while the context is open; `ready` is the port that it opens with a configuration of one's own."""
    command = [program_path("nginx", "nginx-light"), "-p", directory, "-c", directory / "nginx.conf"]
    plain, secure = free_port(), free_port()
    trust = ssl.create_default_context()
    installed(directory, upstream, plain, secure, least=least).configure_trust(trust)
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        for _ in range(1_000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ready or secure), 1):
                break
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.005)
        yield Nginx(directory, plain, secure, trust)
    finally:
        process.terminate()
        process.communicate(timeout=20)
